"""imap: a lazy iterable in, a lazy iterator out, and never more than a window between them.

A thread of its own pulls the iterable, so that one which blocks, or waits for earlier results, holds up
nobody else. It stays at most a window of items ahead of the consumer: an infinite generator is fine. Only
``pool.join()`` lifts the window, since it waits for all there is, consumed or not.
"""

from __future__ import annotations

import itertools
import threading
import weakref
from multiprocessing import TimeoutError
from multiprocessing.pool import IMapIterator, IMapUnorderedIterator
from typing import TYPE_CHECKING, Any, Iterable, List, Optional, Sized, Tuple, Type, TypeVar

from .arguments import check_seconds
from .dispatcher import Dispatcher
from .faults import Failure
from .items import LITTLE_BYTES
from .lazy import Lazy, chunks_of
from .pickling import MAP

if TYPE_CHECKING:
    from .map_options import Asked
    from .report import Report
    from .resumption import Resumption

    _IMapIterator = IMapIterator[Any]
    _IMapUnorderedIterator = IMapUnorderedIterator[Any]
else:  # no generics before Python 3.13
    _IMapIterator, _IMapUnorderedIterator = IMapIterator, IMapUnorderedIterator


#: A worker's, that it has or will have next, or that nobody has taken yet: a local one has three waiting behind the one
#: that runs (docs/protocol.md, Packets).
CHUNKS_EACH = 4

#: Where a call takes a moment, and no data to speak of: a worker would have none while threads take turns here.
QUICK_CHUNKS_EACH = 16
QUICK = 1e-3  # seconds

#: Where a chunk is one item, and several of them share a call (src/pool/chunking.hpp).
ROW_CHUNKS_EACH = 128

#: Where their results are large: one that it has, and one that is in memory until somebody takes it.
LARGE_CHUNKS_EACH = 2
LARGE = 6 << 20

LIFTED = 1 << 62


class Feed(Lazy):
    """The pulling side. Knows the iterator only weakly.

    What was handed over is run, whoever holds the iterator. A collection was handed over whole, and so was an
    iterable whose results nobody ever asked for; of another lazy iterable, what was pulled: who drops the
    iterator in the middle of an endless generator has seen enough.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        function: bytes,
        iterable: Iterable[Any],
        chunksize: int,
        ordered: bool,
        asked: Asked,
        resumption: Optional[Resumption] = None,
    ) -> None:
        self._unpulled = chunks_of(iterable, chunksize)
        self._whole = isinstance(iterable, Sized)
        self._at_hand = type(iterable) in (list, tuple, range)  # pulling them takes no time
        self._chunks_each = CHUNKS_EACH
        self._window = CHUNKS_EACH * dispatcher.workers * chunksize
        self._consumed = 0
        self._dropped = False
        super().__init__(dispatcher, function, MAP, chunksize, ordered, held=True, asked=asked, resumption=resumption)
        self._thread = threading.Thread(target=self._run, name="lambdapool-imap", daemon=True)

    def start(self, results: "LambdaIMapIterator") -> None:
        self._results = weakref.ref(results)
        self._thread.start()

    def dropped(self) -> None:
        """For the iterator's destructor, which may run under any lock: the thread sees it within a second."""
        self._dropped = self._dropped or not (self._whole or self._taken == 0)

    def _lift(self) -> None:
        """No window any more."""
        with self._changed:
            self._window = LIFTED
            self._room.notify_all()

    def _take(self, call: int, first: int, count: int, body: Any, before: int, early: bool) -> None:
        size = LARGE if type(body) is str else len(body)  # a str says what did not fit the answer
        if size >= LARGE:  # before somebody takes it, and so makes room
            self._ahead_by(LARGE_CHUNKS_EACH)
        super()._take(call, first, count, body, before, early)
        if not early and self._chunks_each != LARGE_CHUNKS_EACH:
            self._ahead_by(self._fitting(size, before + count))

    def _fitting(self, size: int, items: int) -> int:
        """`size`: of an answer, with so many items."""
        if not (self._seconds <= QUICK and self._sends_little and size <= LITTLE_BYTES):
            return CHUNKS_EACH
        return ROW_CHUNKS_EACH if items > self._chunksize else max(QUICK_CHUNKS_EACH, self._chunks_each)

    def _ahead_by(self, chunks_each: int) -> None:
        if chunks_each == self._chunks_each:
            return
        with self._changed:
            self._chunks_each = chunks_each
            if self._window != LIFTED:
                self._window = chunks_each * self._dispatcher.workers * self._chunksize
                self._room.notify_all()

    def _run(self) -> None:
        failure = None
        try:
            while True:
                room = self._wait_for_room()  # may end only here: what is pulled is run
                chunks = list(itertools.islice(self._unpulled, room))
                if not chunks:
                    break
                self.pull(*chunks)
        except BaseException as error:  # of the user's iterable: an outcome in its place, and the end
            failure = error
        self._unpulled = iter(())
        self.complete(failure)

    def _wait_for_room(self) -> int:
        """How many chunks are to be pulled before they are sent; 0: none any more."""
        with self._room:
            while not self._over() and self._ahead() + self._chunksize > max(self._window, self._chunksize):
                self._room.wait(1.0)  # a dropped iterator says nothing
            if self._over():
                return 0
            chunks = (self._window - self._ahead()) // self._chunksize if self._at_hand else 1
            return max(1, min(chunks, ROW_CHUNKS_EACH))

    def _over(self) -> bool:
        return self._dropped or self._failure is not None or self._ended is not None or self._dispatcher.terminated

    def _ahead(self) -> int:
        """Where nobody consumes any more, what has its outcome is as good as consumed."""
        return self._pulled - (self._consumed if self._wanted() else self._delivered)

    def _used_up(self) -> None:
        if self._consumed != self._taken:
            self._consumed = self._taken
            # Quick ones are pulled several in a row.
            if self._chunks_each < QUICK_CHUNKS_EACH or 2 * (self._pulled - self._consumed) <= self._window:
                self._room.notify_all()

    def _wanted(self) -> bool:
        return self._results() is not None


