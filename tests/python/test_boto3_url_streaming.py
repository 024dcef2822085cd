"""Function URLs with InvokeMode RESPONSE_STREAM, called with urllib's HTTP client and signed by botocore."""

import http.client
import json
import socket
from urllib.parse import urlsplit

import pytest
from archives import zipped

pytest.importorskip("boto3")
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from local_lambda import REGION, ROLE, RUNTIME_OF_ANOTHER, client_of, create, served
from test_boto3_function_urls import allow_everybody

# A runtime of somebody else's: streams `steps` with the content type `type`. With `ask`, a port: after each of them it
# waits there for leave to go on. `end`: how it goes on afterwards. `fail`: fails before it streams.
RUNTIME = (
    RUNTIME_OF_ANOTHER
    + """
def post(path, body):
    api.sendall(("POST /2018-06-01/runtime/invocation/%s HTTP/1.1\\r\\nHost: localhost\\r\\n" % path).encode() + body)
while True:
    api.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
    headers, body = answer()
    event, id = json.loads(json.loads(body)["body"]), headers["lambda-runtime-aws-request-id"]
    if "fail" in event:
        told = b'{"errorType": "Own", "errorMessage": "mine"}'
        post(id + "/error", b"Content-Length: %d\\r\\n\\r\\n%s" % (len(told), told))
        answer()
        continue
    kind = "Content-Type: " + event["type"] + "\\r\\n" if event.get("type") else ""
    post(id + "/response", ("Lambda-Runtime-Function-Response-Mode: streaming\\r\\n" + kind +
        "Transfer-Encoding: chunked\\r\\n\\r\\n").encode())
    leave = socket.create_connection(("127.0.0.1", event["ask"])) if "ask" in event else None
    for step in event["steps"]:
        api.sendall(b"%x\\r\\n" % len(step) + step.encode() + b"\\r\\n")
        if leave: leave.recv(1)
    if event.get("end") == "die": os._exit(3)
    api.sendall(b"0\\r\\n\\r\\n")
    answer()
"""
)
INTEGRATION = "application/vnd.awslambda.http-integration-response"
PRELUDE = json.dumps({"statusCode": 207, "headers": {"Content-Type": "text/own", "X-Own": "1"}, "cookies": ["a=1"]})
ZEROS = "\0" * 8


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    with served(tmp_path_factory.mktemp("url-streaming-home")) as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def urls(endpoint):
    """Of the runtime above, without and with IAM, and of a Python function."""
    client = client_of(endpoint)
    own = dict(Runtime="provided.al2023", Role=ROLE, Handler="any", Code={"ZipFile": zipped({"bootstrap": RUNTIME})}, Timeout=60)
    for name in ("open", "signed"):
        client.create_function(FunctionName=name, **own)
        client.get_waiter("function_active_v2").wait(FunctionName=name)
    create(client, "python", "def handler(event, context):\n    return {'statusCode': 201, 'body': 'x'}\n")
    made = {}
    for name in ("open", "signed", "python"):
        allow_everybody(client, name)
        kind = "AWS_IAM" if name == "signed" else "NONE"
        config = client.create_function_url_config(FunctionName=name, AuthType=kind, InvokeMode="RESPONSE_STREAM")
        assert config["InvokeMode"] == "RESPONSE_STREAM"
        assert client.get_function_url_config(FunctionName=name)["InvokeMode"] == "RESPONSE_STREAM"
        made[name] = config["FunctionUrl"]
    return made


def opened(endpoint, url, event, headers=None):
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=60)
    headers = {"Host": urlsplit(url).netloc, "Content-Type": "application/json", **(headers or {})}
    connection.request("POST", "/", body=json.dumps(event), headers=headers)
    return connection.getresponse()


