"""AWS's own Python runtime client, awslambdaric, as the bootstrap of a function of the local Lambda: a
runtime that shares no code with ours, invoked by a client that does not either."""

import base64
import importlib.metadata
import io
import json
import pathlib
import stat
import sys
import zipfile

import pytest

pytest.importorskip("boto3")
pytest.importorskip("awslambdaric")

ROLE = "arn:aws:iam::000000000000:role/any"
INTERPRETER = getattr(sys, "_base_executable", None) or sys.executable
BOOTSTRAP = f'#!/bin/sh\nPYTHONPATH="$LAMBDA_TASK_ROOT" exec {INTERPRETER} -m awslambdaric "$_HANDLER"\n'
SOURCE = """
import os, time

def handler(event, context):
    print("called with", event)
    if event == "fail":
        raise ValueError("on purpose")
    if event == "exit":
        os._exit(5)
    if event == "sleep":
        time.sleep(60)
    return {
        "event": event,
        "client": context.client_context and context.client_context.custom,
        "arn": context.invoked_function_arn,
        "id": context.aws_request_id,
        "remaining": context.get_remaining_time_in_millis(),
        "cwd": os.getcwd(),
    }
"""


def add_distribution(archive, name):
    for path in importlib.metadata.files(name):
        if ".dist-info" not in str(path) and "__pycache__" not in str(path) and not str(path).startswith(".."):
            archive.write(path.locate(), str(path))


def package(source=SOURCE):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, mode, text in (("bootstrap", 0o755, BOOTSTRAP), ("main.py", 0o644, source)):
            member = zipfile.ZipInfo(name)  # of no particular time: the same source is the same package
            member.external_attr = (stat.S_IFREG | mode) << 16
            archive.writestr(member, text)
        for name in ("awslambdaric", "simplejson", "snapshot-restore-py"):
            add_distribution(archive, name)
    return buffer.getvalue()


@pytest.fixture
def client(serve):
    if str(pathlib.Path(INTERPRETER).resolve()).startswith("/tmp/"):
        pytest.skip("this interpreter is in /tmp, which functions do not see")
    client = serve.client()
    deploy(client, "ric", package())
    return client


def deploy(client, name, code):
    client.create_function(
        FunctionName=name, Runtime="provided.al2023", Role=ROLE, Handler="main.handler", Code={"ZipFile": code},
        Timeout=3, MemorySize=256,
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})


def invoke(client, event, name="ric", **options):
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail", **options)
    answer["Log"] = base64.b64decode(answer["LogResult"]).decode()
    answer["Body"] = json.loads(answer["Payload"].read())
    return answer


def test_it_serves_invocations_with_everything_that_the_context_has(client):
    context = base64.b64encode(json.dumps({"custom": {"colour": "red"}}).encode()).decode()
    answer = invoke(client, {"n": 1}, ClientContext=context)
    assert "FunctionError" not in answer
    body = answer["Body"]
    assert body["event"] == {"n": 1}
    assert body["client"] == {"colour": "red"}
    assert body["arn"].endswith(":function:ric")
    assert body["id"] == answer["ResponseMetadata"]["RequestId"]
    assert 0 < body["remaining"] <= 3000
    assert "called with {'n': 1}\n" in answer["Log"]
    assert "Init Duration:" in answer["Log"]
    assert "Init Duration:" not in invoke(client, 2)["Log"]


def test_an_exception_arrives_as_the_runtime_client_reported_it(client):
    answer = invoke(client, "fail")
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Body"]["errorType"] == "ValueError"
    assert answer["Body"]["errorMessage"] == "on purpose"
    assert answer["Body"]["stackTrace"]
    assert "[ERROR] ValueError: on purpose" in answer["Log"]


def test_an_exit_and_a_timeout_are_the_platforms_errors_and_the_next_invocation_works(client):
    assert invoke(client, "exit")["Body"]["errorMessage"].endswith("Runtime exited with error: exit status 5")
    timed_out = invoke(client, "sleep")["Body"]
    assert timed_out["errorType"] == "Sandbox.Timedout"
    assert timed_out["errorMessage"].endswith("Error: Task timed out after 3.00 seconds")
    assert invoke(client, 1)["Body"]["event"] == 1


def test_an_error_of_initialisation_is_passed_on(client):
    deploy(client, "broken", package("import no_such_module"))
    answer = invoke(client, 1, name="broken")
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Body"]["errorType"] == "Runtime.ImportModuleError"


def test_our_own_client_answers_as_it_does(client):
    """The same handler in both runtimes; what differs is only what must."""
    client.create_function(
        FunctionName="ours", Runtime="python3.%d" % sys.version_info.minor, Role=ROLE, Handler="main.handler",
        Code={"ZipFile": package()}, Timeout=3, MemorySize=256,
    )
    client.get_waiter("function_active_v2").wait(FunctionName="ours", WaiterConfig={"Delay": 1})
    theirs, ours = invoke(client, "fail")["Body"], invoke(client, "fail", name="ours")["Body"]
    for member in ("errorMessage", "errorType", "stackTrace"):
        assert ours[member] == theirs[member]
    assert list(ours) == list(theirs)
    theirs, ours = invoke(client, [1.5, "é"])["Body"], invoke(client, [1.5, "é"], name="ours")["Body"]
    for member in ("event", "client", "cwd"):
        assert ours[member] == theirs[member]
