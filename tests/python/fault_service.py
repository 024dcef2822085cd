"""A Lambda that goes wrong in every way a service or a network can: Invoke over raw sockets, with the agent in
this very process, so that the tests know which task ran how often (counted_tasks)."""

import collections
import gzip
import json
import random
import socket
import struct
import threading
import uuid

import lambdapool_agent

REASONS = [
    "ConcurrentInvocationLimitExceeded",
    "FunctionInvocationRateLimitExceeded",
    "ReservedFunctionConcurrentInvocationLimitExceeded",
    "ReservedFunctionInvocationRateLimitExceeded",
    "CallerRateLimitExceeded",
    "ConcurrentSnapshotCreateLimitExceeded",
]

#: What may happen to a connection before a request is read from it, and to a request, with its weight.
ON_ACCEPT = ["close", "reset"]
FAULTS = {
    "reset before the body was read": 2,
    "reset before it ran": 2,
    "close before it ran": 2,
    "garbage": 2,
    "500 before it ran": 2,
    "502 of a gateway": 1,
    "503 of a gateway": 1,
    "504 of a gateway": 1,
    "429 storm": 0.15,
    "no answer": 0.05,
    "reset after it ran": 2,
    "500 after it ran": 2,
    "half the headers": 2,
    "half the answer": 2,
    "half a chunk": 1,
    "stalled body": 0.05,
    "length too short": 1,
    "length too long": 1,
    "slow headers": 2,
    "chunked": 2,
    "early close": 2,
    "answer and reset": 2,
    "another call's answer": 2,
    "a late answer": 2,
    "answered twice": 2,
    "empty answer": 1,
    "compressed": 1,
}


