"""Small tasks for a handler that has another for raw envelopes, in packets that need no parsing (docs/protocol.md,
Packets). What does not fit a packet, errors and news go over HTTP, which the runtime client speaks.
"""

import array
import os
import socket
import time

BYTES_MAX = 48 * 1024
READY, ANSWER, FETCH = b"R", b"A", b"F"


class Deadline:
    """What a handler's context tells of time."""

    def __init__(self, milliseconds):
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self):
        return max(0, self._milliseconds - int(time.time() * 1000))


def take(connection):
    """The socket for packets, which came in front of all HTTP."""
    descriptors = array.array("i")
    _, ancillary, _, _ = connection.recvmsg(1, socket.CMSG_SPACE(descriptors.itemsize))
    descriptors.frombytes(ancillary[0][2][: descriptors.itemsize])
    os.set_inheritable(descriptors[0], False)
    return socket.socket(fileno=descriptors[0])


def tell(channel, *requests):
    channel.send(b"".join(requests))
    for request in requests:
        if request:
            channel.receive()


def serve(packets, channel, handler, function, news, client):
    """As the client's run()."""
    raw, send, receive = handler.lambdapool_raw, packets.send, packets.recv
    tell(channel, news())
    send(READY)
    while True:
        packet = receive(BYTES_MAX)
        if packet == FETCH:
            channel.send(client.NEXT_RAW)
            tell(channel, client.answer(handler, function, *client.next_invocation(channel)), news())
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
        tell(channel, failed, told)
        send(READY)
