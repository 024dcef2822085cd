"""InvokeWithResponseStream of the local Lambda, read by botocore."""

import base64
import json
import socket

import pytest
from archives import zipped

boto3 = pytest.importorskip("boto3")
from botocore.exceptions import ClientError
from local_lambda import RUNTIME_OF_ANOTHER

LIMIT = 6 * 1024 * 1024 + 100
STREAMED_LIMIT = 200 << 20
PYTHON = """
def handler(event, context):
    print("seen")
    if "fail" in event:
        raise ValueError(event["fail"])
    return "x" * event["size"]
"""
# A runtime of somebody else's, which streams: `size` bytes, in chunks, and an error in the trailers where `fail` is.
# With `ask`, a port: after each of `steps` it waits there for leave to go on. With `end`: how it goes on after them.
STREAMING = (
    RUNTIME_OF_ANOTHER
    + """
while True:
    api.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
    headers, body = answer()
    event = json.loads(body)
    leave = socket.create_connection(("127.0.0.1", event["ask"])) if "ask" in event else None
    api.sendall(("POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\\r\\nHost: localhost\\r\\nTransfer-Encoding: chunked\\r\\n"
        "Lambda-Runtime-Function-Response-Mode: streaming\\r\\nTrailer: Lambda-Runtime-Function-Error-Type, "
        "Lambda-Runtime-Function-Error-Body\\r\\n\\r\\n" % headers["lambda-runtime-aws-request-id"]).encode())
    for step in event.get("steps", []):
        api.sendall(b"%x\\r\\n" % len(step) + step.encode() + b"\\r\\n")
        if leave: leave.recv(1)
    end = event.get("end")
    if end == "hang": time.sleep(600)
    if end == "die": os._exit(3)
    if end in ("break off", "report"):
        id = headers["lambda-runtime-aws-request-id"]
        api.close()
        answers.close()
        connect()
        if end == "break off": continue
        told = b'{"errorType": "Own", "errorMessage": "mine"}'
        api.sendall(b"POST /2018-06-01/runtime/invocation/%s/error HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: %d\\r\\n\\r\\n%s"
            % (id.encode(), len(told), told))
        answer()
        continue
    left = event.get("size", 0)
    while left:
        piece = min(left, 1 << 20)
        api.sendall(b"%x\\r\\n" % piece + b"y" * piece + b"\\r\\n")
        left -= piece
    trailers = b""
    if "fail" in event:
        told = base64.b64encode(json.dumps({"errorType": "Broken", "errorMessage": event["fail"]}).encode())
        trailers = b"Lambda-Runtime-Function-Error-Type: Broken\\r\\nLambda-Runtime-Function-Error-Body: " + told + b"\\r\\n"
    api.sendall(b"0\\r\\n" + trailers + b"\\r\\n")
    answer()
"""
)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    from local_lambda import served

    with served(tmp_path_factory.mktemp("streaming-home")) as url:
        client = boto3.client(
            "lambda", endpoint_url=url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        deploy(client, "python", "app.py", PYTHON, "python3.11", "app.handler")
        deploy(client, "streaming", "bootstrap", STREAMING, "provided.al2023", "any")
        deploy(client, "short", "bootstrap", STREAMING, "provided.al2023", "any", timeout=1)
        yield client


def deploy(client, name, path, content, runtime, handler, timeout=60):
    client.create_function(
        FunctionName=name,
        Runtime=runtime,
        Role="arn:aws:iam::000000000000:role/any",
        Handler=handler,
        Code={"ZipFile": zipped({path: content})},
        Timeout=timeout,
        MemorySize=1024,
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})


def streamed(client, name, event, **members):
    """(the payload, the chunks' sizes, what the last frame says)"""
    answer = client.invoke_with_response_stream(FunctionName=name, Payload=json.dumps(event), **members)
    chunks, ends = [], []
    for frame in answer["EventStream"]:
        if "PayloadChunk" in frame:
            chunks.append(frame["PayloadChunk"]["Payload"])
        ends += [frame["InvokeComplete"]] if "InvokeComplete" in frame else []
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert answer["ResponseStreamContentType"] == "application/vnd.amazon.eventstream"
    [end] = ends
    return b"".join(chunks), end


