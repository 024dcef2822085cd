"""Small tasks for a handler that has another for raw envelopes, in packets that need no parsing (docs/protocol.md,
Packets). What does not fit a packet, errors and news go over HTTP, which the runtime client speaks.
"""

import array
import mmap
import os
import socket
import sys
import time

BYTES_MAX = 48 * 1024
READY, ANSWER, FETCH = b"R", b"A", b"F"


class Deadline:
    """What a handler's context tells of time."""

    lambdapool_shared = None  # memory in which outcomes are told early (docs/protocol.md, Parts)

    def __init__(self, milliseconds):
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self):
        return max(0, self._milliseconds - int(time.time() * 1000))


def take(connection):
    """The socket for packets, and the memory that is shared with the local Lambda: they came in front of all HTTP."""
    descriptors = array.array("i")
    _, ancillary, _, _ = connection.recvmsg(1, socket.CMSG_SPACE(2 * descriptors.itemsize))
    descriptors.frombytes(ancillary[0][2])
    packets, memory = descriptors
    os.set_inheritable(packets, False)
    shared = mmap.mmap(memory, 0)
    os.close(memory)
    return socket.socket(fileno=packets), shared


class Teller:
    """Sends requests whose answers nobody waits for: they are read before the next one."""

    def __init__(self, channel):
        self._channel = channel
        self._owed = 0

    def tell(self, *requests):
        for _ in range(self._owed):
            self._channel.receive()
        self._channel.send(b"".join(requests))
        self._owed = 0 if requests[0].startswith(b"GET") else sum(map(bool, requests))


def over_http(channel, handler, function, news, client):
    """Invocations as others than our own pools send them, until one would have fitted a packet: what is to be told
    then. An answer and the request for the next go in one write, so that both are known at once."""
    while True:
        headers, body = client.next_invocation(channel)
        answer = client.answer(handler, function, headers, body)
        if len(body) < BYTES_MAX and b"\0" in body:
            return answer, news()
        channel.send(answer + news() + client.NEXT_RAW)


def serve(packets, channel, handler, function, news, client):
    """As the client's run()."""
    raw, send, receive = handler.lambdapool_raw, packets.send, packets.recv
    tell = Teller(channel).tell
    tell(news())
    send(READY)
    while True:
        packet = receive(BYTES_MAX)
        if packet == FETCH:
            tell(client.NEXT_RAW)
            tell(*over_http(channel, handler, function, news, client))
            send(READY)
            continue
        head, _, envelope = packet.partition(b"\0")
        if not head:
            os._exit(0)  # the local Lambda is gone, and this worker with it
        request_id, deadline, trace = head[1:].decode().split("\n")
        client.begin(request_id, trace)
        try:
            result, failed = raw(envelope, Deadline(int(deadline))), None
        except Exception as error:
            failed = client.failure(error, request_id)
        told = news()
        if failed is None and len(result) < BYTES_MAX - 64 and not told:
            send(ANSWER + request_id.encode() + result)
            continue
        if failed is None:
            failed = client.answer_request(request_id, "/response", "application/unknown", result)
        tell(failed, told)
        send(READY)


class TraceVariable:
    """Sets the variable in which a handler finds its invocation's trace id.

    The C library keeps each value that a variable ever had: a worker would grow by some 140 bytes with each invocation,
    and take longer for each. So where there is ctypes (the fork server has it), the variable has one place in memory,
    which is written over, as long as nobody else sets it."""

    NAME = "_X_AMZN_TRACE_ID"
    BYTES = 512

    def __init__(self):
        self._place = self._value = None

    def set(self, value):
        key, text = self.NAME.encode(), ("%s=%s" % (self.NAME, value)).encode()
        variables = getattr(os.environ, "_data", {})
        fits = len(text) < self.BYTES
        if fits and self._value is not None and variables.get(key) is self._value:
            self._place.value = text
            variables[key] = self._value = text[len(key) + 1 :]
            return
        os.environ[self.NAME], self._value = value, None
        ctypes = sys.modules.get("ctypes")
        if ctypes is None or not fits or key not in variables:
            return
        self._place = self._place or ctypes.create_string_buffer(self.BYTES)
        self._place.value = text
        if ctypes.CDLL(None).putenv(self._place) == 0:
            self._value = variables[key]
