"""Serves tasks over HTTP: a function's other way of running, for platforms that run a container with a port.

    python3 lambdapool_agent/http_worker.py

Run as a file, so that nothing of the package but platform_log.py, and nothing of the user's, is imported here: tasks
run in processes of their own (task_process.py), which this one starts, gives tasks, and holds to the time and the
memory that they have. So whatever becomes of a task, its caller hears of it: the platforms themselves let a container
go on after the time is over, and say nothing but 503 of one that died. What is asked and answered is in
docs/protocol.md, HTTP workers.

Settings are environment variables: PORT, or LAMBDAPOOL_LISTEN_FD for a socket that listens already;
LAMBDAPOOL_TIMEOUT (else CLOUD_RUN_TIMEOUT_SECONDS) in seconds; LAMBDAPOOL_MEMORY_MB, of the whole instance;
LAMBDAPOOL_PER_INSTANCE, how many tasks run at a time, 1 unless given.
"""

import base64
import http.server
import json
import os
import queue
import selectors
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from typing import Any

import platform_log  # type: ignore[import-not-found]  # beside this file, which is run as one

BODY_LIMIT = 32 * 1024 * 1024  # Cloud Run's, of requests and of answers
TOO_LARGE = b"a task has at most 33,554,432 bytes\n"
WATCH_SECONDS = 0.05
PAUSES = (0, 0.1, 1, 10)  # before another process, where the last ones ended without a task
TIMEOUT_SECONDS = 300.0  # Cloud Run's, where nothing else is said
_LENGTH = struct.Struct("<Q")
_HEAD = struct.Struct("<Qd")  # how long the body is, and how many seconds there are for it


class Settings:
    def __init__(self, environment):
        timeout = environment.get("LAMBDAPOOL_TIMEOUT") or environment.get("CLOUD_RUN_TIMEOUT_SECONDS")
        self.timeout = float(timeout) if timeout else TIMEOUT_SECONDS
        memory = environment.get("LAMBDAPOOL_MEMORY_MB")
        self.memory_bytes = int(memory) << 20 if memory else None
        self.per_instance = int(environment.get("LAMBDAPOOL_PER_INSTANCE") or 1)
        self.port = int(environment.get("PORT") or 8080)
        descriptor = environment.get("LAMBDAPOOL_LISTEN_FD")
        self.listen_fd = int(descriptor) if descriptor else None


class Answer:
    """`error`: the type, where the body says what went wrong rather than holding an outcome."""

    def __init__(self, body, error=None):
        self.body, self.error, self.log = body, error, b""


def failure(kind, message):
    return Answer(json.dumps({"errorType": kind, "errorMessage": message}).encode(), kind)


class Task:
    def __init__(self, body, id):
        self.body, self.id, self.done = body, id, threading.Event()
        self.answer: Any = None


