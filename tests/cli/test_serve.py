"""serve: the local Lambda for any AWS client."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from functions import ROLE, RUNTIME, create, zipped


def test_the_first_line_names_the_endpoint_and_the_home(serve, home):
    assert serve.first_line == f"lambdapool: serving the local Lambda at {serve.endpoint} (home: {home})\n"


def test_the_printed_lines_are_enough_for_any_client(serve):
    text = ""
    while "Ctrl-C" not in text:
        text += serve.process.stdout.readline()
    exports = dict(re.findall(r"export (\w+)=(\S+)", text))
    assert exports["AWS_ENDPOINT_URL_LAMBDA"] == serve.endpoint
    assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"} <= set(exports)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_on_a_signal(serve, number):
    serve.client().list_functions()
    serve.process.send_signal(number)
    assert serve.process.wait(120) == 0
    assert serve.process.stderr.read() == ""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", serve.port), timeout=60)


CALLS_AND_SLEEPS = """
import socket, time
def handler(event, context):
    connection = socket.create_connection(("127.0.0.1", event["port"]))
    time.sleep(500)
"""


def test_a_signal_ends_it_and_a_function_that_is_running(serve):
    client = serve.client()
    create(client, "sleeper", CALLS_AND_SLEEPS, Timeout=600)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        payload = json.dumps({"port": listener.getsockname()[1]})
        client.invoke(FunctionName="sleeper", InvocationType="Event", Payload=payload)
        connection, _ = listener.accept()
    serve.process.send_signal(signal.SIGTERM)
    assert serve.process.wait(120) == 0
    connection.settimeout(60)
    assert connection.recv(1) == b"", "the worker is gone too"
    connection.close()


def test_a_given_port_is_used_and_a_taken_one_refused(start_serve, run):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        done = run("serve", "--port", port)
    assert done.returncode == 1
    assert str(port) in done.stderr and done.stderr.count("\n") == 1
    assert start_serve("--port", port).port == port


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--port", "70000"], "port must be between 0 and 65535, not 70000."),
        (["--host", "http://box:1"], "--host takes a name such as host.docker.internal or NAME:PORT, not 'http://box:1'."),
        (["--keys", "/no/such"], "The keys file /no/such cannot be read: No such file or directory."),
        (["--target", "aws"], "serve serves the local Lambda and the local Cloud Run, so --target aws does not go with it."),
    ],
)
def test_it_refuses(run, arguments, words):
    done = run("serve", *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"Error: {words}\n")


def test_half_a_key_of_the_environment_is_refused(run):
    done = run("serve", LAMBDAPOOL_SERVE_ACCESS_KEY_ID="AKIDME")
    assert (done.returncode, done.stdout) == (1, "")
    assert "LAMBDAPOOL_SERVE_SECRET_ACCESS_KEY" in done.stderr


def test_a_keys_file_that_others_can_read_is_refused(run, tmp_path):
    keys = tmp_path / "keys"
    keys.write_text("[default]\naws_access_key_id = AKIDME\naws_secret_access_key = sesame\n")
    keys.chmod(0o644)
    done = run("serve", "--keys", keys)
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr
        == f"Error: The keys file {keys} can be read by others: make it yours alone with 'chmod 600 {keys}'.\n"
    )


@pytest.mark.parametrize("source", ["file", "environment"])
def test_with_keys_only_those_are_let_in(start_serve, tmp_path, source):
    if source == "file":
        keys = tmp_path / "keys"
        keys.write_text("[default]\naws_access_key_id = AKIDME\naws_secret_access_key = sesame\n")
        keys.chmod(0o600)
        served = start_serve("--keys", keys)
    else:
        served = start_serve(LAMBDAPOOL_SERVE_ACCESS_KEY_ID="AKIDME", LAMBDAPOOL_SERVE_SECRET_ACCESS_KEY="sesame")
    served.client(aws_access_key_id="AKIDME", aws_secret_access_key="sesame").list_functions()
    for keys in ({}, {"aws_access_key_id": "AKIDME", "aws_secret_access_key": "guess"}):
        with pytest.raises(Exception, match="Signature|security token|UnrecognizedClient|InvalidSignature"):
            served.client(**keys).list_functions()


def test_require_signature_prints_the_keys_that_are_let_in(start_serve):
    served = start_serve("--require-signature")
    text = ""
    while "Ctrl-C" not in text:
        text += served.process.stdout.readline()
    keys = dict(re.findall(r"export (\w+)=(\S+)", text))
    served.client(
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"], aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"]
    ).list_functions()
    with pytest.raises(Exception):
        served.client().list_functions()
    # Google's clients, too, are let in with that key alone.
    for path in ("/v2/projects/p/locations/l/services", "/storage/v1/b", "/bucket/object", "/_run/p/l/s"):
        for token, status in ((keys["AWS_SECRET_ACCESS_KEY"], {200, 404}), ("anything", {401})):
            assert answer_to(served.endpoint + path, token) in status, (path, token)
    signed = "?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Date=29990101T000000Z&X-Goog-Expires=9&X-Goog-Signature=00"
    assert answer_to(served.endpoint + "/bucket/object" + signed) == 401


def answer_to(url, token=None):
    headers = {"Authorization": "Bearer " + token} if token else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_verbose_prints_a_line_for_each_request(start_serve):
    served = start_serve("--verbose")
    served.client().list_functions()
    served.process.terminate()
    _, errors = served.process.communicate(timeout=120)
    assert "/2015-03-31/functions" in errors


AWS = shutil.which("aws", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")


def aws(serve, *arguments):
    done = subprocess.run(
        [AWS, "lambda", *arguments, "--endpoint-url", serve.endpoint, "--output", "json"],
        env=serve.environment, capture_output=True, text=True, timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


@pytest.mark.skipif(AWS is None, reason="the AWS CLI is not installed")
def test_the_aws_cli_leads_a_function_through_its_whole_life(serve, run, tmp_path):
    (tmp_path / "code.zip").write_bytes(zipped())
    code = f"fileb://{tmp_path / 'code.zip'}"
    aws(serve, "create-function", "--function-name", "echo", "--runtime", RUNTIME, "--role", ROLE,
        "--handler", "main.handler", "--zip-file", code)  # fmt: skip
    aws(serve, "wait", "function-active-v2", "--function-name", "echo")
    answer = tmp_path / "answer.json"
    invoked = aws(serve, "invoke", "--function-name", "echo", "--payload", '{"n": 1}', str(answer))
    assert invoked["StatusCode"] == 200 and "FunctionError" not in invoked
    assert json.loads(answer.read_text()) == {"n": 1}
    aws(serve, "update-function-configuration", "--function-name", "echo", "--memory-size", "256")
    assert [f["MemorySize"] for f in aws(serve, "list-functions")["Functions"]] == [256]
    aws(serve, "delete-function", "--function-name", "echo")
    assert aws(serve, "list-functions")["Functions"] == []


def test_the_program_itself_can_use_it_as_its_aws(serve, run, algorithms):
    environment = {**serve.environment, "LAMBDAPOOL_TARGET": "aws"}
    role = ["--role", "arn:aws:iam::000000000000:role/mine"]
    assert run("create", "f", "algorithms", *role, **environment).returncode == 0
    assert "f " in run("list", "--target", "aws", **environment).stdout
    assert run("update", "f", "--memory", "256", **environment).returncode == 0
    assert run("delete", "f", **environment).returncode == 0


def test_processes_share_a_home(serve, run, algorithms, lambdapool, clean_environment):
    assert run("create", "f", "algorithms").returncode == 0
    assert [f["FunctionName"] for f in serve.client().list_functions()["Functions"]] == ["f"]
    together = [
        subprocess.Popen(
            [lambdapool, "create", f"g{n}", "algorithms"], cwd=algorithms, env=clean_environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for n in range(4)
    ]
    for process in together:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    assert {f["FunctionName"] for f in serve.client().list_functions()["Functions"]} == {"f", "g0", "g1", "g2", "g3"}
    assert run("delete", "f").returncode == 0


def test_of_two_creations_of_one_name_one_wins(run, algorithms, lambdapool, clean_environment):
    together = [
        subprocess.Popen(
            [lambdapool, "create", "same", "algorithms"], cwd=algorithms, env=clean_environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(3)
    ]
    errors = [process.communicate(timeout=60)[1] for process in together]
    assert sorted(process.returncode for process in together) == [0, 1, 1], errors
    assert sum("already exists" in error for error in errors) == 2, errors
    assert len(json.loads(run("list", "--output", "json").stdout)) == 1


def test_a_secret_is_not_to_be_seen_among_the_processes(start_serve, tmp_path):
    keys = tmp_path / "keys"
    keys.write_text("[default]\naws_access_key_id = AKIDME\naws_secret_access_key = sesame\n")
    keys.chmod(0o600)
    served = start_serve("--keys", keys)
    text = ""
    while "Ctrl-C" not in text:
        text += served.process.stdout.readline()
    assert "sesame" not in Path(f"/proc/{served.process.pid}/cmdline").read_text() + text
