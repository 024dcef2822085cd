"""Lambda's Extensions API and AWS_LAMBDA_EXEC_WRAPPER, as functions of a served local Lambda have them."""

import base64
import json
import queue
import socketserver
import textwrap
import threading

import pytest
from archives import zipped

pytest.importorskip("boto3")

from local_lambda import ROLE, RUNTIME, client_of, create, served

# Speaks the API, and says what it is told over the socket that the test listens at.
CLIENT = """#!/usr/bin/env python3
import http.client, json, os, signal, socket, sys, threading

name = os.path.basename(sys.argv[0])
test = socket.create_connection(("127.0.0.1", int(os.environ["TEST_PORT"])))

def tell(*words):
    test.sendall((json.dumps([name, *words]) + "\\n").encode())

class Api:
    def __init__(self):
        self.connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])

    def call(self, method, path, body=None, **headers):
        headers = {"Lambda-Extension-" + key.replace("_", "-"): value for key, value in headers.items()}
        self.connection.request(method, "/2020-01-01/extension/" + path, body and json.dumps(body), headers)
        answer = self.connection.getresponse()
        return answer.status, answer.headers, json.loads(answer.read())

    def register(self, events, name=name):
        status, headers, body = self.call(
            "POST", "register", {"events": events}, Name=name, Accept_Feature="accountId")
        return headers["Lambda-Extension-Identifier"], status, body

    def next(self, id):
        return self.call("GET", "event/next", Identifier=id)[2]
"""
FAITHFUL = (
    CLIENT
    + """
api = Api()
id, status, body = api.register(["INVOKE", "SHUTDOWN"])
tell("registered", status, body, sorted(key for key in os.environ if key.startswith(("_", "LAMBDA"))))
print("the extension's own line", flush=True)
while True:
    event = api.next(id)
    tell(event["eventType"], event)
    if event["eventType"] == "SHUTDOWN":
        sys.exit(0)
"""
)
ECHO = "import os, signal, time\ndef handler(event, context):\n    return event\n"


class Witness(socketserver.ThreadingTCPServer):
    """Hears what extensions and handlers tell."""

    daemon_threads = True

    def __init__(self):
        self.heard = queue.Queue()
        super().__init__(("127.0.0.1", 0), Witness.Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            for line in self.rfile:
                self.server.heard.put(json.loads(line))
            self.server.heard.put(["", "gone"])

    @property
    def port(self):
        return str(self.server_address[1])

    def next(self):
        return self.heard.get(timeout=120)


@pytest.fixture
def witness():
    with Witness() as witness:
        yield witness
        witness.shutdown()


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("home")) as endpoint:
        yield client_of(endpoint)


def dedented(files):
    return zipped({path: textwrap.dedent(content) for path, content in files.items()})


def layer(client, name, files):
    return client.publish_layer_version(LayerName=name, Content={"ZipFile": dedented(files)})["LayerVersionArn"]


def made(client, name, source, witness, extensions=None, variables=None, **more):
    if extensions:
        files = {"extensions/" + file: text for file, text in extensions.items()}
        more["Layers"] = [layer(client, name, files)]
    more.setdefault("Timeout", 60)
    create(client, name, source, Environment={"Variables": {"TEST_PORT": witness.port, **(variables or {})}}, **more)


def invoke(client, name, payload=b"{}"):
    answer = client.invoke(FunctionName=name, Payload=payload, LogType="Tail")
    log = base64.b64decode(answer["LogResult"]).decode()
    return answer.get("FunctionError"), json.loads(answer["Payload"].read()), log


