"""The local Lambda's control plane, asked by boto3: an AWS client that shares no code with it."""

import base64
import io
import json
import os
import subprocess
import urllib.request
import zipfile

import pytest

boto3 = pytest.importorskip("boto3")
from botocore.config import Config
from conftest import PROGRAM
from local_lambda import ROLE, RUNTIME, zipped

SOURCE = "def handler(event, context):\n    print('called')\n    return {'got': event, 'version': context.function_version}\n"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    if not PROGRAM.exists():
        pytest.skip(f"{PROGRAM} is not built")
    home = tmp_path_factory.mktemp("home")
    process = subprocess.Popen(
        [str(PROGRAM), "serve", "--port", "0"],
        env=dict(
            os.environ,
            LAMBDAPOOL_HOME=str(home),
            LAMBDAPOOL_SERVE_ACCESS_KEY_ID="AKIDLOCAL",
            LAMBDAPOOL_SERVE_SECRET_ACCESS_KEY="secret",
        ),
        stdout=subprocess.PIPE,
        text=True,
    )
    endpoint = process.stdout.readline().split(" at ")[1].split()[0]
    yield client_of(endpoint)
    process.terminate()
    assert process.wait(120) == 0


def client_of(endpoint, key="AKIDLOCAL", secret="secret"):
    return boto3.client(
        "lambda", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key=secret,
        config=Config(retries={"max_attempts": 0}, read_timeout=600),
    )


@pytest.fixture
def function(client, request):
    name = request.node.name[:64]
    client.create_function(
        FunctionName=name, Runtime=RUNTIME, Role=ROLE, Handler="main.handler", Code={"ZipFile": zipped(SOURCE)}
    )
    wait(client, "function_active_v2", name)
    yield name
    client.delete_function(FunctionName=name)


def wait(client, waiter, name):
    client.get_waiter(waiter).wait(FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 20})


def test_create_wait_invoke_update_delete(client, function):
    answer = client.invoke(FunctionName=function, Payload=json.dumps({"n": 1}), LogType="Tail")
    assert json.loads(answer["Payload"].read()) == {"got": {"n": 1}, "version": "$LATEST"}
    assert answer["ExecutedVersion"] == "$LATEST" and "FunctionError" not in answer
    assert "called" in base64.b64decode(answer["LogResult"]).decode()

    changed = client.update_function_code(FunctionName=function, ZipFile=zipped(SOURCE.replace("'got'", "'new'")))
    assert (changed["State"], changed["LastUpdateStatus"]) == ("Active", "InProgress")
    wait(client, "function_updated_v2", function)
    assert "new" in json.loads(client.invoke(FunctionName=function)["Payload"].read())

    client.update_function_configuration(
        FunctionName=function, MemorySize=256, Environment={"Variables": {"STAGE": "b"}}
    )
    wait(client, "function_updated", function)
    now = client.get_function_configuration(FunctionName=function)
    assert (now["MemorySize"], now["Environment"]) == (256, {"Variables": {"STAGE": "b"}})


def test_the_code_comes_back_from_its_location(client, function):
    got = client.get_function(FunctionName=function)
    with urllib.request.urlopen(got["Code"]["Location"]) as response:
        assert response.read() == zipped(SOURCE)


def test_an_arn_with_a_qualifier_reaches_the_function(client, function):
    arn = client.get_function(FunctionName=function)["Configuration"]["FunctionArn"]
    assert client.invoke(FunctionName=arn + ":$LATEST", Payload=b"1")["StatusCode"] == 200


def test_invocation_types(client, function):
    assert client.invoke(FunctionName=function, InvocationType="DryRun")["StatusCode"] == 204
    assert client.invoke(FunctionName=function, InvocationType="Event", Payload=b"1")["StatusCode"] == 202


def test_errors_arrive_as_their_own_exceptions(client, function):
    with pytest.raises(client.exceptions.ResourceNotFoundException) as missing:
        client.invoke(FunctionName="none")
    assert missing.value.response["Error"]["Message"].endswith("function:none:$LATEST")
    with pytest.raises(client.exceptions.ResourceConflictException):
        client.create_function(
            FunctionName=function, Runtime=RUNTIME, Role=ROLE, Handler="main.handler", Code={"ZipFile": zipped(SOURCE)}
        )
    with pytest.raises(client.exceptions.InvalidParameterValueException):
        client.create_function(
            FunctionName="x", Runtime="ruby3.4", Role=ROLE, Handler="a.b", Code={"ZipFile": zipped(SOURCE)}
        )
    with pytest.raises(client.exceptions.InvalidRequestContentException):
        client.invoke(FunctionName=function, Payload=b"no json")
    with pytest.raises(client.exceptions.PreconditionFailedException):
        client.update_function_configuration(FunctionName=function, Timeout=5, RevisionId="0" * 36)
    with pytest.raises(client.exceptions.ClientError) as large:
        client.invoke(FunctionName=function, Payload=b'"' + b"x" * 6_291_455 + b'"')
    assert large.value.response["Error"]["Code"] == "RequestEntityTooLargeException"


