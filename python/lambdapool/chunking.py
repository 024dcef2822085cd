"""How many items of a map go into one invocation.

An invocation costs milliseconds, an item may cost microseconds or minutes, and nobody can know before the
first came back. So the first wave sends single items; the workers say how long theirs took; and the next
chunks are made so large that a chunk keeps a worker busy for some tens of milliseconds, which makes the
invocation's cost small against it. Never larger, because the items of one chunk fail together where the
platform fails; and near the end smaller, so that every worker has something to do.

Pure decisions: no clock, no threads.
"""

from __future__ import annotations

import math
from typing import Optional


class FixedChunks:
    """What the caller said."""

    adaptive = False

    def __init__(self, size: int) -> None:
        self._size = size

    def next_size(self, remaining: int) -> int:
        return min(self._size, remaining)

    def observe(self, items: int, seconds: float, size: int) -> None:
        pass


class AdaptiveChunks:
    """From what the answers say."""

    adaptive = True

    TARGET_SECONDS = 0.03
    TARGET_BYTES = 512 * 1024  # of an answer
    GROWTH = 8  # at most by so much beyond the largest chunk that was measured

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._seconds: Optional[float] = None  # an item takes so long
        self._bytes = 0.0  # an item's outcome has so many
        self._measured = 1

    def next_size(self, remaining: int) -> int:
        """The number of items for the next invocation; `remaining` > 0 are not sent yet."""
        if self._seconds is None:
            return 1
        fitting = min(_quotient(self.TARGET_SECONDS, self._seconds), _quotient(self.TARGET_BYTES, self._bytes))
        fair = math.ceil(remaining / (2 * self._workers))
        return max(1, min(fitting, fair, self._measured * self.GROWTH, remaining))

    def observe(self, items: int, seconds: float, size: int) -> None:
        """So many items took so long and made an answer of so many bytes. Slower ones count at once,
        faster ones little by little."""
        if items <= 0:
            return
        self._seconds = _estimate(self._seconds, seconds / items)
        self._bytes = _estimate(self._bytes, size / items)
        self._measured = max(self._measured, items)


def _estimate(known: Optional[float], now: float) -> float:
    return now if known is None or now >= known else (known + now) / 2


def _quotient(target: float, each: float) -> int:
    return int(min(target / max(each, 1e-9) + 1e-6, 1e9))
