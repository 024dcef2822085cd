"""Runs a task: next item, outcome, answer.

A task is at-most-once, so the agent never leaves an item half known: it stops *before* an item where the
answer has grown large or the time may not suffice, and the client sends the rest again.
"""

import io
import json
import math
import os
import pickle
import time
from functools import partial
from itertools import chain, islice
from types import CoroutineType

import lambdapool_by_value

from . import blobs, code, coroutine, early, envelope, forked, last_words, outcome, setup, shown, transfer, unreadable
from .part_frame import head_of

RESPONSE_LIMIT = 6 * 1024 * 1024 + 100  # AWS Lambda's, of a synchronous invocation
ENOUGH_BYTES = 1024 * 1024
QUICK = 5e-6  # seconds an item
IN_A_ROW, PLAIN_BEFORE = 64, 16  # items, and results before them
ROW_SECONDS = 6e-5  # less than a fork takes
ONE_BY_ONE_SHARE = 0.01  # of its time, for items that could each have been a task: then no other has much less of it
PLAIN_BYTES = (RESPONSE_LIMIT - 1024) // 4 * 3  # that fit as base64
RAW_BYTES = PLAIN_BYTES  # that go as they are, to a caller who takes them so
STREAMED_LIMIT = 200 * 1024 * 1024  # of an answer in a stream


def use_response_limit(size):
    """For a platform that takes other answers than Lambda."""
    global RESPONSE_LIMIT, PLAIN_BYTES, RAW_BYTES
    RESPONSE_LIMIT, PLAIN_BYTES, RAW_BYTES = size, (size - 1024) // 4 * 3, size - 65536


# How functions of the modules that send code by value appear in a pickle: short strings, lengths before them.
_BY_VALUE = b"\x8c\x1blambdapool_by_value.classes"
_CLOUDPICKLE = b"\x8c\x17cloudpickle.cloudpickle"


_deadline = last_words.Deadline()


def lambda_handler(event, context):
    return _run_here(envelope.decode(event), context)


def raw_handler(payload, context):
    """As lambda_handler, where envelopes may be raw: bytes in, bytes out."""
    return _as_bytes(_run_here(envelope.split_raw(payload), context, raw=True))


def _run_here(task, context, raw=False):
    """`raw`: the answer may be bytes."""
    here = _, mark = forked.here()
    try:
        answer = _handle(task, context, here, raw)
    except BaseException as error:
        if not mark[0]:
            forked.end(error)
        raise
    if not mark[0]:
        forked.end()
    return answer


def _as_bytes(answer):
    return answer if isinstance(answer, bytes) else json.dumps(answer).encode()


def idle():
    """For who calls raw_handler with a context that has `lambdapool_goes_on`: before it waits for the next task."""
    _deadline.end(os.getpid())


# The local Lambda's runtime client looks for them.
vars(lambda_handler).update(lambdapool_raw=raw_handler, lambdapool_idle=idle, lambdapool_rows=True)


def _handle(task, context, here, raw):
    head, echo, body = task
    now, remaining = time.monotonic(), _remaining(context)
    timeout, ends = _timeout(remaining), now + remaining
    event = head.event
    other = code.refusal(event["code"]) if "code" in event else None
    if other is not None:
        return _answer([other], None, echo, timeout, raw=raw)
    try:
        parts = blobs.parts_of(event, body)
        results = event["results"]["url"] if "results" in event else None
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise envelope.LambdapoolProtocolError(
            "the task's data is not described as the protocol says: %r" % error
        ) from None
    body = parts.body
    if head.peer != envelope.PEER and (_BY_VALUE in body or _CLOUDPICKLE in body):
        raise envelope.LambdapoolCodeMismatch(
            "the task carries code of Python %s (a lambda, a closure, or something of __main__), but this "
            "function runs Python %s; run the client with Python %s, or put the code into a module and deploy it"
            % (head.peer, envelope.PEER, envelope.PEER)
        )
    tells = (echo,) if early.wanted(event, context) else None
    stream = early.stream_of(event, context) if "parts" in event else None
    listen = None if stream is None else shown.wanted(event, context)
    lines = shown.Shown(stream) if listen else None
    if listen and lines:
        listen(lines)
    large = stream if stream is not None and early.takes_large(event) else None
    ways = results is not None or large is not None, tells
    goes_on, next_item = getattr(context, "lambdapool_goes_on", False), getattr(context, "lambdapool_next_item", None)
    outcomes, seconds = _run(parts, ends, here, ways, goes_on=goes_on, next_item=next_item)
    forked.flush()
    if listen and lines:
        listen(None)
        lines.finish()
    answer = _answer(outcomes, seconds, echo, timeout, (results, large), raw)
    if stream is not None and stream.has_begun and answer is not None:
        data = _as_bytes(answer)
        stream.write(head_of(b"A", 0, 0, data), data)
    return answer


