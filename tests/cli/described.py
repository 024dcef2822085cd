"""What a service keeps of a function, read as any other client reads it: {"memory": MB, "timeout": seconds, ...}."""

import json
import urllib.request


def on_lambda(serve, name):
    f = serve.client().get_function(FunctionName=name)
    kept = f["Configuration"]
    return {
        "memory": kept["MemorySize"],
        "timeout": kept["Timeout"],
        "description": kept["Description"],
        "environment": kept["Environment"]["Variables"],
        "tags": {key: value for key, value in f["Tags"].items() if key != "lambdapool"},
        "runtime": kept["Runtime"],
        "layers": [layer["Arn"] for layer in kept.get("Layers", [])],
        "role": kept["Role"],
        "code": kept["CodeSha256"],
        "revision": kept["RevisionId"],
        "storage": kept["EphemeralStorage"]["Size"],
        "concurrency": f.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
    }


def on_run(serve, name):
    url = f"{serve.endpoint}/v2/projects/local/locations/us-central1/services/{name}"
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": "Bearer any"}), timeout=60) as answer:
        kept = json.load(answer)
    [container] = kept["template"]["containers"]
    variables = {each["name"]: each["value"] for each in container["env"]}
    return {
        "memory": int(container["resources"]["limits"]["memory"].removesuffix("Mi")),
        "timeout": int(variables["LAMBDAPOOL_TIMEOUT"]),
        "description": kept.get("description", ""),
        "environment": variables,
        "tags": {key: value for key, value in kept["labels"].items() if key != "lambdapool"},
        "runtime": container["baseImageUri"],
        "layers": [],
        "role": kept["template"].get("serviceAccount"),
        "code": container["sourceCode"]["cloudStorageSource"],
        "revision": kept["latestReadyRevision"],
    }