def test_an_external_extension_is_told_of_each_invocation_and_of_the_end(client, witness):
    made(client, "faithful", ECHO, witness, {"faithful": FAITHFUL})
    error, value, log = invoke(client, "faithful", b"[1]")
    assert (error, value) == (None, [1])
    _, what, status, body, own = witness.next()
    assert (what, status) == ("registered", 200)
    assert body == {
        "functionName": "faithful",
        "functionVersion": "$LATEST",
        "handler": "main.handler",
        "accountId": "000000000000",
    }
    assert own == [], "what is the runtime's alone is not the extension's"
    _, what, event = witness.next()
    assert what == "INVOKE" and event["invokedFunctionArn"].endswith(":function:faithful")
    assert event["requestId"] in log and event["tracing"]["type"] == "X-Amzn-Trace-Id" and event["deadlineMs"] > 0
    assert "EXTENSION\tName: faithful\tState: Ready\tEvents: [INVOKE, SHUTDOWN]\n" in log
    assert invoke(client, "faithful")[0] is None and witness.next()[1] == "INVOKE"
    client.delete_function(FunctionName="faithful")
    _, what, event = witness.next()
    assert what == "SHUTDOWN" and event["shutdownReason"] == "SPINDOWN" and event["deadlineMs"] > 0
    assert witness.next()[1] == "gone"


def test_a_timeout_ends_extensions_with_that_reason_and_the_next_worker_has_new_ones(client, witness):
    source = "import time\ndef handler(event, context):\n    time.sleep(event)\n"
    made(client, "late", source, witness, {"faithful": FAITHFUL}, Timeout=1)
    error, value, _ = invoke(client, "late", b"60")
    assert error and value["errorType"] == "Sandbox.Timedout"
    assert [witness.next()[1] for _ in range(2)] == ["registered", "INVOKE"]
    assert witness.next()[2]["shutdownReason"] == "TIMEOUT"
    assert witness.next()[1] == "gone"
    assert invoke(client, "late", b"0")[0] is None
    assert [witness.next()[1] for _ in range(2)] == ["registered", "INVOKE"]


def test_a_crash_of_the_runtime_ends_extensions_with_failure(client, witness):
    made(client, "crash", ECHO.replace("return event", "os._exit(7)"), witness, {"faithful": FAITHFUL})
    error, value, _ = invoke(client, "crash")
    assert error and value["errorType"] == "Runtime.ExitError" and "exit status 7" in value["errorMessage"]
    assert [witness.next()[1] for _ in range(2)] == ["registered", "INVOKE"]
    assert witness.next()[2]["shutdownReason"] == "FAILURE"


@pytest.mark.parametrize(
    "ending, kind, reason",
    [
        ("sys.exit(3)\n", "Extension.Crash", "exit status 3"),
        ("sys.exit(0)\n", "Extension.Crash", "exit code 0"),
        ("api.call('POST', 'init/error', {}, Identifier=id, Function_Error_Type='A.B'); sys.exit(4)\n",
         "Extension.InitError", "exit status 4"),
    ],
    ids=["an exit", "a clean exit", "an init error"],
)  # fmt: skip
def test_an_extension_that_ends_in_init_fails_the_invocation(client, witness, ending, kind, reason, request):
    name = "ends-" + "".join(c if c.isalnum() else "-" for c in request.node.callspec.id)
    script = CLIENT + "api = Api()\nid = api.register([])[0]\n" + ending
    made(client, name, ECHO, witness, {"ends": script, "faithful": FAITHFUL})
    error, value, _ = invoke(client, name)
    assert error and value["errorType"] == kind and value["errorMessage"].endswith("Error: " + reason)


def test_an_extension_that_fails_in_an_invocation_takes_it_with_it(client, witness):
    script = CLIENT + (
        "api = Api()\nid = api.register(['INVOKE'])[0]\napi.next(id)\n"
        "api.call('POST', 'exit/error', {}, Identifier=id, Function_Error_Type='A.B')\nsys.exit(5)\n"
    )
    made(client, "fails", ECHO.replace("return event", "time.sleep(60)"), witness, {"fails": script})
    error, value, _ = invoke(client, "fails")
    assert error and value["errorType"] == "Extension.ExitError" and "exit status 5" in value["errorMessage"]


def test_what_cannot_be_started_says_so(client, witness):
    made(client, "unable", ECHO, witness, {"unable.py": "no program"})
    error, value, _ = invoke(client, "unable")
    assert error and value["errorType"] == "Extension.LaunchError"
    assert value["errorMessage"].endswith("fork/exec /opt/extensions/unable.py: Permission denied")


