"""Functions of the runtimes nodejs20.x to nodejs24.x, by the machine's node: with a small client of the Runtime API
under the name and path of aws-lambda-ric in the package, and with that one itself where it is installed."""

import io
import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from archives import zipped
from local_lambda import ROLE, client_of, refused, served

CLIENT = """
import { createRequire } from "node:module";
const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/`;
const [file, name] = process.argv[2].split(".");
const handler = createRequire(process.cwd() + "/")("./" + file)[name];
for (;;) {
  const next = await fetch(api + "next");
  const id = next.headers.get("lambda-runtime-aws-request-id");
  const answer = await handler(await next.json());
  await fetch(api + id + "/response", { method: "POST", body: JSON.stringify(answer) });
}
"""
CLIENT_FILE = "node_modules/aws-lambda-ric/bin/index.mjs"
HANDLER = """
exports.handler = async (event) => ({
  event,
  mark: process.env.MARK,
  environment: process.env.AWS_EXECUTION_ENV,
  ours: Object.keys(process.env).filter((name) => name.startsWith("LAMBDAPOOL")),
  globals: typeof globalThis.fs,
  paths: process.env.NODE_PATH,
});
exports.other = async () => "other";
exports.streamed = globalThis.awslambda && awslambda.streamifyResponse(async (event, stream) => {
  stream.setContentType("text/plain");
  stream.write("one,");
  stream.write("two");
  stream.end();
});
"""
WRAPPER = "#!/bin/sh\nexport MARK=wrapped _HANDLER=index.${MARK_HANDLER:-handler}\nexec \"$@\"\n"
NODE = shutil.which("node")
VERSION = NODE and subprocess.run([NODE, "--version"], capture_output=True, text=True).stdout[1:].split(".")[0]
runs_node = pytest.mark.skipif(VERSION not in ("20", "22", "24"), reason="no node of version 20, 22 or 24 on PATH")


def package(**more):
    return zipped({"index.js": HANDLER, "wrapper": WRAPPER, **more})


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("home")) as endpoint:
        yield client_of(endpoint)


@pytest.fixture
def call(client, request):
    def call(code, **more):
        name = request.node.originalname[:60]
        arguments = {"Runtime": f"nodejs{VERSION}.x", "Role": ROLE, "Handler": "index.handler", "Timeout": 30, **more}
        client.create_function(FunctionName=name, Code={"ZipFile": code}, **arguments)
        client.get_waiter("function_active_v2").wait(FunctionName=name)
        request.addfinalizer(lambda: client.delete_function(FunctionName=name))
        answer = client.invoke(FunctionName=name, Payload=b'{"a": 1}')
        return json.loads(answer["Payload"].read())

    return call


@runs_node
def test_the_package_may_bring_the_runtime_client(call):
    answer = call(package(**{CLIENT_FILE: CLIENT}))
    assert answer["event"] == {"a": 1}
    assert answer["environment"] == f"AWS_Lambda_nodejs{VERSION}.x"
    assert (answer["ours"], answer["globals"]) == ([], "undefined")
    assert answer["paths"].split(":")[0].endswith(f"/nodejs/node{VERSION}/node_modules")


@runs_node
def test_a_layer_may_bring_it(client, call):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("nodejs/" + CLIENT_FILE, CLIENT)
    layer = client.publish_layer_version(LayerName="ric", Content={"ZipFile": buffer.getvalue()})
    assert call(package(), Layers=[layer["LayerVersionArn"]])["event"] == {"a": 1}


@runs_node
def test_a_wrapper_is_given_the_command_and_may_change_the_handler(call):
    variables = {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrapper"}
    code = package(**{CLIENT_FILE: CLIENT})
    assert call(code, Environment={"Variables": variables})["mark"] == "wrapped"


@runs_node
def test_a_wrapper_may_change_the_handler(call):
    variables = {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrapper", "MARK_HANDLER": "other"}
    assert call(package(**{CLIENT_FILE: CLIENT}), Environment={"Variables": variables}) == "other"


@runs_node
def test_another_version_of_node_is_told_so(call):
    other = "24" if VERSION != "24" else "22"
    answer = call(package(**{CLIENT_FILE: CLIENT}), Runtime=f"nodejs{other}.x")
    assert answer["errorType"] == "Runtime.InvalidRuntime"
    assert f"nodejs{other}.x needs Node.js {other}, but " in answer["errorMessage"]


def test_without_node_the_error_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with served(tmp_path / "home") as endpoint:
        client = client_of(endpoint)
        client.create_function(FunctionName="f", Runtime="nodejs22.x", Role=ROLE, Handler="index.handler",
                               Code={"ZipFile": package()})  # fmt: skip
        client.get_waiter("function_active_v2").wait(FunctionName="f")
        answer = json.loads(client.invoke(FunctionName="f")["Payload"].read())
        assert answer["errorType"] == "Runtime.InvalidRuntime"
        assert "there is no node on the PATH of lambdapool" in answer["errorMessage"]
        (tmp_path / "node").write_text("#!/bin/sh\n")
        (tmp_path / "node").chmod(0o755)
        if not any((Path(prefix) / "lib" / CLIENT_FILE).exists() for prefix in ("/usr", "/usr/local")):
            answer = json.loads(client.invoke(FunctionName="f")["Payload"].read())
            assert "npm install -g aws-lambda-ric" in answer["errorMessage"]


def test_runtimes_of_other_languages_name_the_way(client):
    for runtime, library in [("ruby3.4", "aws_lambda_ric"), ("dotnet8", "Amazon.Lambda.RuntimeSupport")]:
        code, text, status = refused(client.create_function, FunctionName="f", Runtime=runtime, Role=ROLE,
                                     Handler="a", Code={"ZipFile": package()})  # fmt: skip
        assert (code, status) == ("InvalidParameterValueException", 400)
        assert f"has no {runtime}." in text and "provided.al2023" in text and library in text


@runs_node
def test_aws_lambda_ric_itself(client, call):
    if not any((place / "lib" / CLIENT_FILE).exists() for place in
               (Path(NODE).parent.parent, Path(NODE).resolve().parent.parent, Path("/usr/local"))):  # fmt: skip
        pytest.skip("aws-lambda-ric is not installed for this node")
    assert call(package())["event"] == {"a": 1}
    client.update_function_configuration(FunctionName="test_aws_lambda_ric_itself", Handler="index.streamed")
    client.get_waiter("function_updated_v2").wait(FunctionName="test_aws_lambda_ric_itself")
    events = client.invoke_with_response_stream(FunctionName="test_aws_lambda_ric_itself", Payload=b"1")["EventStream"]
    assert b"".join(each["PayloadChunk"]["Payload"] for each in events if "PayloadChunk" in each) == b"one,two"
