"""Every request to an API of Google, against the discovery documents that Google's own Python client carries.

The C++ side is the program lambdapool_google_requests_dump, found in $LAMBDAPOOL_BUILD/tests (default: build/tests).
"""

import json
import os
import re
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
DUMP = Path(os.environ.get("LAMBDAPOOL_BUILD", ROOT / "build")) / "tests" / "lambdapool_google_requests_dump"
pytest.importorskip("googleapiclient.discovery_cache", reason="google-api-python-client is not installed")


def document(api):
    import googleapiclient.discovery_cache

    folder = Path(googleapiclient.discovery_cache.__file__).parent / "documents"
    return json.loads((folder / (api + ".json")).read_text())


DOCUMENTS = {
    api: document(api) for api in ("run.v2", "storage.v1", "logging.v2", "serviceusage.v1", "cloudresourcemanager.v3")
}


def methods(resource):
    for method in resource.get("methods", {}).values():
        yield method["id"], method
    for below in resource.get("resources", {}).values():
        yield from methods(below)


METHODS = {api: dict(methods(discovery)) for api, discovery in DOCUMENTS.items()}


@pytest.fixture(scope="module")
def requests():
    lines = subprocess.run([str(DUMP)], capture_output=True, text=True, check=True).stdout.splitlines()
    return [json.loads(line) for line in lines]


def pattern_of(template):
    """A method's path, where {+name} takes slashes too and {name} none."""
    parts = re.split(r"(\{\+?\w+\})", template)
    return "".join(
        (r".+" if part.startswith("{+") else r"[^/]+") if part.startswith("{") else re.escape(part) for part in parts
    )


def paths_of(discovery, method):
    yield discovery["servicePath"] + method.get("flatPath", method["path"])
    yield discovery["servicePath"] + method["path"]
    for upload in method.get("mediaUpload", {}).get("protocols", {}).values():
        yield upload["path"].lstrip("/")


def complaints(value, schema, schemas, where):
    """What of a value the schema does not know, by the rules of JSON for protocol buffers."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"]]
    kind, form = schema.get("type"), schema.get("format")
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {schema['enum']}"
    if kind == "object" and "additionalProperties" in schema:
        for name, each in value.items():
            yield from complaints(each, schema["additionalProperties"], schemas, f"{where}.{name}")
    elif kind == "object":
        for name, each in value.items():
            if name in schema.get("properties", {}):
                yield from complaints(each, schema["properties"][name], schemas, f"{where}.{name}")
            else:
                yield f"{where}: there is no {name}"
    elif kind == "array":
        for index, each in enumerate(value):
            yield from complaints(each, schema["items"], schemas, f"{where}[{index}]")
    else:
        types = {"string": str, "integer": int, "boolean": bool, "number": (int, float)}
        if not isinstance(value, types[kind]) or (kind == "integer" and isinstance(value, bool)):
            yield f"{where}: {value!r} is no {kind} ({form})"


def test_every_request_is_one_of_the_documents(requests):
    assert len(requests) >= 16
    for request in requests:
        discovery = DOCUMENTS[request["api"]]
        method = METHODS[request["api"]][request["id"]]
        where = request["id"]
        url = urlsplit(request["target"])
        assert request["method"] == method["httpMethod"], where
        path = url.path.lstrip("/")
        assert any(re.fullmatch(pattern_of(known), path) for known in paths_of(discovery, method)), (where, path)
        query = set(parse_qs(url.query)) - {"uploadType"}
        assert query <= {n for n, p in method["parameters"].items() if p["location"] == "query"}, where
        required = {n for n, p in method["parameters"].items() if p.get("required") and p["location"] == "query"}
        assert required <= query, where
        if request["content_type"] == "application/json":
            schema = {"$ref": method["request"]["$ref"]}
            assert list(complaints(json.loads(request["body"]), schema, discovery["schemas"], where)) == []
        else:
            assert "request" not in method or method["supportsMediaUpload"], where


def test_the_rules_find_what_is_wrong():
    schemas = DOCUMENTS["run.v2"]["schemas"]
    wrong = {"labels": {"a": 1}, "scaling": {"maxInstanceCount": "7"}, "ingress": "NOWHERE", "colour": "red"}
    assert len(list(complaints(wrong, {"$ref": "GoogleCloudRunV2Service"}, schemas, "service"))) == 4


def test_every_builder_has_its_request_here():
    built = set()
    for header in (ROOT / "src" / "gcp").rglob("*.hpp"):
        built |= set(re.findall(r"^http::Request (\w+)\(", header.read_text(), re.M))
    dump = (ROOT / "src" / "gcp" / "requests_dump.cpp").read_text()
    assert built
    assert {name for name in built if name not in dump} == set()
