"""Outcomes ahead of their answer, in memory that the local Lambda shares with its worker (docs/protocol.md, Parts). It
outlives the worker, and writing to it wakes nobody.

An item's outcome is there before the next item begins, where that costs little against the items: each has a part of
its own in a call of FEW items, and where it took SLOW. Other quick ones share a part after a PAUSE.
"""

import mmap
import pickle
import struct
from zlib import crc32

from . import envelope, outcome

SLOW, PAUSE = 1e-4, 1e-3  # seconds
FEW = 16

_FRAME = struct.Struct("<cIII")  # kind, size of the content, the first item, how many
_CHECK = struct.Struct("<I")  # of the above and of the content, which follows: a task may write to any memory
_AT = 16  # behind the two numbers
_SIZE, _BEGUN = 0, 1
_ANY = (1 << 64) - 1

_memory: "mmap.mmap"  # of this process, and of its children


def wanted(event, context):
    """Whether the task wants its outcomes so, and can have them."""
    global _memory
    found = getattr(context, "lambdapool_shared", None)
    if found is None:
        return False
    _memory = found  # also now: a child that is forked keeps it
    return "parts" in event


class Early:
    """Those of one call of `items` items, the first of which is about to begin."""

    def __init__(self, echo, items):
        self._memory, self._numbers = _memory, memoryview(_memory).cast("Q")
        self._end = _AT
        self._each = items <= FEW
        self._last = 0.0
        self._append(b"H", 0, 0, envelope.encode_raw(b"", echo))
        self._numbers[_BEGUN] = 1 if self._each else _ANY

    def tell(self, outcomes, now):
        """Before the next item begins: those that have come. Returns when to do so again, by the same clock."""
        first, count, news = outcomes.take_news()
        each, self._last = self._each or count > 0 and now - self._last >= SLOW * count, now
        if not count:
            return 0.0 if each else now + PAUSE
        room = len(self._memory) - self._end - 1024
        if sum(map(outcome.size_of, news)) > room or not self._append(b"P", first, count, pickle.dumps((news, 0.0), 5)):
            self._numbers[_BEGUN] = _ANY
            return float("inf")
        self._numbers[_BEGUN] = first + count + 1 if each else _ANY
        return 0.0 if each else now + PAUSE

    def _append(self, kind, first, count, content):
        head = _FRAME.pack(kind, len(content), first, count)
        frame = head + _CHECK.pack(crc32(content, crc32(head))) + content
        end = self._end + len(frame)
        if end > len(self._memory):
            return False
        self._memory[self._end : end] = frame
        self._end = end
        self._numbers[_SIZE] = end - _AT
        return True