@pytest.mark.parametrize("size", [0, 1, 65_536, LIMIT - 2])
def test_what_a_function_returns_comes_in_frames(client, size):
    assert streamed(client, "python", {"size": size}) == (b'"' + b"x" * size + b'"', {})


def test_the_last_frame_has_the_log_where_it_is_asked_for(client):
    _, end = streamed(client, "python", {"size": 1}, LogType="Tail")
    assert "\nseen\n" in base64.b64decode(end["LogResult"]).decode()


def test_an_error_of_the_function_is_in_the_last_frame(client):
    payload, end = streamed(client, "python", {"fail": "why"})
    assert (payload, end["ErrorCode"]) == (b"", "ValueError")
    assert json.loads(end["ErrorDetails"])["errorMessage"] == "why"


def test_what_a_runtime_streams_may_be_larger_than_what_it_returns(client):
    assert streamed(client, "streaming", {"size": 7 << 20}) == (b"y" * (7 << 20), {})
    assert client.invoke(FunctionName="streaming", Payload='{"size": 7340032}')["FunctionError"] == "Unhandled"
    _, end = streamed(client, "python", {"size": LIMIT})
    assert end["ErrorCode"] == "Function.ResponseSizeTooLarge"


def test_what_is_streamed_has_its_limit(client):
    payload, end = streamed(client, "streaming", {"size": STREAMED_LIMIT})
    assert (len(payload), end) == (STREAMED_LIMIT, {})
    _, end = streamed(client, "streaming", {"size": STREAMED_LIMIT + 1})
    assert end["ErrorCode"] == "Function.ResponseSizeTooLarge"


def test_a_stream_that_fails_midway_has_what_came_before(client):
    payload, end = streamed(client, "streaming", {"size": 10, "fail": "why"})
    assert (payload, end["ErrorCode"]) == (b"y" * 10, "Broken")
    assert json.loads(end["ErrorDetails"])["errorMessage"] == "why"


def test_what_cannot_be_invoked_is_refused_as_by_invoke(client):
    with pytest.raises(ClientError, match="Function not found"):
        streamed(client, "none", {})
    with pytest.raises(ClientError, match=r"enum value set: \[RequestResponse, DryRun\]"):
        client.invoke_with_response_stream(FunctionName="python", InvocationType="Event")
    assert client.invoke_with_response_stream(FunctionName="python", InvocationType="DryRun")["StatusCode"] == 204


@pytest.fixture
def leave():
    """(a port where a function asks for leave to go on, what gives it)"""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        asking = []

        def give():
            if not asking:
                asking.append(server.accept()[0])
            asking[0].sendall(b"1")

        yield server.getsockname()[1], give
        for connection in asking:
            connection.close()


def test_frames_come_while_the_function_runs(client, leave):
    port, give = leave
    steps = ["one", "two", "three"]
    answer = client.invoke_with_response_stream(
        FunctionName="streaming", Payload=json.dumps({"ask": port, "steps": steps})
    )
    frames = iter(answer["EventStream"])
    for step in steps:  # the function writes the next one only once this one has been read here
        assert next(frames)["PayloadChunk"]["Payload"] == step.encode()
        give()
    assert list(frames) == [{"InvokeComplete": {}}]


def test_a_client_that_goes_away_ends_nothing(client, leave):
    port, give = leave
    answer = client.invoke_with_response_stream(
        FunctionName="streaming", Payload=json.dumps({"ask": port, "steps": ["one"], "size": 1 << 20})
    )
    assert next(iter(answer["EventStream"]))["PayloadChunk"]["Payload"] == b"one"
    answer["EventStream"].close()
    give()
    assert streamed(client, "streaming", {"size": 3}) == (b"yyy", {})


@pytest.mark.parametrize(
    "name, end, code, message",
    [
        ("short", "hang", "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
        ("streaming", "die", "Runtime.ExitError", "exit status 3"),
        ("streaming", "break off", "Runtime.TruncatedResponse", "The connection ended in the middle"),
        ("streaming", "report", "Own", "mine"),
    ],
)
def test_how_a_stream_ends_too_early_is_in_the_last_frame(client, name, end, code, message):
    payload, told = streamed(client, name, {"steps": ["a", "b"], "end": end})
    assert (payload, told["ErrorCode"]) == (b"ab", code)
    assert message in json.loads(told["ErrorDetails"])["errorMessage"]
    assert streamed(client, name, {"size": 2}) == (b"yy", {})
