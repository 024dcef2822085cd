"""serve against those who may not speak to it, or say too much, or take too long."""

import http.client
import json
import os
import socket
from pathlib import Path

import pytest
from functions import create

NOBODY = 65534
AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=any/20200101/mars/sqs/aws4_request, SignedHeaders=host, Signature=" + "0" * 64
)
ECHO = "def handler(event, context):\n    return event\n"

def ask(served, method="GET", path="/2015-03-31/functions", body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    signed = {"Authorization": AUTHORIZATION, "X-Amz-Date": "20200101T000000Z"}
    connection.request(method, path, body, {**signed, **headers})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def ask_as(uid, served):
    """What a process of another user is answered. It is forked: another user may not be able to start Python."""
    if os.geteuid() != 0:
        pytest.skip("only root can be another user")
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            os.write(writable, "{} {}".format(*ask(served)).encode())
        finally:
            os._exit(0)
    os.close(writable)
    with os.fdopen(readable) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return text


def test_own_processes_are_served_with_any_keys(serve):
    assert ask(serve)[0] == 200


def test_another_user_is_refused_and_told_the_way_out(serve):
    answer = ask_as(NOBODY, serve)
    assert answer.startswith("403 ")
    assert f"user {NOBODY}" in answer and "--any-user" in answer


def test_any_user_lets_another_user_in(start_serve):
    assert ask_as(NOBODY, start_serve("--any-user")).startswith("200 ")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:{port}"},
        {"Host": "127.0.0.1:1"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
    ],
    ids=str,
)
@pytest.mark.parametrize("arguments", [[], ["--any-user"]], ids=["default", "any_user"])
def test_rebinding_names_and_web_pages_are_refused(start_serve, arguments, headers):
    served = start_serve(*arguments)
    headers = {name: value.format(port=served.port) for name, value in headers.items()}
    assert ask(served, **headers)[0] == 403


def test_a_host_that_is_named_is_answered_to(start_serve):
    served = start_serve("--host", "box.example", "--host", "proxy:81")
    assert ask(served, Host="box.example:8080")[0] == 200
    assert ask(served, Host="proxy:81")[0] == 200
    assert ask(served, Host="proxy:82")[0] == 403
    assert ask(served, Host=f"localhost:{served.port}")[0] == 200


def test_with_keys_a_forged_signature_of_the_past_is_refused_before_its_body(start_serve):
    served = start_serve("--require-signature")
    with socket.create_connection(("127.0.0.1", served.port), timeout=60) as peer:
        peer.sendall(
            f"POST /2015-03-31/functions HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nAuthorization: {AUTHORIZATION}\r\n"
            "X-Amz-Date: 20200101T000000Z\r\nContent-Length: 70000000\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        assert peer.recv(4096).startswith(b"HTTP/1.1 403 ")


def resident_mb(served):
    status = Path(f"/proc/{served.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def test_slow_and_unfinished_requests_leave_it_small_and_serving(serve):
    client = serve.client()
    create(client, "echo", ECHO)
    head = (
        f"POST /2015-03-31/functions HTTP/1.1\r\nHost: 127.0.0.1:{serve.port}\r\nAuthorization: {AUTHORIZATION}\r\n"
        "X-Amz-Date: 20200101T000000Z\r\n"
    ).encode()
    slow = [socket.create_connection(("127.0.0.1", serve.port), timeout=60) for _ in range(400)]
    unfinished = [socket.create_connection(("127.0.0.1", serve.port), timeout=60) for _ in range(10)]
    try:
        for peer in slow:
            peer.sendall(head[:100])
        piece = b"x" * (1 << 20)
        for peer in unfinished:
            peer.sendall(head + b"Content-Length: 82837504\r\n\r\n")
            peer.setblocking(False)
        for _ in range(79):
            for peer in unfinished:
                try:
                    peer.send(piece)
                except BlockingIOError:
                    pass  # it does not take in what it has no room for
        answer = client.invoke(FunctionName="echo", Payload=json.dumps("x" * 1_000_000))
        assert len(json.loads(answer["Payload"].read())) == 1_000_000
        assert resident_mb(serve) < 200
    finally:
        for peer in slow + unfinished:
            peer.close()
    assert client.invoke(FunctionName="echo", Payload="1")["StatusCode"] == 200