class FaultService:
    """`share` of the requests meet a fault, drawn from FAULTS (or `faults`) by `seed`."""

    def __init__(self, seed=0, share=0.3, faults=FAULTS, accept_share=0.02, port=0):
        self.rng, self.share, self.faults, self.accept_share = random.Random(seed), share, faults, accept_share
        self.met = collections.Counter()
        self.requests = 0
        self._last_answer = b""  # to whatever call, on whatever connection
        self._storm = []  # reasons of the throttles to come
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._open = set()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=256)
        self.url = "http://127.0.0.1:%d" % self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        if self._over.is_set():
            return
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _draw(self):
        with self._lock:
            self.requests += 1
            if self._storm:
                return "429", self._storm.pop()
            if self.rng.random() >= self.share:
                return "none", None
            fault = self.rng.choices(list(self.faults), list(self.faults.values()))[0]
            self.met[fault] += 1
            if fault == "429 storm":
                reason = self.rng.choice(REASONS)
                self.met[reason] += 1
                self._storm = [reason] * self.rng.randint(1, 6)
                return "429", reason
            return fault, None

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                fault = self.rng.choice(ON_ACCEPT) if self.rng.random() < self.accept_share else None
                if fault:
                    self.met["%s at once" % fault] += 1
            if fault:
                _end(connection, fault == "reset")
            else:
                threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection):
        with self._lock:
            self._open.add(connection)
        reset = False
        try:
            reader = connection.makefile("rb")
            while (reset := self._answer_one(connection, reader)) is None:
                pass
        except OSError:
            pass
        finally:
            with self._lock:
                self._open.discard(connection)
            _end(connection, bool(reset))

    def _answer_one(self, connection, reader):
        """None: the connection goes on. True: it is to be reset. False: to be closed."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = reader.readline()
            if not line:
                return False
            head += line
        fault, reason = self._draw()
        if fault == "reset before the body was read":
            return True
        length = int(
            next(line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
        )
        body = reader.read(length)
        if len(body) < length:
            return False
        before = getattr(self, "_before_" + fault.split(" ")[0], None) if fault not in RUNS_FIRST else None
        if before:
            return before(connection, fault, reason)
        answer = json.dumps(lambdapool_agent.lambda_handler(json.loads(body), None)).encode()
        return self._after(connection, fault, answer)

    # --- without running the task

    def _before_reset(self, connection, fault, reason):
        return True

    def _before_close(self, connection, fault, reason):
        return False

    def _before_garbage(self, connection, fault, reason):
        connection.sendall(bytes(self.rng.randrange(256) for _ in range(40)) + b"\r\n\r\n")
        return False

    def _before_500(self, connection, fault, reason):
        connection.sendall(_service_exception())

    def _before_502(self, connection, fault, reason):
        connection.sendall(_message(int(fault[:3]), b"<html>Bad gateway</html>", {"Content-Type": "text/html"}))

    _before_503 = _before_504 = _before_502

    def _before_429(self, connection, fault, reason):
        body = json.dumps({"Type": "User", "Reason": reason, "message": "Rate Exceeded."}).encode()
        connection.sendall(
            _message(429, body, {"x-amzn-ErrorType": "TooManyRequestsException", "x-amzn-RequestId": _id()})
        )

    def _before_no(self, connection, fault, reason):
        connection.recv(1)  # until the client gives up
        return False

    # --- the task has run

    def _after(self, connection, fault, answer):
        whole = _message(200, answer, {"x-amzn-RequestId": _id()})
        with self._lock:
            other, self._last_answer = self._last_answer, answer
        if fault == "another call's answer":
            connection.sendall(_message(200, other or answer, {"x-amzn-RequestId": _id()}))
            return None
        if fault == "a late answer":  # the one before comes first, and this one is read as the next call's
            connection.sendall(_message(200, other or answer, {"x-amzn-RequestId": _id()}))
            connection.sendall(whole)
            return None
        if fault == "answered twice":
            connection.sendall(whole + whole)
            return None
        if fault == "empty answer":
            connection.sendall(_message(200, b"", {"x-amzn-RequestId": _id()}))
            return None
        if fault == "compressed":
            connection.sendall(
                _message(200, gzip.compress(answer), {"x-amzn-RequestId": _id(), "Content-Encoding": "gzip"})
            )
            return None
        head_length = len(whole) - len(answer)
        if fault == "reset after it ran":
            return True
        if fault == "500 after it ran":
            connection.sendall(_service_exception())
            return None
        if fault == "half the headers":
            connection.sendall(whole[: head_length // 2])
            return False
        if fault == "half the answer":
            connection.sendall(whole[: head_length + len(answer) // 2])
            return False
        if fault == "stalled body":
            connection.sendall(whole[: head_length + len(answer) // 2])
            connection.recv(1)
            return False
        if fault in ("length too short", "length too long"):
            claimed = len(answer) // 2 if fault == "length too short" else len(answer) + 10
            connection.sendall(_message(200, answer, {"x-amzn-RequestId": _id()}, claimed))
            return False
        if fault in ("chunked", "half a chunk"):
            chunked = b"HTTP/1.1 200 OK\r\nx-amzn-RequestId: %s\r\nTransfer-Encoding: chunked\r\n\r\n" % _id().encode()
            chunked += b"%x\r\n%s\r\n0\r\n\r\n" % (len(answer), answer)
            connection.sendall(chunked if fault == "chunked" else chunked[: -len(answer) // 2])
            return None if fault == "chunked" else False
        if fault == "slow headers":
            for start in range(0, head_length, 16):
                connection.sendall(whole[start : min(start + 16, head_length)])
                self._over.wait(0.001)
            connection.sendall(whole[head_length:])
            return None
        connection.sendall(whole)
        if fault == "early close":
            return False
        return True if fault == "answer and reset" else None


RUNS_FIRST = {"none", "chunked", "early close", "answer and reset", "slow headers", "stalled body"}
RUNS_FIRST |= {"length too short", "length too long", "half the headers", "half the answer", "half a chunk"}
RUNS_FIRST |= {"another call's answer", "a late answer", "answered twice", "empty answer", "compressed"}
RUNS_FIRST |= {"reset after it ran", "500 after it ran"}


def _id():
    return str(uuid.uuid4())


def _service_exception():
    body = b'{"Type":"Service","Message":"An error occurred and the request cannot be processed."}'
    return _message(500, body, {"x-amzn-ErrorType": "ServiceException", "x-amzn-RequestId": _id()})


def _message(status, body, headers, length=None):
    lines = ["HTTP/1.1 %d Whatever" % status, "Content-Length: %d" % (len(body) if length is None else length)]
    lines += ["%s: %s" % item for item in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _end(connection, reset):
    if reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        return
    try:
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    connection.close()