class LambdaIMapIterator(_IMapIterator):
    """The results, in order. ``next(timeout=None)`` raises multiprocessing.TimeoutError."""

    def __init__(self, pool: Any, feed: Feed) -> None:
        self._pool = pool  # which lives as long as there are results
        self._feed = feed
        self._current: List[Any] = []  # the next one last

    @property
    def report(self) -> Report:
        """What its calls took and cost so far."""
        return self._feed.report

    def next(self, timeout: Optional[float] = None) -> Any:
        if timeout is not None:
            timeout = check_seconds("timeout", timeout)
        while True:
            try:
                result = self._current.pop()
            except IndexError:
                self._refill(timeout)
            else:
                break
        if type(result) is not Failure:
            return result
        exception = result.exception
        if isinstance(exception, StopIteration):
            # Raised as itself it would end the loop as if there were no more items.
            raise RuntimeError("the function raised StopIteration") from exception
        raise exception

    __next__ = next

    def _refill(self, timeout: Optional[float]) -> None:
        results = self._feed.take(timeout)
        if results is None:
            raise TimeoutError
        if not results:
            self._pool = None
            raise StopIteration
        # Another thread may have been here meanwhile: what it brought comes first.
        self._current = results + self._current

    def __del__(self) -> None:
        feed = getattr(self, "_feed", None)
        if feed is not None:
            feed.dropped()


class LambdaIMapUnorderedIterator(LambdaIMapIterator, _IMapUnorderedIterator):
    """The results, as they come."""


class ResumedIMapIterator(LambdaIMapIterator):
    """Of a named run: what is done already comes from its journal."""

    _resumption: Resumption
    _ordered = True

    def next(self, timeout: Optional[float] = None) -> Any:
        if timeout is not None:
            timeout = check_seconds("timeout", timeout)
        flag = self._resumption.next_flag(timeout, self._ordered)
        if flag is not None and flag[1]:
            self._resumption.taken()
            return self._resumption.result(flag[0])
        if flag is None and not self._resumption.all_pulled:
            raise TimeoutError
        try:
            value = super().next(timeout)
        except TimeoutError:
            raise
        except BaseException:
            self._took(flag)
            raise
        self._took(flag)
        return value

    __next__ = next

    def _took(self, flag: Optional[Tuple[int, bool]]) -> None:
        if flag is None:  # the end
            self._resumption.close()
        else:
            self._resumption.taken()


class ResumedIMapUnorderedIterator(ResumedIMapIterator, LambdaIMapUnorderedIterator):
    _ordered = False


Kind = TypeVar("Kind", bound=LambdaIMapIterator)


def iterate(
    kind: Type[Kind],
    pool: Any,
    dispatcher: Dispatcher,
    function: bytes,
    iterable: Iterable[Any],
    chunksize: int,
    asked: Asked,
    resumption: Optional[Resumption] = None,
) -> Any:
    """Starts pulling `iterable`."""
    ordered = not issubclass(kind, LambdaIMapUnorderedIterator)
    if resumption is None:
        feed = Feed(dispatcher, function, iterable, chunksize, ordered, asked)
        results: LambdaIMapIterator = kind(pool, feed)
    else:
        missing = resumption.sift(iterable, chunksize)
        feed = Feed(dispatcher, function, missing, chunksize, ordered, asked, resumption)
        resumed = (ResumedIMapIterator if ordered else ResumedIMapUnorderedIterator)(pool, feed)
        resumed._resumption = resumption
        results = resumed
    feed.start(results)
    feed.show(asked.progress, len(iterable) if isinstance(iterable, Sized) else None)
    return results
