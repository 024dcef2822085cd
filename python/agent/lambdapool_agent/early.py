"""Outcomes ahead of their answer (docs/protocol.md, Parts): in memory that the local Lambda shares with its worker,
which outlives it, and to which writing wakes nobody; or in a stream, which the answer then ends.

An item's outcome is there before the next item begins, where that costs little against the items: each has a part of
its own in a call of FEW items, and where it took SLOW. Other quick ones share a part after a PAUSE.
"""

import os
import pickle

from . import envelope, outcome
from .part_frame import BEGUN, FRAMES_AT, SIZE, head_of

SLOW, PAUSE = 1e-4, 1e-3  # seconds
FEW = 16

_ANY = (1 << 64) - 1


class _Memory:
    def __init__(self, memory):
        self.memory, self._numbers = memory, memoryview(memory).cast("Q")
        self._end = FRAMES_AT

    def begin(self):
        self._end = FRAMES_AT

    def tell(self, frame, begun):
        """False: there is no room."""
        end = self._end + len(frame)
        fits = end <= len(self.memory)
        if fits:
            self.memory[self._end : end] = frame
            self._end = end
            self._numbers[SIZE] = end - FRAMES_AT
        self._numbers[BEGUN] = begun if fits else _ANY
        return fits

    def room(self):
        return len(self.memory) - self._end - 1024

    def stop(self):
        self._numbers[BEGUN] = _ANY


class _Stream:
    """Begins with the first outcome."""

    def __init__(self, stream):
        self._stream, self._head = stream, b""

    def begin(self):
        self._head = b""

    def tell(self, frame, begun):
        if not self._head and not self._stream.has_begun and frame[:1] == b"H":
            self._head = frame
        else:
            self._stream.write(self._head + frame)
            self._head = b""
        return self._stream.error is None

    def room(self):
        return 1 << 32

    def stop(self):
        pass


_place: "_Memory | _Stream | None" = None  # of this process; what is memory is its children's, too


def _forget():
    global _place
    if isinstance(_place, _Stream):
        _place = None


os.register_at_fork(after_in_child=_forget)


def stream_of(event, context):
    """Where the answer may go that does not fit one, and outcomes early; None where the task's sender, or the platform,
    does not stream."""
    stream, parts = getattr(context, "lambdapool_stream", None), event.get("parts")
    return stream if stream is not None and isinstance(parts, dict) and parts.get("stream") is True else None


def takes_large(event):
    """Of a task that has a stream: whether its sender reads an answer there that is no JSON."""
    return event["parts"].get("large") is True


def wanted(event, context):
    """Whether the task wants its outcomes so, and can have them."""
    global _place
    memory = getattr(context, "lambdapool_shared", None)
    if memory is None:
        stream = stream_of(event, context)
        _place = None if stream is None else _Stream(stream)
    elif not isinstance(_place, _Memory) or _place.memory is not memory:
        _place = _Memory(memory)  # also now: a child that is forked keeps it
    return _place is not None and "parts" in event


def of(echo, items):
    """What tells those of one call of `items` items, the first of which is about to begin; None where nothing can."""
    return None if _place is None else Early(_place, echo, items)


class Early:
    def __init__(self, place, echo, items):
        self._place = place
        self._each = items <= FEW
        self._last = 0.0
        self._place.begin()
        self._append(b"H", 0, 0, envelope.encode_raw(b"", echo), 1 if self._each else _ANY)

    def tell(self, outcomes, now):
        """Before the next item begins: those that have come. Returns when to do so again, by the same clock."""
        first, count, news = outcomes.take_news()
        each, self._last = self._each or count > 0 and now - self._last >= SLOW * count, now
        if not count:
            return 0.0 if each else now + PAUSE
        begun = first + count + 1 if each else _ANY
        if sum(map(outcome.size_of, news)) > self._place.room():
            self._place.stop()
            return float("inf")
        if not self._append(b"P", first, count, pickle.dumps((news, 0.0), 5), begun):
            return float("inf")
        return 0.0 if each else now + PAUSE

    def _append(self, kind, first, count, content, begun):
        return self._place.tell(head_of(kind, first, count, content) + content, begun)
