"""The process of an HTTP worker (http_worker.py) in which tasks run, one after the other.

It reads tasks from the descriptor that LAMBDAPOOL_TASK_FD names, and runs them as Lambda's handler would. That it dies,
takes too long or too much memory is for the process that started it to see.
"""

import json
import mmap
import os
import socket
import struct
import sys
import time
import traceback

from . import forked, handler, lambda_handler
from .envelope import LambdapoolProtocolError

_LENGTH = struct.Struct("<Q")
_HEAD = struct.Struct("<Qd")
BODY_LIMIT = 32 * 1024 * 1024


class Context:
    """What the agent asks of Lambda's context."""

    lambdapool_shared = None  # memory in which outcomes are told early

    def __init__(self, seconds):
        self._deadline = time.monotonic() + seconds

    def get_remaining_time_in_millis(self):
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def _parsed(body):
    try:
        return json.loads(body)
    except ValueError as error:
        raise LambdapoolProtocolError("the task is not JSON: %s" % error) from None


def run(body, seconds):
    """The outcome's envelope or a description of the error, as bytes, and the error's type ("" where there is none)."""
    try:
        if b"\0" in body:
            return handler.raw_handler(body, Context(seconds)), ""
        answer = lambda_handler(_parsed(body), Context(seconds))
        return json.dumps(answer).encode(), ""
    except BaseException as error:
        described = {
            "errorType": type(error).__name__,
            "errorMessage": str(error),
            "stackTrace": traceback.format_tb(error.__traceback__),
        }
        return json.dumps(described).encode(), type(error).__name__


def serve(channel):
    while True:
        head = channel.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return
        size, seconds = _HEAD.unpack(head)
        body = channel.read(size)
        if len(body) < size:
            return
        answer, error = run(body, seconds)
        forked.flush()
        kind = error.encode()
        channel.write(_LENGTH.pack(len(kind)) + _LENGTH.pack(len(answer)) + kind + answer)
        channel.flush()


def shared_memory():
    """Of the descriptor that LAMBDAPOOL_PARTS_FD names; None where there is none."""
    number = os.environ.pop("LAMBDAPOOL_PARTS_FD", None)
    if number is None:
        return None
    memory = mmap.mmap(int(number), 0)
    os.close(int(number))
    return memory


def main():
    Context.lambdapool_shared = shared_memory()
    handler.use_response_limit(BODY_LIMIT)
    connection = socket.socket(fileno=int(os.environ.pop("LAMBDAPOOL_TASK_FD")))
    os.set_inheritable(connection.fileno(), False)
    channel = connection.makefile("rwb")

    def let_go():  # in a child, which has nothing to say there
        channel.close()
        connection.close()

    os.register_at_fork(after_in_child=let_go)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # others watch it
    serve(channel)


if __name__ == "__main__":
    main()