def _run(parts, ends, here, ways, in_child=False, goes_on=False, next_item=None):
    """`ends`: when the platform ends the task, by time.monotonic(). `here`: see forked. `ways` that outcomes may
    take: whether large ones can go as they are; None, or a tuple of the echo with which they may be told early.
    `goes_on`: see idle(). `next_item`: see _one_by_one()."""
    worker, _ = here
    _deadline.begin(ends, worker)
    try:
        return _run_task(parts, ends, here, ways, in_child, next_item)
    finally:
        if not goes_on:
            _deadline.end(worker)


def _run_task(parts, ends, here, ways, in_child, next_item):
    body, buffers = parts.body, iter(parts.buffers)
    worker, mark = here
    lambdapool_by_value.begin_task(parts.by_digest)
    try:
        stream = io.BytesIO(body)
        function, before = pickle.load(stream, buffers=buffers), None
        if type(function) is tuple:  # which cannot be called: what is to be done before, and then the function
            before = setup.Setup(*function)
            if before.max_tasks is not None and not in_child:
                _deadline.end(worker)  # the child has its own: two that write at once are not to be read
                return setup.run_in_child(before, (parts.given, ways), ends, _run_in_child)
            failure = before.initialize(worker)
            if failure is not None:
                return [failure], None
            function = pickle.loads(before.function, buffers=buffers)
        style, items = pickle.load(stream, buffers=buffers)
        call = _styles[style](function)
        if next_item is None:
            rest = forked.not_in_children(items)
        elif stream.tell() == len(body):
            rest = _one_by_one(items, next_item)
        else:
            rest, call = _task_by_task(items[0], stream, body, next_item), _of_read(call)
        if before is not None:
            before.leave()
    except BaseException as error:
        if not mark[0]:
            forked.end(error)
        pickles = unreadable.pickles_in(body)
        if pickles < 2:
            raise envelope.LambdapoolProtocolError("the task's body is not two pickles: %s" % error) from None
        # Without a time it stands for every item; but of several tasks each can tell for itself.
        return [unreadable.describe(error, body)], None if pickles == 2 else 0.0
    apart, tells = ways
    outcomes = outcome.Outcomes(ENOUGH_BYTES if apart else None)
    is_several = len(items) > 1 or next_item is not None
    early_ones = early.of(tells[0], len(items)) if tells and is_several else None
    seconds = _run_items(call, rest, outcomes, ends, mark, early_ones, next_item is not None)
    return outcomes.finish(), seconds


def _one_by_one(items, may_begin):
    """Of a task whose items could each have been one, and can be had back until they begin: as long as the next
    one may, which is asked behind each."""
    for index, item in enumerate(items):
        if index:
            forked.flush()
            if not may_begin():
                return
        yield item


class _Unread(BaseException):
    """Of several tasks one cannot be read: its argument is that one's outcome."""


def _task_by_task(first, stream, body, may_begin):
    """Likewise of tasks that came one by one, each with a pickle of its own. What is yielded reads it: where it runs,
    when the outcomes before it have been told, since that may end the worker, or take long."""
    yield lambda: first
    while stream.tell() < len(body):
        forked.flush()
        if not may_begin():
            return
        yield partial(_read_task, stream, body)


def _read_task(stream, body):
    try:
        _, [item] = pickle.load(stream)
    except BaseException as error:
        raise _Unread(unreadable.describe(error, body)) from None
    return item


def _run_items(call, rest, outcomes, ends, mark, early_ones, one_by_one=False):
    """How long they took. Each item costs tenths of a microsecond here, and should not cost more: quick ones whose
    results are plain run several in a row, which the first slow one ends."""
    clock, small = time.monotonic, outcome.SMALL
    plain, room = outcomes.plain, ENOUGH_BYTES // outcome.PLAIN_BYTES
    longest, in_a_row = 0.0, 1
    started = now = row_ends = clock()
    latest = float("inf")  # the first one is always started
    if one_by_one:
        ends = started + (ends - started) * ONE_BY_ONE_SHARE
    tell = float("inf") if early_ones is None else started
    for item in rest:
        if len(plain) > room or now > latest:
            break
        if now >= tell:
            tell = early_ones.tell(outcomes, now)
            if one_by_one and tell == float("inf"):
                break  # it would take what cannot be told with it, if it ended here
            plain, room = outcomes.plain, (ENOUGH_BYTES - outcomes.size) // outcome.PLAIN_BYTES
        try:
            for each in chain((item,), islice(rest, in_a_row - 1)) if in_a_row > 1 else (item,):
                result = call(each)
                kind = type(result)
                if kind is CoroutineType:
                    result = coroutine.settle(result)
                    kind = type(result)
                if kind is int and -(2**63) <= result < 2**63 or kind in small:
                    plain.append(result)
                    if in_a_row > 1 and clock() > row_ends:
                        break
                else:
                    was_sent = outcomes.add_value(result)
                    plain = None
                    if one_by_one and not was_sent:
                        ends = latest = started
                    break
        except BaseException as error:  # SystemExit too: it must not end the worker
            if not mark[0]:
                forked.end(error)
            outcomes.add(error.args[0] if isinstance(error, _Unread) else outcome.exception(error))
            plain = None
            if one_by_one:
                ends = latest = started
        if not mark[0]:
            forked.end()
        if plain is None:
            plain, room = outcomes.plain, (ENOUGH_BYTES - outcomes.size) // outcome.PLAIN_BYTES
        previous, now = now, clock()
        if now - previous > longest:
            longest = now - previous
            latest = ends - 2 * longest
        if not one_by_one:
            in_a_row = IN_A_ROW if len(plain) >= PLAIN_BEFORE and now - previous <= QUICK * in_a_row else 1
        row_ends = now + ROW_SECONDS
    forked.not_in_children(())
    return now - started


