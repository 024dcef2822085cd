"""A C++ program as an HTTP worker: what a platform that runs a container with a port gets to see."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import BUILD

sys.path.append(str(Path(__file__).resolve().parent.parent / "python"))

from part_frames import frames, next_frame


class Worker:
    def __init__(self, tmp_path, **settings):
        self.path = str(tmp_path / "s")
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(self.path)
        listening.listen()
        os.set_inheritable(listening.fileno(), True)
        self.process = subprocess.Popen(
            [BUILD / "tests" / "twin_one"],
            env={"LAMBDAPOOL_HTTP_WORKER": "1", "LAMBDAPOOL_LISTEN_FD": str(listening.fileno()), **settings},
            pass_fds=(listening.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        listening.close()

    def connect(self):
        connection = http.client.HTTPConnection("localhost", timeout=60)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(self.path)
        return connection


@pytest.fixture
def worker(tmp_path):
    made = Worker(tmp_path)
    yield made
    made.process.terminate()
    assert made.process.wait(60) == 0
    made.process.communicate()


def ask(connection, method, body=None, **options):
    connection.request(method, "/", body, **options)
    response = connection.getresponse()
    return response.status, response.headers, response.read()


def test_it_says_that_it_is_there(worker):
    status, _, body = ask(worker.connect(), "GET")
    assert (status, body) == (200, b"a lambdapool function: tasks come by POST\n")


@pytest.mark.parametrize("in_chunks", [False, True])
def test_what_is_no_task_is_answered_and_the_next_one_comes_on_the_same_connection(worker, in_chunks):
    connection = worker.connect()
    for body in (b"", b"{}", b"\0\0", b"x" * 3_000_000):
        parts = iter([body[:1_000], body[1_000:]]) if in_chunks else body
        headers = {"Transfer-Encoding": "chunked"} if in_chunks else {}
        status, headers, answer = ask(connection, "POST", parts, headers=headers, encode_chunked=in_chunks)
        assert (status, headers["X-Lambdapool-Error"]) == (200, "LambdapoolProtocolError")
        assert json.loads(answer)["errorType"] == "LambdapoolProtocolError"


def test_a_task_for_another_language_is_refused(worker):
    task = {"lambdapool": 1, "codec": "pickle", "peer": "3.11", "encoding": "base64", "task": "gA=="}
    status, headers, answer = ask(worker.connect(), "POST", json.dumps(task))
    assert (status, headers["X-Lambdapool-Error"]) == (200, "LambdapoolCodeMismatch")
    assert "C++ executable" in json.loads(answer)["errorMessage"]


ACCEPT = {"Accept": "application/vnd.lambdapool.parts"}


def test_what_tells_nothing_early_is_answered_at_once(worker):
    status, headers, answer = ask(worker.connect(), "POST", b"{}", headers={**ACCEPT, "X-Lambdapool-Output": "live"})
    assert (status, headers["Content-Type"], headers["Transfer-Encoding"]) == (200, "application/json", None)
    assert json.loads(answer)["errorType"] == "LambdapoolProtocolError"


def children_of(pid):
    children = []
    for thread in os.listdir("/proc/%d/task" % pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            children += map(int, Path("/proc/%d/task/%s/children" % (pid, thread)).read_text().split())
    return children


def test_a_task_of_which_there_is_nothing_to_tell_is_told_to_be_under_way(tmp_path):
    worker = Worker(tmp_path, LAMBDAPOOL_BEAT_MS="1")
    assert ask(worker.connect(), "POST", b"{}")[0] == 200  # its process is there
    (process,) = children_of(worker.process.pid)
    os.kill(process, signal.SIGSTOP)
    connection = worker.connect()
    connection.request("POST", "/", b"{}", ACCEPT)
    response = connection.getresponse()
    assert (response.status, response.headers["Content-Type"]) == (200, ACCEPT["Accept"])
    assert [next_frame(response) for _ in range(3)] == [("N", b"")] * 3
    os.kill(process, signal.SIGCONT)
    rest = [(kind, content) for kind, _, _, content in frames(response.read()) if kind != "N"]
    assert [kind for kind, _ in rest] == ["L", "E"]
    assert json.loads(rest[1][1])["errorType"] == "LambdapoolProtocolError"
    worker.process.terminate()
    worker.process.communicate(timeout=60)


def test_other_methods_and_too_much_are_refused(worker):
    assert ask(worker.connect(), "DELETE")[0] == 405
    connection = worker.connect()
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", str((32 << 20) + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413


def test_who_waits_to_be_told_to_go_on_is_told(worker):
    connection = worker.connect()
    connection.sock.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert connection.sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sock.sendall(b"{}")
    assert connection.sock.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")


def test_settings_that_make_no_sense_end_it_with_a_sentence(tmp_path):
    worker = Worker(tmp_path, LAMBDAPOOL_PER_INSTANCE="many")
    assert worker.process.communicate(timeout=60)[1] == (
        "lambdapool: LAMBDAPOOL_PER_INSTANCE is 'many', and not a number from 1 to 1000\n"
    )
    assert worker.process.returncode == 1
