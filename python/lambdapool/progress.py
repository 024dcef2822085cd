"""How far maps are: asked ten times a second, on a thread of its own, so that tasks cost nothing more."""

from __future__ import annotations

import atexit
import sys
import threading
import time
import traceback
import weakref
from concurrent.futures import Future
from concurrent.futures import as_completed as _as_completed
from typing import Any, Callable, Iterable, Iterator, NamedTuple, Optional, TypeVar, Union

from .arguments import check_progress

T = TypeVar("T")

INTERVAL = 0.1  # seconds


class Progress(NamedTuple):
    """What a `progress` callback gets, at most ten times a second and once at the end."""

    done: int  #: items that have their outcome
    total: Optional[int]  #: None where an iterable has not told yet
    failed: int  #: of those that are done
    running: int  #: with the workers; where calls have different numbers of items, about
    queued: int  #: of what is known so far
    retried: (
        int  #: calls of the pool that were sent again, but for throttling, and items that were run again (retry_on)
    )
    throttled: int  #: how often the service refused a call of the pool for rate or concurrency
    cost: float  #: dollars so far
    seconds: float  #: since the beginning

    @property
    def rate(self) -> float:
        """Items a second."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def eta(self) -> Optional[float]:
        """Seconds that it will still take at that rate."""
        if self.total is None or not self.done:
            return None
        return (self.total - self.done) / self.rate


Callback = Callable[[Progress], object]
Wanted = Union[None, bool, str, Callback]

_living: "weakref.WeakSet[Watch]" = weakref.WeakSet()


class Source:
    """Of one job: `over` and `total` are asked on the watch's thread."""

    def __init__(self, job: Any, total: Callable[[], Optional[int]], over: Callable[[], bool]) -> None:
        self._job = job
        self._total = total
        self.over = over
        self._done = 0
        self._before: Optional[tuple[int, int]] = None

    def now(self, seconds: float) -> Progress:
        job, engine = self._job, self._job._dispatcher.engine
        over, total = self.over(), self._total()
        known, settled, out, throttled, retried, cost = engine.standing(job._number, job._account)
        if self._before is None:
            self._before = throttled, retried
        if known is not None:
            self._done = settled
        elif over and total is not None and job._ended_by_pool is None:
            self._done = total
        total_known = known if total is None else total
        queued = max(0, (total_known or 0) - self._done - out)
        return Progress(
            self._done,
            total,
            job._failed_items,
            out,
            queued,
            retried - self._before[1] + job._repeated,
            throttled - self._before[0],
            cost,
            seconds,
        )


class Watch(threading.Thread):
    def __init__(self, source: Any, show: Any) -> None:
        super().__init__(name="lambdapool-progress", daemon=True)
        self._source = source
        self._show = show
        self._finish = threading.Event()
        self._began = time.monotonic()
        _living.add(self)
        self.start()

    def run(self) -> None:
        while not self._source.over() and not self._finish.wait(INTERVAL):
            self._tell(last=False)
        self._tell(last=True)
        self._source = _Over

    def finish(self) -> None:
        """Tells for the last time."""
        self._finish.set()
        if threading.current_thread() is not self:
            self.join(5.0)

    def _tell(self, last: bool) -> None:
        if self._show is None:
            return
        try:
            self._show(self._source.now(time.monotonic() - self._began), last)
        except Exception:
            self._show = None
            if not sys.is_finalizing():
                print("lambdapool: exception in a progress callback, which is not called again:", file=sys.stderr)
                traceback.print_exc()


class _Over:
    """In the place of a source that is not asked any more."""

    @staticmethod
    def over() -> bool:
        return True


def watch(source: Any, progress: Wanted) -> Optional[Watch]:
    """None: there is nothing to show, or nobody to whom."""
    if progress is None or progress is False:
        return None
    if callable(progress):
        callback = progress
        return Watch(source, lambda state, last: callback(state))
    from .progress_display import display

    show = display(always=progress == "text")
    return None if show is None else Watch(source, show)


class _Futures:
    """The source of as_completed()."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = self.failed = 0
        self.ended = False

    def over(self) -> bool:
        return self.ended

    def now(self, seconds: float) -> Progress:
        left = self.total - self.done
        return Progress(self.done, self.total, self.failed, 0, left, 0, 0, 0.0, seconds)


def as_completed(
    fs: "Iterable[Future[T]]", timeout: Optional[float] = None, *, progress: Wanted = True
) -> "Iterator[Future[T]]":
    """concurrent.futures.as_completed, with `progress` as ``LambdaPool.map`` has it."""
    futures = set(fs)
    source = _Futures(len(futures))
    shown = watch(source, check_progress(progress))
    try:
        for future in _as_completed(futures, timeout):
            source.done += 1
            source.failed += future.cancelled() or future.exception() is not None
            yield future
    finally:
        source.ended = True
        if shown is not None:
            shown.finish()


@atexit.register
def _finish_all() -> None:
    for shown in list(_living):
        shown.finish()
