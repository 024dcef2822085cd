"""The items of an imap or an Executor.map: pulled and sent a chunk at a time, their results taken in order or as
they come."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Deque, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple, TypeVar

from .dispatcher import Dispatcher
from .faults import Failure
from .items import Items

if TYPE_CHECKING:
    from .map_options import Asked
    from .resumption import Resumption

T = TypeVar("T")


def chunks_of(iterable: Iterable[T], size: int) -> Iterator[List[T]]:
    """Each is pulled when it is asked for."""
    items = iter(iterable)
    return iter(lambda: list(itertools.islice(items, size)), [])


class Lazy(Items):
    """`ordered`: take() gives results in the items' order. `held`: the pool goes on while items may still be pulled."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        function: bytes,
        style: str,
        chunksize: int,
        ordered: bool,
        held: bool,
        asked: Asked,
        resumption: Optional[Resumption] = None,
    ) -> None:
        self._dispatcher = dispatcher
        self._resumption = resumption
        self._function = function
        self._style = style
        self._chunksize = chunksize
        self._ordered = ordered
        self._held = held
        self._ask(asked)
        self._make_conditions()
        self._chunks: Dict[int, List[Any]] = {}  # by their first item, until all of its items have their results
        self._left: Dict[int, int] = {}  # of a chunk that came back in part: how many items have none
        self._by_first: Dict[int, List[Any]] = {}  # results that wait to be taken
        self._as_they_come: Deque[List[Any]] = deque()
        self._refused: List[Tuple[int, int]] = []  # first and count of items that nobody will send
        self._pulled = 0
        self._delivered = 0
        self._taken = 0
        self._complete = False  # nothing more will be pulled
        self._ended: Optional[BaseException] = None
        dispatcher.add(self, 0, chunksize, open=True)

    def _make_conditions(self) -> None:
        """Each thread is woken for what it waits for: to get the interpreter's lock for nothing costs more than a
        chunk of quick items."""
        lock = threading.Lock()
        self._changed = threading.Condition(lock)  # for who takes
        self._room = threading.Condition(lock)  # for who pulls

    def pull(self, *chunks: List[Any]) -> None:
        """All of them but the last that ever comes are of `chunksize`."""
        with self._changed:
            first = self._pulled
            for chunk in chunks:
                self._chunks[self._pulled] = chunk
                self._pulled += len(chunk)
            count = self._pulled - first
            if not self._held:
                self._dispatcher.hold(self)
        if not self._dispatcher.extend(self, count):
            with self._changed:
                stopped = self._failure or self._dispatcher.ended
                if stopped is None:  # a failure that the engine knows of, and the completion thread soon will
                    self._refused.append((first, count))
                    return
            self._deliver(first, [Failure(stopped)] * count, True)
        else:
            self._heed_budget()

    def complete(self, failure: Optional[BaseException] = None) -> None:
        """There are no more items; `failure` is where the next would have been."""
        self._dispatcher.close_job(self)
        if failure is not None:
            with self._changed:
                first = self._pulled
                self._pulled += 1
            self._deliver(first, [Failure(failure)], True)
        with self._changed:
            self._complete, self._held = True, False
            self._changed.notify_all()
            self._forget_if_done()

    def show(self, progress: Any, total: Optional[int]) -> None:
        """`total`: how many items there will be, where that is known."""
        self._watched(
            progress,
            lambda: self._pulled if self._complete else total,
            lambda: self._ended is not None or (self._complete and self._delivered == self._pulled),
        )

    def take(self, timeout: Optional[float] = None) -> Optional[List[Any]]:
        """Results, the first one last; [] where there are no more, None after so many seconds. What was taken before
        counts as used up. Raises what the pool, or after its place a failure of the platform, ended all with."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            self._used_up()
            while True:
                results = self._ready()
                if results is not None:
                    self._taken += len(results)
                    results.reverse()
                    return results
                if self._ended is not None:
                    raise self._ended
                if self._taken == self._pulled:
                    if self._failure is not None:
                        raise self._failure
                    if self._complete:
                        break
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and not left > 0:
                    return None
                self._dispatcher.check_may_wait()
                self._changed.wait(left)
        self._watch_ends()
        return []

    def _stop(self, exception: BaseException) -> None:
        super()._stop(exception)
        with self._changed:
            refused, self._refused = self._refused, []
            self._wake_all()
        for unsent in refused:
            self._give_up(unsent)

    def _ready(self) -> Optional[List[Any]]:
        if self._ordered:
            return self._by_first.pop(self._taken, None)
        return self._as_they_come.popleft() if self._as_they_come else None

    def _used_up(self) -> None:
        """Under the lock."""

    def _wanted(self) -> bool:
        return True

    def _slice(self, first: int, count: int) -> Sequence[Any]:
        if self._chunksize == 1:  # of which several may share a call
            return [self._chunks[each][0] for each in range(first, first + count)]
        start = first - first % self._chunksize
        chunk = self._chunks[start]
        return chunk if count == len(chunk) else chunk[first - start : first - start + count]

    def _deliver(self, first: int, results: List[Any], failed: bool) -> None:
        wanted = self._wanted()
        with self._changed:
            if self._ended is not None:
                return
            self._release(first, len(results))
            self._delivered += len(results)
            if not wanted:
                self._room.notify_all()
            elif self._ordered:
                self._by_first[first] = results
            else:
                self._as_they_come.append(results)
            if first == self._taken or not self._ordered:
                self._changed.notify_all()
            self._forget_if_done()

    def _wake_all(self) -> None:
        """Under the lock."""
        self._changed.notify_all()
        self._room.notify_all()

    def _forget_if_done(self) -> None:
        """Under the lock, as hold() is: what is pulled next is not forgotten."""
        if not self._held and self._delivered == self._pulled:
            self._dispatcher.forget(self)

    def _release(self, first: int, count: int) -> None:
        """Chunks whose items all have their results. What is given up may be several chunks."""
        size = self._chunksize
        for start in range(first - first % size, first + count, size):
            chunk = self._chunks.get(start)
            if chunk is None:
                continue
            here = min(first + count, start + len(chunk)) - max(first, start)
            left = self._left.pop(start, len(chunk)) - here
            if left:
                self._left[start] = left
            else:
                del self._chunks[start]

    def _end(self, exception: BaseException) -> None:
        with self._changed:
            self._ended = self._ended_by_pool = exception
            self._chunks.clear()
            self._wake_all()

    def _forked(self, exception: BaseException) -> None:
        self._make_conditions()
        self._by_first.clear()
        self._as_they_come.clear()
        self._ended = exception