INTERNAL = (
    "import sys\nsys.argv = ['inside']\n"
    + CLIENT
    + """
api = Api()
id, status, body = api.register([], "inside")
threading.Thread(target=api.next, args=[id], daemon=True).start()
tell("answers", status, Api().register(["SHUTDOWN"], "other")[1], Api().register([], "inside")[1],
     Api().call("GET", "event/next", Identifier="unknown")[2]["errorType"])

def end(*_):
    tell("SIGTERM")
    sys.exit(0)

signal.signal(signal.SIGTERM, end)

def handler(event, context):
    if event == "late":
        return Api().register([], "late")[2]["errorType"]
    return event
"""
)


def test_an_internal_extension_brings_the_runtime_its_sigterm(client, witness):
    made(client, "internal", INTERNAL, witness)
    assert invoke(client, "internal", b"1")[:2] == (None, 1)
    assert witness.next() == ["inside", "answers", 200, 403, 403, "Extension.UnknownExtensionIdentifier"]
    assert invoke(client, "internal", b'"late"')[1] == "Extension.RegistrationClosed"
    client.delete_function(FunctionName="internal")
    assert witness.next() == ["inside", "SIGTERM"]


def test_a_runtime_that_ignores_sigterm_is_killed(client, witness):
    deaf = INTERNAL.replace("signal.signal(signal.SIGTERM, end)", "signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    made(client, "deaf", deaf, witness)
    assert invoke(client, "deaf", b"1")[:2] == (None, 1)
    assert witness.next()[1] == "answers"
    client.delete_function(FunctionName="deaf")
    assert witness.next() == ["", "gone"]


WRAPPER = """\
#!/bin/sh
# AWS's own example: options go in before the last argument
export FROM_WRAPPER=yes _HANDLER=other.entry
interpreter=$1
shift
for last; do :; done
exec "$interpreter" -X utf8=0 -W error "$last"
"""
WRAPPED = """\
import os, sys
def entry(event, context):
    return [os.environ["FROM_WRAPPER"], sys.flags.utf8_mode, sys.warnoptions, sys.modules["__main__"].__dict__.get("__file__")]
"""


@pytest.mark.parametrize("place", ["layer", "code"])
def test_a_wrapper_starts_the_runtime(client, witness, place):
    name = "wrapped-" + place
    files = {"other.py": WRAPPED, **({"wrap": WRAPPER} if place == "code" else {})}
    client.create_function(
        FunctionName=name, Runtime=RUNTIME, Role=ROLE, Handler="main.handler", Code={"ZipFile": dedented(files)},
        Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrap" if place == "layer" else "/var/task/wrap"}},
        Layers=[layer(client, name, {"wrap": WRAPPER})] if place == "layer" else [], Timeout=60,
    )  # fmt: skip
    client.get_waiter("function_active_v2").wait(FunctionName=name)
    error, value, log = invoke(client, name)
    assert (error, value) == (None, ["yes", 0, ["error"], None]), log


def test_a_wrapper_that_is_not_there_ends_the_runtime(client, witness):
    made(client, "unwrapped", ECHO, witness, variables={"AWS_LAMBDA_EXEC_WRAPPER": "/opt/nothing"})
    error, value, log = invoke(client, "unwrapped")
    assert error and value["errorType"] == "Runtime.ExitError"
    assert value["errorMessage"].endswith("Error: Runtime exited with error: exit status 127")
    assert "nothing: does not exist" in log


def test_a_wrapper_can_be_another_runtime(client, witness):
    other = CLIENT.split("name =")[0] + (
        "api = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])\n"
        "while True:\n"
        "    api.request('GET', '/2018-06-01/runtime/invocation/next')\n"
        "    event = api.getresponse(); body = event.read()\n"
        "    id = event.headers['Lambda-Runtime-Aws-Request-Id']\n"
        "    api.request('POST', '/2018-06-01/runtime/invocation/' + id + '/response', b'[' + body + b']')\n"
        "    api.getresponse().read()\n"
    )
    made(client, "other", ECHO, witness, variables={"AWS_LAMBDA_EXEC_WRAPPER": "/opt/runtime"},
         Layers=[layer(client, "other", {"runtime": other})])  # fmt: skip
    assert invoke(client, "other", b"1")[:2] == (None, [1])