class Worker:
    """One task process at a time, and the thread that minds it."""

    def __init__(self, settings, tasks, slot=None):
        self._settings, self._tasks = settings, tasks
        self._process: Any = None
        self._channel: Any = None
        self._log = -1
        self._tail = b""
        self._platform_log = platform_log.Log(slot)
        self._peak = 0

    def run(self):
        deaths = 0  # of processes that had nothing to do, one after the other
        while True:
            task = self._pause(PAUSES[min(deaths, len(PAUSES) - 1)])
            self._start()
            task = task or self._wait_for_task()
            if task is None:
                deaths += 1
                continue
            deaths = 0
            self._start()  # where the process has ended since it was last looked at
            start = self._platform_log.start(task.id)
            begun = time.monotonic()
            task.answer = self._perform(task.body)
            used = (self._peak, self._settings.memory_bytes or 0)
            end = self._platform_log.report(task.id, time.monotonic() - begun, used, task.answer.error)
            task.answer.log = platform_log.tail(start, self._tail, end)
            task.done.set()

    def _pause(self, seconds):
        """A task that ends the pause."""
        try:
            return self._tasks.get(timeout=seconds) if seconds else None
        except queue.Empty:
            return None

    def _start(self):
        if self._process is not None and self._process.poll() is None:
            return
        self._close()
        ours, theirs = socket.socketpair()
        self._log, output = os.pipe()
        os.set_blocking(self._log, False)
        environment = dict(os.environ, LAMBDAPOOL_TASK_FD=str(theirs.fileno()))
        for name in ("PORT", "LAMBDAPOOL_LISTEN_FD"):
            environment.pop(name, None)
        self._process = subprocess.Popen(
            [sys.executable, *(["-S"] if sys.flags.no_site else []), "-m", "lambdapool_agent.task_process"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(theirs.fileno(),),
            env=environment,
            start_new_session=True,
        )
        self._channel = ours
        theirs.close()
        os.close(output)

    def _close(self):
        if self._process is None:
            return
        self.kill()
        self._process.wait()
        self._read_log()
        os.close(self._log)
        self._channel.close()
        self._process = None

    def kill(self):
        process = self._process
        try:
            if process is not None:
                os.killpg(process.pid, signal.SIGKILL)
        except OSError:
            pass  # it has ended

    def _wait_for_task(self):
        """None where the process ended meanwhile. What it says between two tasks goes to the log."""
        while self._process.poll() is None:
            try:
                return self._tasks.get(timeout=0.2)
            except queue.Empty:
                self._read_log()
        return None

    def _read_log(self):
        while True:
            try:
                text = os.read(self._log, 1 << 16)
            except OSError:
                return
            if not text:
                return
            self._tail = (self._tail + text)[-platform_log.LOG_TAIL :]
            self._platform_log.write(text)

    def _perform(self, body):
        self._read_log()
        self._tail = b""
        timeout, self._kills = self._settings.timeout, _oom_kills()
        self._peak = 0
        deadline = time.monotonic() + timeout
        received = bytearray()
        sender = threading.Thread(target=self._send, args=(self._channel, body, timeout), daemon=True)
        sender.start()
        with selectors.DefaultSelector() as selector:
            selector.register(self._channel, selectors.EVENT_READ)
            selector.register(self._log, selectors.EVENT_READ)
            while True:
                left = deadline - time.monotonic()
                if left <= 0:
                    return self._out_of_time(timeout)
                ready = {key.fileobj for key, _ in selector.select(min(left, WATCH_SECONDS))}
                if self._is_beyond_memory():
                    return self._out_of_memory()
                if self._log in ready:
                    self._read_log()
                if self._channel not in ready:
                    continue
                part = self._receive()
                if not part:
                    return self._died()
                received += part
                answer = _parse(received)
                if answer is not None:
                    self._read_log()
                    self._peak = max(self._peak, _resident_bytes(self._process.pid))
                    return answer

    def _receive(self):
        try:
            return self._channel.recv(1 << 20)
        except OSError:
            return b""

    @staticmethod
    def _send(channel, body, timeout):
        try:
            channel.sendall(_HEAD.pack(len(body), timeout) + body)
        except OSError:
            pass  # the process has died, which who reads from it sees

    def _out_of_time(self, timeout):
        self._close()
        return failure(platform_log.TIMED_OUT, "Task timed out after %.2f seconds" % timeout)

    def _out_of_memory(self):
        self._close()
        return failure(platform_log.OUT_OF_MEMORY, "Runtime exited with error: signal: killed")

    def _died(self):
        status = self._process.wait()
        self._close()
        limit = self._settings.memory_bytes
        if status == -signal.SIGKILL and (_oom_kills() > self._kills or (limit and self._peak > 0.8 * limit)):
            return self._out_of_memory()
        how = "signal: " + _signal_name(-status) if status < 0 else "exit status %d" % status
        return failure(platform_log.DIED, "Runtime exited with error: " + how)

    def _is_beyond_memory(self):
        limit = self._settings.memory_bytes
        if limit is None:
            return False
        used = _resident_bytes(self._process.pid)
        self._peak = max(self._peak, used)
        return used > limit


def _parse(received):
    """The answer, once all of it is there: its type's length and its own, then both."""
    if len(received) < 2 * _LENGTH.size:
        return None
    (name,), (size,) = _LENGTH.unpack_from(received), _LENGTH.unpack_from(received, _LENGTH.size)
    start = 2 * _LENGTH.size
    if len(received) < start + name + size:
        return None
    error = bytes(received[start : start + name]).decode()
    return Answer(bytes(received[start + name :]), error or None)


def _resident_bytes(pid):
    """Of the process and all below it."""
    total, left = 0, [pid]
    while left:
        each = left.pop()
        try:
            with open("/proc/%d/statm" % each) as file:
                total += int(file.read().split()[1]) * _PAGE
            for thread in os.listdir("/proc/%d/task" % each):
                with open("/proc/%d/task/%s/children" % (each, thread)) as file:
                    left.extend(map(int, file.read().split()))
        except (OSError, IndexError):
            pass  # it has ended
    return total


_PAGE = os.sysconf("SC_PAGE_SIZE")


def _oom_kills():
    """How often the kernel has killed something of this container for its memory; 0 where it does not say."""
    try:
        with open("/sys/fs/cgroup/memory.events") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("oom_kill ")), 0)
    except OSError:
        return 0


