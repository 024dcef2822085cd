"""Small tasks for a handler that has another for raw envelopes, in packets that need no parsing (docs/protocol.md,
Packets). What does not fit a packet, errors and news go over HTTP, which the runtime client speaks.

The next task may have come while one runs. So all that the local Lambda has to know of one it knows before the next is
taken: a packet waits behind the answer, and what goes over HTTP has been acknowledged.
"""

import array
import mmap
import os
import resource
import select
import socket
import sys
import time
from fcntl import ioctl
from termios import FIONREAD

BYTES_MAX = 48 * 1024
READY, READY_FOR_ROWS, ANSWER, QUIET_ANSWER, FETCH = b"R", b"RM", b"A", b"Q", b"F"
ROW_TASK = ord("M")  # its items begin one by one
WAITED_TASK = ord("W")  # whose caller is looking for the answer, and comes back soon
LOOKS_FOR = 0.0003  # seconds
PAUSE = 300  # tasks
MARK = b"\0%s\n"  # in the log, behind what a task has written
# To join them anew, as members of an enum, takes longer than the system call.
LOOK, TAKE = int(socket.MSG_DONTWAIT | socket.MSG_PEEK), int(socket.MSG_DONTWAIT)
NOTHING_TOLD = bytes(16)  # the two numbers of the memory for outcomes


class Deadline:
    """What a handler's context tells of time."""

    lambdapool_shared = lambdapool_stream = None  # as Context has them
    lambdapool_goes_on = True  # the handler is told before the next task is waited for
    lambdapool_next_item = None  # of a task whose items begin one by one: whether the next one may

    def __init__(self, milliseconds):
        self._end = time.time() + milliseconds / 1000

    def get_remaining_time_in_millis(self):
        return max(0, int((self._end - time.time()) * 1000))


class Log:
    """The pipe that the worker's output goes to."""

    _nothing = b"\0\0\0\0"

    def __init__(self):
        self._pipe = os.dup(1)  # a task may put something else in its place

    def unread(self):
        """Bytes."""
        return int.from_bytes(ioctl(self._pipe, FIONREAD, self._nothing), sys.byteorder)

    def mark(self, request_id):
        """Whether there was something to be marked."""
        try:
            if not self.unread():
                return False
            self._write(MARK % request_id)
        except OSError:
            pass  # what there is, is read
        return True

    def _write(self, mark):
        while True:
            try:
                os.write(self._pipe, mark)
                return
            except BlockingIOError:  # a task has made it so
                select.select([], [self._pipe], [])


class Memory:
    """Near its limit, a worker takes no task before it is known what the last one has used."""

    _interval = 0.001  # in which none gets from there to beyond

    def __init__(self):
        self._limit_kb = int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", 128)) * 1024 * 3 // 4
        self._at, self._is_short = 0.0, False

    def is_short(self, now=time.perf_counter):
        if not self._is_short and now() - self._at >= self._interval:  # what was used most never becomes less
            self._at = now()
            self._is_short = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > self._limit_kb
        return self._is_short


class Next:
    """Takes the next packet. Before it waits for one, the handler is told."""

    def __init__(self, packets, idle):
        self._receive, self._idle = packets.recv, idle
        self._pause = 0 if (os.cpu_count() or 1) > 1 else 1 << 62

    def __call__(self):
        try:
            return self._receive(BYTES_MAX, TAKE)
        except BlockingIOError:
            self._idle()
            return self._receive(BYTES_MAX)

    def look(self, now=time.perf_counter):
        """Behind a task whose caller waits. To sleep and be woken takes longer, and no less of the processor, than to
        look for a moment for what comes soon, as the next one mostly does there. Where it did not, since others have
        the processor, there is no looking for some time."""
        if self._pause:
            self._pause -= 1
            return self()
        end = now() + LOOKS_FOR
        while now() < end:
            try:
                return self._receive(BYTES_MAX, TAKE)
            except BlockingIOError:
                pass
        self._pause = PAUSE
        return self()


