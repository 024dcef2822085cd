"""Who may speak to the workers of a served local Lambda: the attacks of other users and of other processes."""

import json
import os
import pathlib
import socket

import pytest
from archives import zipped
from conftest import BUILD

ROLE = "arn:aws:iam::000000000000:role/any"
NOBODY = 65534
API = "/2018-06-01/runtime/invocation/"
FOREIGN = """#!/usr/bin/env python3
import http.client, os
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    event = api.getresponse()
    request_id, body = event.headers["Lambda-Runtime-Aws-Request-Id"], event.read()
    api.request("POST", "/2018-06-01/runtime/invocation/" + request_id + "/response", body)
    api.getresponse().read()
"""


def listening_ports(pid):
    """The TCP ports of this process, as anybody finds them in /proc/net/tcp."""
    held = set()
    for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            held.add(os.readlink(entry))
        except FileNotFoundError:
            pass
    lines = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(line[1].split(":")[1], 16) for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in held}


def ask(port, method, path, body=b"", host="localhost"):
    """The status of the answer; 0 where there was none."""
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            connection.sendall(head + body)
            answer = connection.makefile("rb").read(12)
    except OSError:
        return 0
    return int(answer[9:12] or 0)


def as_nobody(what):
    """What `what`, a function that returns a number up to 1000, returns to a process of another user."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            os.write(writing, str(what()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as result:
        return int(result.read())


def deploy(client, name, files, runtime, handler):
    client.create_function(
        FunctionName=name, Runtime=runtime, Role=ROLE, Handler=handler, Code={"ZipFile": zipped(files)}, Timeout=30
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})


def test_our_own_workers_open_no_port(serve, run, algorithms):
    client = serve.client()
    made = run("create", "python", algorithms / "algorithms")
    assert made.returncode == 0, made.stderr
    made = run("create", "launched", BUILD / "bin" / "algorithms")
    assert made.returncode == 0, made.stderr
    deploy(client, "alone", {"bootstrap": (BUILD / "bin" / "algorithms").read_bytes()}, "provided.al2023", "lambdapool")
    for name in ("python", "launched", "alone"):
        answer = client.invoke(FunctionName=name, Payload=json.dumps({"lambdapool": 1}))
        error = json.loads(answer["Payload"].read())
        assert "protocol" in json.dumps(error).lower(), "the worker looked at it, and has asked for more"
    assert listening_ports(serve.process.pid) == {serve.port}


@pytest.fixture
def foreign(serve):
    """A function with a runtime that is not ours, which has run once; its client and its port."""
    client = serve.client()
    deploy(client, "foreign", {"bootstrap": FOREIGN}, "provided.al2023", "any")
    assert client.invoke(FunctionName="foreign", Payload=b'"first"')["Payload"].read() == b'"first"'
    (port,) = listening_ports(serve.process.pid) - {serve.port}
    return client, port


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_another_user_is_handed_no_invocation_and_answers_none(foreign):
    client, port = foreign
    assert as_nobody(lambda: ask(port, "GET", API + "next")) == 0
    assert client.invoke(FunctionName="foreign", Payload=b'"secret"')["Payload"].read() == b'"secret"'
    assert as_nobody(lambda: ask(port, "POST", API + "any/response", b'"forged"')) == 0


def test_another_process_of_this_user_is_handed_no_invocation(foreign):
    client, port = foreign
    for host in ("localhost", "evil.example"):
        assert ask(port, "GET", API + "next", host=host) == 0
    assert client.invoke(FunctionName="foreign", Payload=b'"secret"')["Payload"].read() == b'"secret"'
