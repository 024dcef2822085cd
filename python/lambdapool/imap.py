"""imap: a lazy iterable in, a lazy iterator out, and never more than a window between them.

A thread of its own pulls the iterable, so that one which blocks, or waits for earlier results, holds up
nobody else. It stays at most a window of items ahead of the consumer: an infinite generator is fine. Only
``pool.join()`` lifts the window, since it waits for all there is, consumed or not.
"""

from __future__ import annotations

import itertools
import threading
import time
import weakref
from multiprocessing import TimeoutError
from multiprocessing.pool import IMapIterator, IMapUnorderedIterator
from typing import TYPE_CHECKING, Any, Callable, Deque, Iterable, List, Optional, Sized, Type, TypeVar

from .arguments import check_seconds
from .chunking import FixedChunks
from .dispatcher import Dispatcher
from .group import Group
from .jobs import Batch
from .outcomes import Outcome
from .pickling import MAP

if TYPE_CHECKING:
    _IMapIterator = IMapIterator[Any]
    _IMapUnorderedIterator = IMapUnorderedIterator[Any]
else:  # no generics before Python 3.13
    _IMapIterator, _IMapUnorderedIterator = IMapIterator, IMapUnorderedIterator


class Feed:
    """The pulling side. Knows the iterator only weakly.

    What was handed over is run, whoever holds the iterator. A collection was handed over whole, and so was an
    iterable whose results nobody ever asked for; of another lazy iterable, what was pulled: who drops the
    iterator in the middle of an endless generator has seen enough.
    """

    def __init__(
        self, dispatcher: Dispatcher, function: bytes, iterable: Iterable[Any], chunksize: int, window: int
    ) -> None:
        self._dispatcher = dispatcher
        self._function = function
        self._items = iter(iterable)
        self._whole = isinstance(iterable, Sized)
        self._chunksize = chunksize
        self._window = window
        self._pulled = 0
        self._delivered = 0
        self._consumed = 0
        self._closed = False
        self._group = Group(dispatcher, at_once=False, on_failure=self.end)
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="lambdapool-imap", daemon=True)

    def start(self, results: "LambdaIMapIterator") -> None:
        self._results = weakref.ref(results)
        self._dispatcher.add_feed(self)
        self._thread.start()

    def consumed(self) -> None:
        with self._changed:
            self._consumed += 1
            self._changed.notify()

    def lift(self) -> None:
        """No window any more."""
        with self._changed:
            self._window = 1 << 62
            self._changed.notify()

    def dropped(self) -> None:
        """For the iterator's destructor, which may run under any lock: the thread sees it within a second."""
        self._closed = self._closed or not (self._whole or self._consumed == 0)

    def end(self, why: BaseException) -> None:
        """The pool ended, or the platform failed a call."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        results = self._results()
        if results is not None:
            results.end(why)

    def forked(self, exception: BaseException) -> None:
        results = self._results()
        if results is not None:
            results.end_forked(exception)

    def _run(self) -> None:
        index = 0
        try:
            while self._room():  # may end only here: what is pulled is run
                chunk = list(itertools.islice(self._items, self._chunksize))
                if not chunk:
                    break
                with self._changed:
                    self._pulled += len(chunk)
                self._dispatcher.enqueue(self._batch(index, chunk))
                index += len(chunk)
        except BaseException as error:  # of the user's iterable: an outcome in its place, and the end
            self._deliver(index, [(False, error)])
            index += 1
        self._items = iter(())
        results = self._results()
        if results is not None and not self._closed:
            results.set_length(index)
        self._dispatcher.remove_feed(self)

    def _batch(self, start: int, chunk: List[Any]) -> Batch:
        def deliver(offset: int, outcomes: List[Outcome]) -> None:
            self._deliver(start + offset, outcomes)

        chunks = FixedChunks(len(chunk))
        return Batch(
            self._dispatcher, self._function, MAP, chunk, chunks, deliver, self._group, first=start, on_fork=self.forked
        )

    def _room(self) -> bool:
        with self._changed:
            while not self._over() and self._ahead() + self._chunksize > max(self._window, self._chunksize):
                self._changed.wait(1.0)  # a dropped iterator says nothing
        return not self._over()

    def _over(self) -> bool:
        return self._closed or self._dispatcher.terminated

    def _ahead(self) -> int:
        """Where nobody consumes any more, what has its outcome is as good as consumed."""
        return self._pulled - (self._delivered if self._results() is None else self._consumed)

    def _deliver(self, start: int, outcomes: List[Outcome]) -> None:
        with self._changed:
            self._delivered += len(outcomes)
            self._changed.notify()
        results = self._results()
        if results is not None:
            for index, outcome in enumerate(outcomes, start):
                results._set(index, outcome)


class _NoCache:
    """What multiprocessing's iterators want of a pool, without anything that would keep them alive."""

    @property
    def _cache(self) -> "_NoCache":
        return self

    def __setitem__(self, job: int, result: object) -> None:
        pass

    def __delitem__(self, job: int) -> None:
        pass


class LambdaIMapIterator(_IMapIterator):
    """The results, in order. ``next(timeout=None)`` raises multiprocessing.TimeoutError."""

    # multiprocessing's own:
    _pool: Any
    _cond: threading.Condition
    _items: Deque[Outcome]
    _index: int
    _length: Optional[int]
    _set_length: Callable[[int], None]

    def __init__(self, pool: Any, feed: Feed) -> None:
        super().__init__(_NoCache())  # type: ignore[arg-type]
        self._pool = pool
        self._feed = feed
        self._why_ended: Optional[BaseException] = None

    def _set(self, index: int, outcome: Outcome) -> None:
        succeeded, value = outcome
        if not succeeded and isinstance(value, StopIteration):
            # Raised as itself it would end the loop as if there were no more items.
            error = RuntimeError("the function raised StopIteration")
            error.__cause__ = value
            outcome = (False, error)
        super()._set(index, outcome)  # type: ignore[misc]

    def next(self, timeout: Optional[float] = None) -> Any:
        timeout = check_seconds("timeout", timeout)
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._cond:
            while not self._items:
                if self._index == self._length:
                    self._pool = None
                    raise StopIteration
                if self._why_ended is not None:
                    raise self._why_ended
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    raise TimeoutError
                self._cond.wait(left)
            succeeded, value = self._items.popleft()
        self._feed.consumed()
        if succeeded:
            return value
        raise value

    __next__ = next

    def set_length(self, length: int) -> None:
        self._set_length(length)
        with self._cond:
            self._cond.notify_all()

    def end(self, why: BaseException) -> None:
        """The pool ended: what did not come by now will not come."""
        with self._cond:
            if self._length is None or self._index < self._length:
                self._why_ended = why
            self._cond.notify_all()

    def end_forked(self, exception: BaseException) -> None:
        self._cond = threading.Condition()
        self._items.clear()
        self._why_ended = exception

    def __del__(self) -> None:
        feed = getattr(self, "_feed", None)
        if feed is not None:
            feed.dropped()


class LambdaIMapUnorderedIterator(LambdaIMapIterator, _IMapUnorderedIterator):
    """The results, as they come."""


Kind = TypeVar("Kind", bound=LambdaIMapIterator)


def iterate(
    kind: Type[Kind], pool: Any, dispatcher: Dispatcher, function: bytes, iterable: Iterable[Any], chunksize: int
) -> Kind:
    """Starts pulling `iterable`. A window is 2 chunks a worker."""
    feed = Feed(dispatcher, function, iterable, chunksize, 2 * dispatcher.workers * chunksize)
    results = kind(pool, feed)
    feed.start(results)
    return results
