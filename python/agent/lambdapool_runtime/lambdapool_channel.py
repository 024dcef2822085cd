"""Lambda's Runtime API over a connected socket: HTTP/1.1, just as much of it as that API needs; and what is sent there.

An answer is one request, or a stream: one that is sent in chunks while the handler runs. Where that has begun and then
fails, its trailers say how.
"""

import binascii
import json
import select
import threading

import lambdapool_invocation
from lambdapool_invocation import Context, describe, in_this_process, log_error, marshal, unmarshal, xray_cause

JSON = "application/json"
API = "/2018-06-01/runtime/"
NEXT = ("GET " + API + "invocation/next HTTP/1.1\r\nHost: localhost\r\n\r\n").encode()
POST = "POST " + API + "%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n%sContent-Length: %d\r\n\r\n"
STREAM = (
    "POST " + API + "invocation/%s/response HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n%s"
    "Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n"
    "Trailer: Lambda-Runtime-Function-Error-Type\r\nTrailer: Lambda-Runtime-Function-Error-Body\r\n\r\n"
)
ERROR_TYPE, ERROR_BODY = "Lambda-Runtime-Function-Error-Type: ", "Lambda-Runtime-Function-Error-Body: "
REQUEST_ID, TRACE_ID = "lambda-runtime-aws-request-id", "lambda-runtime-trace-id"
TENANT_ID = "lambda-runtime-aws-tenant-id"

lambdapool_invocation.OWN_FILES.add(__file__)


class Gone(Exception):
    """The other side has closed the connection."""


class Channel:
    def __init__(self, connection):
        self._connection = connection
        self._buffer = b""

    def ready(self):
        """An answer is about to begin."""

    def send(self, data):
        self._connection.sendall(data)

    def takes_more(self):
        """Without waiting for a slow reader."""
        return bool(select.select([], [self._connection], [], 0)[1])

    def receive(self):
        """The next response as (status, headers by their names in lower case, body)."""
        lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        if headers.get("transfer-encoding") == "chunked":
            body = self._chunks()
        else:
            body = self._bytes(int(headers.get("content-length", 0)))
        return int(lines[0].split(" ", 2)[1]), headers, body

    def _until(self, mark):
        end = self._buffer.find(mark)
        while end < 0:
            self._buffer += self._read(65536)
            end = self._buffer.find(mark)
        before, self._buffer = self._buffer[:end], self._buffer[end + len(mark) :]
        return before

    def _bytes(self, size):
        if len(self._buffer) < size:
            parts, have = [self._buffer], len(self._buffer)
            while have < size:
                parts.append(self._read(min(size - have + 65536, 1 << 20)))
                have += len(parts[-1])
            self._buffer = b"".join(parts)
        body, self._buffer = self._buffer[:size], self._buffer[size:]
        return body

    def _chunks(self):
        parts = []
        while True:
            size = int(self._until(b"\r\n").split(b";")[0], 16)
            if size == 0:
                break
            parts.append(self._bytes(size))
            self._until(b"\r\n")
        while self._until(b"\r\n"):
            pass  # trailers
        return b"".join(parts)

    def _read(self, size):
        data = self._connection.recv(size)
        if not data:
            self.closed()
        return data

    def closed(self):
        raise Gone


class Stream:
    """An answer that begins with the first that is written to it. From any thread of this process."""

    content_type = "application/vnd.lambdapool.parts"

    def __init__(self, channel, request_id, more=""):
        """`more`: headers, each with its end."""
        self._channel, self._head = channel, STREAM % (request_id, self.content_type, more)
        self._lock, self._writes = threading.RLock(), False
        self.has_begun, self.size = False, 0
        self.error = None  # nothing more can be written

    def write(self, *pieces):
        """Bytes, one after the other."""
        sizes = [memoryview(piece).nbytes for piece in pieces]
        with self._lock:
            if self.error is not None:
                return
            self._writes = True
            try:
                if not self.has_begun:
                    self._channel.ready()
                self._channel.send(b"%s%x\r\n" % (b"" if self.has_begun else self._head.encode(), sum(sizes)))
                self.has_begun = True
                for piece in pieces:
                    self._channel.send(piece)
                self._channel.send(b"\r\n")
                self.size += sum(sizes)
            except OSError as error:
                self.error = error
            finally:
                self._writes = False

    def takes_more(self):
        """Whether what need not be written can be: nobody has to wait for it, and it does not come amid a write (from
        a signal's handler)."""
        if not self._lock.acquire(blocking=False):
            return False
        with self._lock:
            self._lock.release()
            return not self._writes and self.error is None and (not self.has_begun or self._channel.takes_more())

    def end(self, error=None):
        """What is left to be sent: the end, and what went wrong."""
        if self.error is not None:
            raise self.error
        if error is None:
            return b"0\r\n\r\n"
        body = binascii.b2a_base64(json.dumps(error).encode(), newline=False).decode()
        return ("0\r\n%s%s\r\n%s%s\r\n\r\n" % (ERROR_TYPE, error["errorType"], ERROR_BODY, body)).encode()


def answer(handler, function, headers, body, channel, output=None):
    """Runs the handler once. The bytes that are left to answer the invocation with, and whether it has begun to be
    answered. `output`: see Context."""
    request_id, run = headers[REQUEST_ID], headers.get("lambda-runtime-invocation-id")
    more = "Lambda-Runtime-Invocation-Id: %s\r\n" % run if run else ""
    stream = Stream(channel, request_id, more)
    try:
        context = Context(function, headers)
        context.lambdapool_stream, context.lambdapool_output = stream, output
        if b"\0" in body:  # in no JSON: so only where it has been asked for
            result, content_type = in_this_process(handler.lambdapool_raw, body, context), "application/unknown"
        else:
            event = unmarshal(body) if headers.get("content-type", JSON) == JSON else body
            result, content_type = in_this_process(lambda: marshal(handler(event, context)))
        rest = None if stream.has_begun else answer_request(request_id, "/response", content_type, result, more)
    except Exception as error:
        rest = failure(error, request_id, stream, more)
    return stream.end() if rest is None else rest, stream.has_begun


def failure(error, request_id, stream=None, more=""):
    description = describe(error, request_id)
    log_error(description)
    if stream is not None and stream.has_begun:
        return stream.end(description)
    cause = xray_cause(error)
    more += "Lambda-Runtime-Function-XRay-Error-Cause: %s\r\n" % cause if cause else ""
    return answer_request(request_id, "/error", JSON, json.dumps(description).encode(), more)


def answer_request(request_id, kind, content_type, result, more=""):
    head = POST % ("invocation/" + request_id + kind, content_type, more, len(result))
    return head.encode() + result


def init_error_request(error):
    description = describe(error, "")
    log_error(description)
    body = json.dumps(description).encode()
    kind = ERROR_TYPE + description["errorType"] + "\r\n"
    return (POST % ("init/error", JSON, kind, len(body))).encode() + body