def test_throttling_names_its_reason(client, function):
    client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    with pytest.raises(client.exceptions.TooManyRequestsException) as throttled:
        client.invoke(FunctionName=function)
    assert throttled.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    client.delete_function_concurrency(FunctionName=function)
    assert client.invoke(FunctionName=function)["StatusCode"] == 200


@pytest.mark.parametrize(
    "key, secret, code",
    [("OTHER", "secret", "UnrecognizedClientException"), ("AKIDLOCAL", "wrong", "InvalidSignatureException")],
)
def test_other_keys_are_refused(client, key, secret, code):
    stranger = client_of(client.meta.endpoint_url, key, secret)
    with pytest.raises(stranger.exceptions.ClientError) as refused:
        stranger.list_functions()
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_pages_of_functions(client):
    names = [f"page-{i}" for i in range(7)]
    for name in names:
        client.create_function(
            FunctionName=name, Runtime=RUNTIME, Role=ROLE, Handler="main.handler", Code={"ZipFile": zipped(SOURCE)}
        )
    pages = list(client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 3}))
    listed = [f["FunctionName"] for page in pages for f in page["Functions"]]
    assert len(pages) >= 3 and set(names) <= set(listed) and len(set(listed)) == len(listed)
    for name in names:
        client.delete_function(FunctionName=name)


def test_tags(client, function):
    arn = client.get_function(FunctionName=function)["Configuration"]["FunctionArn"]
    client.tag_resource(Resource=arn, Tags={"a": "1", "b c": "2"})
    client.untag_resource(Resource=arn, TagKeys=["a"])
    assert client.list_tags(Resource=arn)["Tags"] == {"b c": "2"}


def test_versions_and_aliases(client, function):
    assert client.publish_version(FunctionName=function)["Version"] == "1"
    client.get_waiter("published_version_active").wait(FunctionName=function, Qualifier="1", WaiterConfig={"Delay": 1})
    client.create_alias(FunctionName=function, Name="live", FunctionVersion="1")
    answer = client.invoke(FunctionName=function, Qualifier="live", Payload=b"1")
    assert answer["ExecutedVersion"] == "1" and json.loads(answer["Payload"].read())["version"] == "1"
    assert (
        client.update_alias(FunctionName=function, Name="live", FunctionVersion="$LATEST")["FunctionVersion"]
        == "$LATEST"
    )
    assert [a["Name"] for a in client.list_aliases(FunctionName=function)["Aliases"]] == ["live"]
    assert [v["Version"] for v in client.list_versions_by_function(FunctionName=function)["Versions"]] == [
        "$LATEST",
        "1",
    ]
    client.delete_alias(FunctionName=function, Name="live")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_alias(FunctionName=function, Name="live")


def test_layers(client, function):
    layer = client.publish_layer_version(
        LayerName="numbers", Content={"ZipFile": layer_zip()}, CompatibleRuntimes=[RUNTIME]
    )
    client.update_function_code(
        FunctionName=function,
        ZipFile=zipped("import numbers_layer\ndef handler(e, c):\n    return numbers_layer.one\n"),
    )
    wait(client, "function_updated_v2", function)
    client.update_function_configuration(FunctionName=function, Layers=[layer["LayerVersionArn"]])
    wait(client, "function_updated_v2", function)
    assert client.invoke(FunctionName=function)["Payload"].read() == b"1"
    assert client.get_layer_version_by_arn(Arn=layer["LayerVersionArn"])["Version"] == 1
    assert [each["LayerName"] for each in client.list_layers()["Layers"]] == ["numbers"]
    client.delete_layer_version(LayerName="numbers", VersionNumber=1)
    assert client.list_layer_versions(LayerName="numbers")["LayerVersions"] == []


def layer_zip():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("python/numbers_layer.py", "one = 1\n")
    return buffer.getvalue()


def test_account_settings(client):
    assert client.get_account_settings()["AccountLimit"]["CodeSizeUnzipped"] == 262_144_000
