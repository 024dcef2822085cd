"""The Python agent as an HTTP server: what a platform that runs a container with a port gets to see."""

import base64
import http.client
import json
import os
import pickle
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from part_frames import frames, next_frame

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


ACCEPT = {"Accept": "application/vnd.lambdapool.parts"}


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

    def request(self, method, body=None, headers=None):
        with self.open(method, body, headers) as response:
            return response.status, response.headers, response.read()

    def open(self, method, body=None, headers=None):
        connection = UnixConnection(self.path)
        connection.request(method, "/", body, headers or {})
        return connection.getresponse()

    def stream(self, body, **headers):
        """The answer whose frames next_frame() gives as they come."""
        response = self.open("POST", body, {**ACCEPT, **headers})
        assert (response.status, response.headers["Content-Type"]) == (200, ACCEPT["Accept"])
        return response

    def task(self, name, *args):
        status, headers, answer = self.request("POST", envelope_of(name, "call", [(args, {})]))
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
        self.process.communicate(timeout=120)


def envelope_of(name, style, items):
    body = b"\x80\x05ctasks\n" + name.encode() + b"\n." + pickle.dumps((style, items), 5)
    envelope = {"lambdapool": 1, "codec": "pickle", "peer": PEER, "echo": "e-1", "encoding": "base64", "parts": {}}
    return json.dumps({**envelope, "task": base64.b64encode(body).decode()})


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
def wait_for(path):
    print("waits", flush=True)
    while not os.path.exists(path): time.sleep(0.005)
def dies_at_three(n):
    if n == 3: os._exit(3)
    return n
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
    start, said, report = base64.b64decode(headers["X-Lambdapool-Log"]).decode().splitlines()
    assert (start.split()[0], said, report.split()[0]) == ("START", "hello", "REPORT")
    headers, _ = worker.task("double", 1)
    assert len(base64.b64decode(headers["X-Lambdapool-Log"]).splitlines()) == 2
    worker.process.terminate()
    written = worker.process.communicate()[0].decode().splitlines()
    first, second = (line.split()[2] for line in written if line.startswith("START"))
    assert written[:2] == ["START RequestId: " + first, "hello"]
    report = r"REPORT RequestId: %s\tDuration: [\d.]+ ms\tBilled Duration: \d+00 ms\tMemory Size: 0 MB\tMax Memory Used: \d+ MB\t"
    assert re.fullmatch(report % first + r"Init Duration: [\d.]+ ms\t", written[2])
    assert written[3] == "START RequestId: " + second
    assert re.fullmatch(report % second, written[4])


def test_a_request_has_the_id_of_its_trace(start):
    worker = start()
    trace = "0123456789abcdef" * 2
    for name, value in (
        ("X-Cloud-Trace-Context", trace + "/7;o=1"),
        ("traceparent", "00-%s-0011223344556677-01" % trace),
    ):
        assert worker.request("POST", b"{}", {name: value})[1]["X-Lambdapool-Request"] == trace
    own = worker.request("POST", b"{}", {"X-Cloud-Trace-Context": "nonsense"})[1]["X-Lambdapool-Request"]
    assert re.fullmatch("[0-9a-f]{32}", own) and own != trace


def test_lines_of_tasks_that_run_at_a_time_are_told_apart(start, tmp_path):
    worker = start(LAMBDAPOOL_PER_INSTANCE=2)
    for word in ("one", "two", "three"):
        worker.value("spoken", word)
    worker.process.terminate()
    entries = [json.loads(line) for line in worker.process.communicate()[0].splitlines()]
    by_slot = {}
    for entry in entries:
        by_slot.setdefault(entry["logging.googleapis.com/labels"]["lambdapool_slot"], []).append(entry["message"])
    said = []
    for lines in by_slot.values():
        kinds = [line.split()[0] for line in lines]
        assert kinds[::3] == ["START"] * (len(lines) // 3) and kinds[2::3] == ["REPORT"] * (len(lines) // 3)
        said += kinds[1::3]
    assert sorted(said) == ["one", "three", "two"]


def test_a_task_may_come_in_chunks(start):
    worker = start()
    connection = UnixConnection(worker.path)
    for body in (b"{}", b"\0" * 300_000):
        parts = iter([body[:1], body[1:]])
        connection.request("POST", "/", parts, {"Transfer-Encoding": "chunked"}, encode_chunked=True)
        response = connection.getresponse()
        assert (response.status, response.headers["X-Lambdapool-Error"]) == (200, "LambdapoolProtocolError")
        response.read()
    connection.putrequest("POST", "/")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders(b"%x\r\n" % ((32 << 20) + 1))
    assert connection.getresponse().status == 413


def test_a_process_that_dies_idle_is_not_started_again_and_again(start, tmp_path):
    counted = tmp_path / "starts"
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\n"
        "if 'LAMBDAPOOL_TASK_FD' in os.environ:\n"
        "    open(%r, 'a').write('x'); os._exit(7)\n" % str(counted)
    )
    worker = start()
    headers, _ = worker.task("double", 1)
    assert headers["X-Lambdapool-Error"] == "Runtime.ExitError"
    report = base64.b64decode(headers["X-Lambdapool-Log"]).decode().splitlines()[-1]
    assert int(re.search(r"Max Memory Used: (\d+) MB", report)[1]) > 0  # however short its life was
    (tmp_path / "sitecustomize.py").unlink()
    assert worker.value("double", 1) == 2
    assert len(counted.read_text()) < 20


