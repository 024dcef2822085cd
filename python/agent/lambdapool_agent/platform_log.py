"""What an HTTP worker (http_worker.py) writes for the platform's log, in the form of Lambda's (docs/protocol.md)."""

import json
import os
import queue
import re
import sys
import uuid

LOG_TAIL = 4096
LINE_MAX = 65536  # of a line that does not end
TIMED_OUT, OUT_OF_MEMORY, DIED = "Sandbox.Timedout", "Runtime.OutOfMemory", "Runtime.ExitError"

starts: "queue.SimpleQueue[float]" = queue.SimpleQueue()  # how long the worker took to start, for the first report


class Log:
    """What a task process writes, on its way to the platform's log, and the lines that begin and end a task there.

    Where several tasks run at a time, their lines are told apart by a label: each is then JSON, as Cloud Logging reads
    it.
    """

    def __init__(self, slot):
        self._slot, self._part, self._ended = slot, b"", True

    def write(self, text):
        if self._slot is None:
            self._ended = text.endswith(b"\n")
            return self._out(text)
        lines = (self._part + text).split(b"\n")
        self._part = lines.pop()
        if len(self._part) > LINE_MAX:
            lines.append(self._part)
            self._part = b""
        self._out(b"".join(map(self._labelled, lines)))

    def _own_line(self, text):
        if self._slot is None:
            return self.write((b"" if self._ended else b"\n") + text.encode() + b"\n")
        self.write((b"\n" if self._part else b"") + text.encode() + b"\n")

    def _labelled(self, line):
        labels = {"lambdapool_slot": str(self._slot)}
        message = line.decode(errors="replace")
        return json.dumps({"message": message, "logging.googleapis.com/labels": labels}).encode() + b"\n"

    def start(self, id):
        """The line."""
        line = "START RequestId: " + id
        self._own_line(line)
        return line

    def report(self, id, seconds, used, error):
        """`used`: the most memory that was used, and how much there is; `error`: the type of what ended the task.
        The line."""
        milliseconds = seconds * 1000
        line = "REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %d ms" % (
            id,
            milliseconds,
            -(-milliseconds // 100) * 100,  # Cloud Run charges an instance's time in steps of 100 ms
        )
        line += "\tMemory Size: %d MB\tMax Memory Used: %d MB\t" % (used[1] >> 20, used[0] >> 20)
        try:
            line += "Init Duration: %.2f ms\t" % starts.get_nowait()
        except queue.Empty:
            pass
        if error == TIMED_OUT:
            line += "Status: timeout"
        elif error in (OUT_OF_MEMORY, DIED):
            line += "Status: error\tError Type: " + error
        self._own_line(line)
        return line

    @staticmethod
    def _out(text):
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()


def tail(start, written, report):
    """What the caller gets of a task's log: the end of it, as Lambda's."""
    end = b"" if written.endswith(b"\n") or not written else b"\n"
    return (start.encode() + b"\n" + written + end + report.encode() + b"\n")[-LOG_TAIL:]


def age_of_process():
    """Of this process, in milliseconds; 0 where the system does not say."""
    try:
        with open("/proc/self/stat") as file:
            started = int(file.read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
        with open("/proc/uptime") as file:
            return max(0.0, (float(file.read().split()[0]) - started) * 1000)
    except (OSError, ValueError, IndexError):
        return 0.0


def request_id(headers):
    """The trace's, which the platform has in its own log too; else one of our own."""
    for name, form in (("X-Cloud-Trace-Context", r"([0-9a-fA-F]{32})\b"), ("traceparent", r"\w\w-([0-9a-f]{32})-")):
        known = re.match(form, headers.get(name) or "")
        if known:
            return known[1].lower()
    return uuid.uuid4().hex
