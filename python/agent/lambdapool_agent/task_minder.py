"""Minds the processes of an HTTP worker (http_worker.py) that run tasks: starts them, gives them tasks, holds them to
the time and the memory that they have, and tells of their end."""

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

import ahead  # type: ignore[import-not-found]  # beside http_worker.py, which is run as a file
import parts_memory  # type: ignore[import-not-found]
import platform_log  # type: ignore[import-not-found]

WATCH_SECONDS = 0.05
PAUSES = (0, 0.1, 1, 10)  # before another process, where the last ones ended without a task
FIRST_WORDS_MAX = 64 << 10
_LENGTH = struct.Struct("<Q")
_HEAD = struct.Struct("<Qd")  # how long the body is, and how many seconds there are for it


class Answer:
    """`error`: the type, where the body says what went wrong rather than holding an outcome."""

    def __init__(self, body, error=None):
        self.body, self.error, self.log = body, error, b""


def failure(kind, message):
    return Answer(json.dumps({"errorType": kind, "errorMessage": message}).encode(), kind)


class Task:
    def __init__(self, body, id, hears=False, output=False):
        """`hears`: its caller takes what is told ahead of the answer; `output`: with what it writes."""
        self.body, self.id, self.hears, self.output = body, id, hears, output
        self.news: "queue.SimpleQueue[Any]" = queue.SimpleQueue()  # frames ahead of the answer; then None
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
        self._parts: Any = None  # of the process; None: it has none
        self._first_words = b""  # of the process, before its first task
        self._is_new = True  # it has had none
        self._ahead: Any = None  # of the task that runs

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
            task.answer = self._perform(task)
            used = (self._peak, self._settings.memory_bytes or 0)
            end = self._platform_log.report(task.id, time.monotonic() - begun, used, task.answer.error)
            task.answer.log = platform_log.tail(start, self._tail, end)
            task.news.put(None)

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
        self._parts, self._first_words, self._is_new = parts_memory.make(), b"", True
        given = [theirs.fileno(), *([self._parts.descriptor] if self._parts else [])]
        names = ("LAMBDAPOOL_TASK_FD", "LAMBDAPOOL_PARTS_FD")
        environment = dict(os.environ, **dict(zip(names, map(str, given))))
        for name in ("PORT", "LAMBDAPOOL_LISTEN_FD"):
            environment.pop(name, None)
        self._process = subprocess.Popen(
            [sys.executable, *(["-S"] if sys.flags.no_site else []), "-m", "lambdapool_agent.task_process"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=given,
            env=environment,
            start_new_session=True,
        )
        self._channel = ours
        theirs.close()
        os.close(output)
        if self._parts:
            os.close(self._parts.descriptor)

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
            if self._ahead is not None:
                self._ahead.write(text)
            elif self._is_new:
                self._first_words = (self._first_words + text)[:FIRST_WORDS_MAX]

    def _perform(self, task):
        self._begin(task)
        answer = self._answer_to(task.body)
        if self._ahead is not None:
            if self._process is None and self._parts is not None:
                self._ahead.parts(self._parts.rest())
            self._ahead.end()
            self._ahead = None
        return answer

    def _begin(self, task):
        """What the process has written since the last task is not this one's, unless it is the first."""
        self._read_log()
        self._tail = b""
        if self._parts is not None:
            self._parts.begin()
        words, self._first_words, self._is_new = self._first_words, b"", False
        if task.hears:
            self._ahead = ahead.Ahead(task.news.put, task.output)
            self._ahead.write(words)

    def _answer_to(self, body):
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
                if self._ahead is not None and self._parts is not None and not received:
                    self._ahead.parts(self._parts.look())
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
        _, ended, used = os.wait4(self._process.pid, 0)
        status = self._process.returncode = os.waitstatus_to_exitcode(ended)
        self._peak = max(self._peak, used.ru_maxrss * 1024)  # it may have been faster than the watch
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