def wait_until_dead(pid):
    """Gone, or waiting for whoever has inherited it. It may go while it is looked at."""
    try:
        while Path("/proc/%d/stat" % pid).read_text().split()[2] != "Z":
            pass
    except (FileNotFoundError, ProcessLookupError):
        pass


def test_a_process_that_has_died_meanwhile_takes_no_task_with_it(start):
    worker = start()
    for _ in range(5):
        pid = worker.value("pid")
        os.kill(pid, signal.SIGKILL)
        wait_until_dead(pid)
        assert worker.value("double", 2) == 4


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
    worker.process.communicate(timeout=120)
    wait_until_dead(pid)


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


LIVE = {"X-Lambdapool-Output": "live"}


def test_what_a_task_prints_is_there_while_it_runs(start, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import os\nif 'LAMBDAPOOL_TASK_FD' in os.environ: print('starts', flush=True)\n"
    )
    worker, mark = start(), tmp_path / "mark"
    with worker.stream(envelope_of("wait_for", "call", [((str(mark),), {})]), **LIVE) as response:
        told = b""
        while told != b"starts\nwaits\n":
            kind, content = next_frame(response)
            assert kind == "O"
            told += content
        mark.touch()
        ends = [(kind, content) for kind, _, _, content in frames(response.read())]
    assert [kind for kind, _ in ends] == ["L", "A"]
    assert b"\nwaits\n" in ends[0][1] and json.loads(ends[1][1])["echo"] == "e-1"
    with worker.stream(envelope_of("spoken", "call", [(("again",), {})]), **LIVE) as response:
        assert next_frame(response) == ("O", b"again\n")


def test_a_task_of_which_there_is_nothing_to_tell_is_told_to_be_under_way(start, tmp_path):
    worker, mark = start(LAMBDAPOOL_BEAT_MS=1), tmp_path / "mark"
    with worker.stream(envelope_of("wait_for", "call", [((str(mark),), {})])) as response:
        assert [next_frame(response) for _ in range(3)] == [("N", b"")] * 3
        mark.touch()
        assert [kind for kind, *_ in frames(response.read()) if kind != "N"] == ["L", "A"]


def test_a_process_that_dies_leaves_what_was_done(start):
    worker = start()
    with worker.stream(envelope_of("dies_at_three", "map", list(range(10)))) as response:
        told = frames(response.read())
    assert [frame[:3] for frame in told] == [
        *[("H", 0, 0), ("P", 0, 1), ("P", 1, 1), ("P", 2, 1)],
        *[("B", 0, 4), ("L", 0, 0), ("E", 0, 0)],
    ]
    assert json.loads(told[-1][3])["errorType"] == "Runtime.ExitError"
    assert told[-2][3].split()[0] == b"START"


def test_who_does_not_ask_for_frames_gets_a_whole_answer(start):
    worker = start(LAMBDAPOOL_BEAT_MS=1)
    usual = ["Server", "Date", "Content-Type", "X-Lambdapool-Log", "X-Lambdapool-Request"]
    status, headers, body = worker.request("POST", envelope_of("dies_at_three", "map", [0, 1, 2, 3]))
    assert (status, headers.keys()) == (200, [*usual, "X-Lambdapool-Error", "Content-Length"])
    assert json.loads(body)["errorType"] == "Runtime.ExitError"
    status, headers, body = worker.request("POST", envelope_of("dies_at_three", "map", [0, 1]))
    assert (status, headers.keys()) == (200, [*usual, "Content-Length"])
    assert json.loads(body)["echo"] == "e-1"
    old = socket.socket(socket.AF_UNIX)
    old.connect(worker.path)
    task = envelope_of("spoken", "call", [(("old",), {})]).encode()
    head = b"POST / HTTP/1.0\r\nAccept: %s\r\nX-Lambdapool-Output: live\r\nContent-Length: %d\r\n\r\n"
    old.sendall(head % (ACCEPT["Accept"].encode(), len(task)) + task)
    with old, old.makefile("rb") as answer:
        assert b"\r\nContent-Length: " in answer.read().partition(b"\r\n\r\n")[0]


def test_a_task_that_tells_nothing_early_is_answered_at_once(start):
    headers = start(LAMBDAPOOL_BEAT_MS=3_600_000).request("POST", envelope_of("double", "call", [((1,), {})]), ACCEPT)[1]
    assert (headers["Content-Type"], headers["Transfer-Encoding"]) == ("application/json", None)


def test_a_caller_who_goes_away_leaves_the_worker_as_it_was(start, tmp_path):
    worker, mark = start(LAMBDAPOOL_BEAT_MS=1), tmp_path / "mark"
    pid = worker.value("pid")
    with worker.stream(envelope_of("wait_for", "call", [((str(mark),), {})]), **LIVE) as response:
        next_frame(response)
    mark.touch()
    assert worker.value("pid") == pid