def test_without_a_prelude_what_is_streamed_is_the_body(endpoint, urls):
    for kind, expected in ((None, "application/octet-stream"), ("text/plain", "text/plain")):
        answer = opened(endpoint, urls["open"], {"type": kind, "steps": ["one ", "two"]})
        assert (answer.status, answer.headers["Content-Type"], answer.read()) == (200, expected, b"one two")
        assert answer.headers["Transfer-Encoding"] == "chunked"


# In one piece, in its own, cut in the middle of the zeros, and zeros in the body.
@pytest.mark.parametrize(
    "steps", [[PRELUDE + ZEROS + "body"], [PRELUDE, ZEROS, "body"], [PRELUDE + ZEROS[:3], ZEROS[3:] + "bo", "dy"]]
)
def test_a_prelude_says_status_headers_and_cookies(endpoint, urls, steps):
    answer = opened(endpoint, urls["open"], {"type": INTEGRATION, "steps": [*steps, ZEROS]})
    assert (answer.status, answer.headers["Content-Type"], answer.headers["X-Own"]) == (207, "text/own", "1")
    assert (answer.headers["Set-Cookie"], answer.read()) == ("a=1", b"body" + ZEROS.encode())


def test_it_comes_while_the_function_streams(endpoint, urls):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        event = {"type": INTEGRATION, "steps": ["{}" + ZEROS, "one", "two"], "ask": server.getsockname()[1]}
        connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=60)
        headers = {"Host": urlsplit(urls["open"]).netloc, "Content-Type": "application/json"}
        connection.request("POST", "/", json.dumps(event), headers)
        leave, _ = server.accept()
        with leave:
            answer = connection.getresponse()  # nothing of the body has been sent
            assert (answer.status, answer.headers["Content-Type"]) == (200, "application/octet-stream")
            for piece in (b"one", b"two"):
                leave.sendall(b".")
                assert answer.read(3) == piece
            leave.sendall(b".")
            assert answer.read() == b""


def test_with_iam_a_signature_is_asked_for(endpoint, urls):
    event = {"steps": ["seen"]}
    assert opened(endpoint, urls["signed"], event).status == 403
    request = AWSRequest(
        "POST", urls["signed"], data=json.dumps(event), headers={"Host": urlsplit(urls["signed"]).netloc}
    )
    SigV4Auth(Credentials("any", "any"), "lambda", REGION).add_auth(request)
    answer = opened(endpoint, urls["signed"], event, dict(request.headers.items()))
    assert (answer.status, answer.read()) == (200, b"seen")


def test_what_is_not_streamed_is_the_body_as_it_is(endpoint, urls):
    answer = opened(endpoint, urls["python"], {})
    assert (answer.status, json.loads(answer.read())) == (200, {"statusCode": 201, "body": "x"})


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ({"fail": 1}, "the function has failed (Own: mine)"),
        ({"type": INTEGRATION, "steps": ["{}"]}, "ended before its prelude did"),
        ({"type": INTEGRATION, "steps": ["[]" + ZEROS]}, "a prelude that is not a JSON object"),
        ({"type": INTEGRATION, "steps": ['{"statusCode": 99}' + ZEROS]}, "a statusCode that is none: 99"),
        ({"type": INTEGRATION, "steps": ["x" * (1 << 20), "y", "z"]}, "no end of a prelude"),
        ({"type": INTEGRATION, "steps": ["{"], "end": "die"}, "the function has failed"),
    ],
)
def test_a_failure_before_the_answer_has_begun_is_a_502(endpoint, urls, event, why):
    answer = opened(endpoint, urls["open"], event)
    assert answer.status == 502 and why in json.loads(answer.read())["Message"]
    assert opened(endpoint, urls["open"], {"steps": ["next"]}).read() == b"next"


def test_a_failure_afterwards_breaks_the_answer_off(endpoint, urls):
    answer = opened(endpoint, urls["open"], {"steps": ["some"], "end": "die"})
    with pytest.raises(http.client.IncompleteRead):
        answer.read()
    assert opened(endpoint, urls["open"], {"steps": ["next"]}).read() == b"next"