def _run_in_child(task, ends):
    given, ways = task
    return _run(blobs.Parts(*given), ends, forked.here(), ways, in_child=True)


def _with_arguments(function):
    def call(item):
        args, kwds = item
        return function(*args, **kwds)

    return call


def _with_itself(function):
    return function


def _of_read(call):
    return lambda read: call(read())


def _unpacked(function):
    return lambda item: function(*item)


_styles = {"call": _with_arguments, "map": _with_itself, "starmap": _unpacked}


def _answer(outcomes, seconds, echo, timeout, ways=(None, None), raw=False):
    """`ways` for one that does not fit: a URL, a stream. None: it has gone there."""
    results, stream = ways
    if results is not None and sum(map(outcome.size_of, outcomes)) > PLAIN_BYTES:
        try:
            return envelope.stored(_store(results, outcomes, seconds), echo, timeout)
        except (transfer.Failed, OSError) as error:
            _give_up(outcomes, str(error))
    elif stream is not None and sum(map(outcome.size_of, outcomes)) > PLAIN_BYTES:
        return _stream(stream, outcomes, seconds, echo, timeout)
    if raw:
        body = pickle.dumps((outcomes, seconds), 5)
        if len(body) <= RAW_BYTES:  # else what fits is found out as it is on AWS
            return envelope.encode_raw(body, echo, timeout)
    while True:
        answer = envelope.encode(pickle.dumps((outcomes, seconds), 5), echo, timeout)
        size = envelope.encoded_size(answer)
        if size <= RESPONSE_LIMIT:
            return answer
        _shorten(outcomes, size, RESPONSE_LIMIT)


def _in_pieces(outcomes, seconds):
    """The body, and the buffers that are not in it."""
    buffers: "list[pickle.PickleBuffer]" = []
    body = pickle.dumps((outcomes, seconds), 5, buffer_callback=buffers.append)
    return body, [buffer.raw() for buffer in buffers]


def _store(url, outcomes, seconds):
    body, buffers = _in_pieces(outcomes, seconds)
    return blobs.store(url, [body] + buffers)


def _stream(stream, outcomes, seconds, echo, timeout):
    """The answer as it is, behind its frame's head; as text where that fits because it compresses well. None: it has
    gone."""
    while True:
        body, buffers = _in_pieces(list(map(outcome.without_copies, outcomes)), seconds)
        if envelope.compresses(max([body] + buffers, key=len)) and envelope.fits([body] + buffers, PLAIN_BYTES):
            answer = envelope.encode(pickle.dumps((outcomes, seconds), 5), echo, timeout)
            if envelope.encoded_size(answer) <= RESPONSE_LIMIT:
                return answer
        pieces = [envelope.encode_raw(b"", echo, timeout, list(map(len, buffers))), body] + buffers
        head = head_of(b"A", 0, 0, *pieces)
        size = len(head) + sum(map(len, pieces))
        if stream.size + size <= STREAMED_LIMIT:
            stream.write(head, *pieces)
            return None
        _shorten(outcomes, size, STREAMED_LIMIT)


def _give_up(outcomes, why):
    """What is large has nowhere to go."""
    for index, each in enumerate(outcomes):
        if outcome.size_of(each) > ENOUGH_BYTES:
            outcomes[index] = outcome.not_stored(outcome.size_of(each), why)


def _shorten(outcomes, size, limit):
    """The largest outcome gives way to the news that it was too large. It is one item's: before an answer
    grows beyond the limit, all but its last item take no more than ENOUGH_BYTES."""
    sizes = [outcome.size_of(each) for each in outcomes]
    largest = max(range(len(sizes)), key=sizes.__getitem__)
    share = size * sizes[largest] // sum(sizes)  # of the answer as it would travel: `size` bytes
    outcomes[largest] = outcome.too_large(share, limit, size - share)


def _timeout(remaining):
    """The function's own, in whole seconds: at the start of an invocation it is all still there. None if unknown."""
    return math.ceil(remaining) if 0 < remaining < float("inf") else None


def _remaining(context):
    """Seconds left of this invocation."""
    milliseconds = getattr(context, "get_remaining_time_in_millis", None)
    return float("inf") if milliseconds is None else milliseconds() / 1000