def _signal_name(number):
    # As Lambda has them.
    return (signal.strsignal(number) or "signal %d" % number).lower()


class Handler(http.server.BaseHTTPRequestHandler):
    server: "Server"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = False  # not every socket that is handed over is TCP
    wbufsize = -1  # head and body in one write

    def do_GET(self):
        self._send(200, b"a lambdapool function: tasks come by POST\n", {"Content-Type": "text/plain"})

    def do_POST(self):
        body = self._body()
        if body is None:
            return
        task = Task(body, platform_log.request_id(self.headers))
        self.server.tasks.put(task)
        task.done.wait()
        answer = task.answer
        kind = "application/vnd.lambdapool" if b"\0" in answer.body else "application/json"
        headers = {"Content-Type": kind, "X-Lambdapool-Log": base64.b64encode(answer.log).decode()}
        headers["X-Lambdapool-Request"] = task.id
        if answer.error is not None:
            headers["X-Lambdapool-Error"] = answer.error
        self._send(200, answer.body, headers)

    def _body(self):
        if (self.headers["Transfer-Encoding"] or "").strip().lower() == "chunked":
            return self._chunks()
        try:
            size = int(self.headers["Content-Length"] or 0)
        except ValueError:
            return self._refuse(400, b"the Content-Length is no number\n")
        if not 0 <= size <= BODY_LIMIT:
            return self._refuse(413, TOO_LARGE)
        body = self.rfile.read(size)
        if len(body) < size:
            self.close_connection = True
            return None
        return body

    def _chunks(self):
        body = bytearray()
        while True:
            try:
                size = int(self.rfile.readline(1024).partition(b";")[0], 16)
            except ValueError:
                return self._refuse(400, b"a chunk has no size\n")
            if not 0 <= size <= BODY_LIMIT - len(body):
                return self._refuse(413, TOO_LARGE)
            if size == 0:
                break
            part = self.rfile.read(size + 2)
            if len(part) < size + 2:
                self.close_connection = True
                return None
            body += part[:-2]
        while self.rfile.readline(65536).strip():
            pass  # trailers
        return bytes(body)

    def _refuse(self, status, why):
        self.close_connection = True
        self._send(status, why, {"Content-Type": "text/plain", "Connection": "close"})

    def _send(self, status, body, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *arguments):
        pass  # the platform logs requests


def _user_of(connection):
    """Who is at the other end of a Unix socket: who gives tasks has code run."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return _CREDENTIALS.unpack(credentials)[1]


_CREDENTIALS = struct.Struct("3i")  # process, user, group


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, settings):
        listening = None
        if settings.listen_fd is not None:
            listening = socket.socket(fileno=settings.listen_fd)
            self.address_family = listening.family
        super().__init__(("0.0.0.0", settings.port), Handler, bind_and_activate=False)
        if listening is not None:
            self.socket.close()
            self.socket = listening
        else:
            self.server_bind()
            self.server_activate()
        self.tasks: "queue.SimpleQueue[Task]" = queue.SimpleQueue()

    def get_request(self):
        connection, address = super().get_request()
        if self.address_family == socket.AF_UNIX and _user_of(connection) != os.getuid():
            connection.close()
            raise OSError("a task from another user")
        return connection, address or ("", 0)  # of a Unix socket there is none


def main():
    settings = Settings(os.environ)
    server = Server(settings)
    several = settings.per_instance > 1
    workers = [Worker(settings, server.tasks, slot if several else None) for slot in range(settings.per_instance)]
    platform_log.starts.put(platform_log.age_of_process())

    def end(*_):
        for worker in workers:
            worker.kill()
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    for worker in workers:
        threading.Thread(target=worker.run, daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    sys.path.pop(0)  # this directory, whose modules are the package's and not for every import
    main()
