"""AWS's own Runtime Interface Emulator runs a package that lambdapool made, in the way that Lambda starts Python
functions with a wrapper."""

import base64
import io
import json
import os
import pickle
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile

import pytest
from lambdapool_agent import envelope
from part_frames import frames

EMULATOR = shutil.which("aws-lambda-rie")
pytestmark = pytest.mark.skipif(
    EMULATOR is None,
    reason="no aws-lambda-rie on PATH: go install github.com/aws/aws-lambda-runtime-interface-emulator/cmd/aws-lambda-rie@latest",
)
# As Lambda's images have it.
BOOTSTRAP = '#!/bin/sh\nexec "$AWS_LAMBDA_EXEC_WRAPPER" %s -u /var/runtime/bootstrap.py\n'


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@pytest.fixture
def invoke(tmp_path, run, serve, algorithms):
    """Calls the emulated function; its log is in `invoke.log()` once it has ended."""
    assert run("create", "f", algorithms / "algorithms").returncode == 0
    with urllib.request.urlopen(serve.client().get_function(FunctionName="f")["Code"]["Location"]) as package:
        archive = zipfile.ZipFile(io.BytesIO(package.read()))
    task, bootstrap, log = tmp_path / "task", tmp_path / "bootstrap", tmp_path / "log"
    for member in archive.infolist():
        archive.extract(member, task)
        (task / member.filename).chmod(member.external_attr >> 16 & 0o777)
    bootstrap.write_text(BOOTSTRAP % sys.executable)
    bootstrap.chmod(0o755)
    port, runtime_port = free_ports(2)
    wrapper = task / "lambdapool_runtime" / "exec_wrapper"
    environment = {**os.environ, "LAMBDA_TASK_ROOT": str(task), "AWS_LAMBDA_EXEC_WRAPPER": str(wrapper)}
    command = [EMULATOR, "--runtime-interface-emulator-address", "127.0.0.1:%d" % port]
    command += ["--runtime-api-address", "127.0.0.1:%d" % runtime_port, str(bootstrap)]
    command += ["lambdapool_agent.lambda_handler"]
    url = "http://127.0.0.1:%d/2015-03-31/functions/function/invocations" % port

    def invoke(event):
        request = urllib.request.Request(url, json.dumps(event).encode())
        with urllib.request.urlopen(request, timeout=100) as answer:
            return answer.read()

    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, cwd=task, stdout=output, stderr=subprocess.STDOUT)
    try:
        until = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < until, log.read_text()
                time.sleep(0.01)
        invoke.log = log.read_text
        yield invoke
    finally:
        process.terminate()
        process.wait()


def task(function, items, **parts):
    made = {**envelope.encode(pickle.dumps(function, 5) + pickle.dumps(("map", items), 5), "e"), "parts": parts}
    made["task"] = made.pop("outcome")
    return made


def values(content):
    return [pickle.loads(data) for _, data in pickle.loads(content)[0]]


def test_the_emulator_runs_our_package(invoke):
    answer = json.loads(invoke(task(str.upper, ["a", "b"])))
    assert values(base64.b64decode(answer["outcome"])) == ["A", "B"]
    assert answer["timeout"] > 0, "the context knows the deadline"
    refused = json.loads(invoke({"no": "task"}))
    assert refused["errorType"] == "LambdapoolProtocolError" and refused["requestId"] and refused["stackTrace"]
    assert "[ERROR] LambdapoolProtocolError" in invoke.log()


def test_the_emulator_takes_a_streamed_answer(invoke):
    for _ in range(2):
        head, first, answer = frames(invoke(task(str.upper, ["a", "b"], stream=True)))
        assert (head[0], first[0], answer[0]) == ("H", "P", "A") and values(first[3]) == ["A"]
    printed = frames(invoke(task(print, ["seen"], stream=True, stdout=True)))
    assert [(kind, content) for kind, *_, content in printed][0] == ("O", b"seen\n")