class Row:
    """A task whose items begin one by one, each but the first with a token, the task's request id. What has not been
    taken of these the local Lambda can have back, which reads the same socket. The first item that has written or wants
    memory is the last."""

    def __init__(self, tokens, log, memory):
        self._receive, self._log, self._memory = tokens.recv, log, memory
        self._token, self._unread = b"", 0

    def begin(self, request_id):
        """Its tokens were there before it was."""
        self._token, self._unread = request_id, self._log.unread()

    def next_item(self):
        before, self._unread = self._unread, self._log.unread()
        if self._unread > before or self._memory.is_short() or self._next() != self._token:
            return False
        return self._take() == self._token  # else it was had back meanwhile: another row ends early for it

    def end(self):
        """Nothing of it is left in front of the tokens of others."""
        while self._next() == self._token and self._take() == self._token:
            pass

    def _next(self):
        return self._take(LOOK)

    def _take(self, how=TAKE):
        try:
            return self._receive(64, how)
        except BlockingIOError:
            return b""


def take(connection):
    """The sockets for packets and for tokens, and the memory that is shared with the local Lambda: they came before all
    HTTP."""
    descriptors = array.array("i")
    _, ancillary, _, _ = connection.recvmsg(1, socket.CMSG_SPACE(3 * descriptors.itemsize))
    descriptors.frombytes(ancillary[0][2])
    packets, memory, tokens = descriptors
    for descriptor in (packets, tokens):
        os.set_inheritable(descriptor, False)
    shared = mmap.mmap(memory, 0)
    os.close(memory)
    return socket.socket(fileno=packets), socket.socket(fileno=tokens), shared


def tell(channel, *requests):
    """Requests that have been taken when this returns; "" is none."""
    channel.send(b"".join(requests))
    for request in requests:
        if request:
            channel.receive()


def over_http(channel, handler, function, news, client):
    """Invocations as others than our own pools send them, until one would have fitted a packet: what is to be told
    then. An answer and the request for the next go in one write, so that both are known at once."""
    channel.send(client.NEXT_RAW)
    while True:
        headers, body = client.next_invocation(channel)
        answer, _ = client.answer(handler, function, headers, body, channel)
        if len(body) < BYTES_MAX and b"\0" in body:
            return answer, news()
        channel.send(answer + news() + client.NEXT_RAW)


class Rehearsal:
    """In the place of both sockets: one packet comes, and the next would be waited for in vain."""

    def __init__(self, packet):
        self._packets = [packet]

    def send(self, data):
        pass

    def recv(self, *_):
        return self._packets.pop()  # IndexError


def serve(packets, tokens, channel, handler, function, news, client):
    """As the client's run()."""
    raw, send, idle = handler.lambdapool_raw, packets.send, getattr(handler, "lambdapool_idle", bool)
    take_next, log, memory = Next(packets, idle), Log(), Memory()
    mark, memory_is_short, shared = log.mark, memory.is_short, Deadline.lambdapool_shared
    row = Row(tokens, log, memory)
    tell(channel, news())
    send(READY_FOR_ROWS if getattr(handler, "lambdapool_rows", False) else READY)
    packet = READY
    while True:
        packet = take_next.look() if packet[0] == WAITED_TASK else take_next()
        if packet == FETCH:
            idle()
            tell(channel, *over_http(channel, handler, function, news, client))
            send(READY)
            continue
        head, _, envelope = packet.partition(b"\0")
        if not head:
            os._exit(0)  # the local Lambda is gone, and this worker with it
        request_id, milliseconds, trace = head[1:].decode().split("\n")
        client.begin(request_id, trace)
        context = Deadline(int(milliseconds))
        number = request_id.encode()
        if head[0] == ROW_TASK:
            row.begin(number)
            context.lambdapool_next_item = row.next_item
        try:
            result, failed = raw(envelope, context), None
        except Exception as error:
            failed = client.failure(error, request_id)
        if head[0] == ROW_TASK:
            row.end()
        if shared is not None:
            shared[:16] = NOTHING_TOLD  # the answer stands for all; the next task may begin unheard
        told = news()
        if failed is None and len(result) < BYTES_MAX - 64 and not told and not memory_is_short():
            send((ANSWER if mark(number) else QUIET_ANSWER) + number + result)
            continue
        if failed is None:
            failed = client.answer_request(request_id, "/response", "application/unknown", result)
        tell(channel, failed, told)
        send(READY)
