"""The Python agent as an HTTP server: what a platform that runs a container with a port gets to see."""

import base64
import http.client
import json
import os
import pickle
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORKER = ROOT / "python" / "agent" / "lambdapool_agent" / "http_worker.py"
PEER = "%d.%d" % sys.version_info[:2]


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class Worker:
    def __init__(self, tmp_path, **settings):
        self.path = str(tmp_path / "s")
        (tmp_path / "tasks.py").write_text(TASKS)
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(self.path)
        listening.listen()
        os.set_inheritable(listening.fileno(), True)
        environment = {"PATH": os.environ["PATH"], "LAMBDAPOOL_LISTEN_FD": str(listening.fileno())}
        environment["PYTHONPATH"] = os.pathsep.join(
            str(path) for path in (ROOT / "python" / "agent", *map(Path, sys.path[1:]), tmp_path)
        )
        environment.update({name: str(value) for name, value in settings.items()})
        self.process = subprocess.Popen(
            [sys.executable, str(WORKER)],
            env=environment,
            cwd=tmp_path,
            pass_fds=(listening.fileno(),),
            stdout=subprocess.PIPE,
        )
        listening.close()

    def request(self, method, body=None):
        connection = UnixConnection(self.path)
        connection.request(method, "/", body)
        response = connection.getresponse()
        return response.status, response.headers, response.read()

    def task(self, name, *args):
        body = b"\x80\x05ctasks\n" + name.encode() + b"\n." + pickle.dumps(("call", [(args, {})]), 5)
        envelope = {"lambdapool": 1, "codec": "pickle", "peer": PEER, "echo": "e-1", "encoding": "base64"}
        envelope["task"] = base64.b64encode(body).decode()
        status, headers, answer = self.request("POST", json.dumps(envelope))
        assert status == 200
        return headers, json.loads(answer)

    def value(self, name, *args):
        headers, answer = self.task(name, *args)
        assert headers["X-Lambdapool-Error"] is None, answer
        assert answer["echo"] == "e-1"
        (outcome,), _ = pickle.loads(base64.b64decode(answer["outcome"]))
        value = pickle.loads(outcome[1])
        return value[0] if outcome[0] == 5 else value  # 5: several values in one pickle

    def error(self, name, *args):
        headers, answer = self.task(name, *args)
        assert headers["X-Lambdapool-Error"] == answer["errorType"]
        return answer

    def close(self):
        self.process.terminate()
        self.process.communicate(timeout=30)


TASKS = """
import os, signal, sys, threading, time
def double(n): return 2 * n
def pid(): return os.getpid()
def spoken(text): print(text, flush=True); return os.getppid()
def forever():
    while True: time.sleep(60)
def die(status): os._exit(status)
def crash(): os.kill(os.getpid(), signal.SIGSEGV)
def eat(): kept = [bytes(range(256)) * 4096 for _ in range(1 << 20)]
def large(size): return os.urandom(size)
def meet(path):
    open(os.path.join(path, str(os.getpid())), "w").close()
    while len(os.listdir(path)) < 2: time.sleep(0.005)
    return os.getpid()
"""


@pytest.fixture
def start(tmp_path):
    workers = []

    def starter(**settings):
        workers.append(Worker(tmp_path, **settings))
        return workers[-1]

    yield starter
    for worker in workers:
        worker.close()


def test_tasks_are_answered_by_a_process_that_is_kept(start):
    worker = start()
    assert worker.value("double", 21) == 42
    assert worker.value("pid") == worker.value("pid") != worker.process.pid


def test_what_a_task_prints_goes_to_the_platform_and_back_to_its_caller(start):
    worker = start()
    headers, _ = worker.task("spoken", "hello")
    assert base64.b64decode(headers["X-Lambdapool-Log"]) == b"hello\n"
    headers, _ = worker.task("double", 1)
    assert headers["X-Lambdapool-Log"] == ""
    worker.process.terminate()
    assert worker.process.communicate()[0] == b"hello\n"


def test_a_task_that_takes_too_long_is_killed(start):
    worker = start(LAMBDAPOOL_TIMEOUT="0.5")
    assert worker.error("forever") == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "Task timed out after 0.50 seconds",
    }


def test_with_the_worker_end_its_tasks(start, tmp_path):
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    worker = start()
    pid = worker.value("pid")
    threading.Thread(target=lambda: pytest.raises(OSError, worker.task, "meet", str(meeting)), daemon=True).start()
    while not list(meeting.iterdir()):
        pass
    worker.process.terminate()
    worker.process.communicate(timeout=30)
    with pytest.raises((ProcessLookupError, FileNotFoundError)):
        while Path("/proc/%d/stat" % pid).read_text().split()[2] != "Z":
            os.kill(pid, 0)
        raise ProcessLookupError  # dead, and waiting for whoever has inherited it


def test_after_a_death_there_is_another_process(start):
    worker = start()
    first = worker.value("pid")
    assert "exit status 3" in worker.error("die", 3)["errorMessage"]
    assert worker.error("crash")["errorType"] == "Runtime.ExitError"
    assert worker.value("pid") != first


def test_more_memory_than_there_is_ends_the_task_alone(start):
    worker = start(LAMBDAPOOL_MEMORY_MB=128)
    assert worker.error("eat")["errorType"] == "Runtime.OutOfMemory"
    assert worker.value("double", 2) == 4


def test_answers_may_be_as_large_as_the_platform_takes(start):
    assert len(start().value("large", 20 << 20)) == 20 << 20


def test_as_many_tasks_run_at_a_time_as_the_instance_is_told(start, tmp_path):
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    worker = start(LAMBDAPOOL_PER_INSTANCE=2)
    pids = []
    threads = [threading.Thread(target=lambda: pids.append(worker.value("meet", str(meeting)))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(pids)) == 2


def test_what_is_no_task_is_answered_all_the_same(start):
    worker = start()
    status, headers, body = worker.request("POST", b'{"hello": 1}')
    assert (status, headers["X-Lambdapool-Error"]) == (200, "LambdapoolProtocolError")
    assert "not a lambdapool task" in json.loads(body)["errorMessage"]
    assert worker.request("POST", b"\xff")[1]["X-Lambdapool-Error"] is not None
    assert worker.request("GET")[0] == 200
