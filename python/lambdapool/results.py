"""multiprocessing's results, fulfilled from here.

They are subclasses: results here have their calls' logs too, the chunks of a map come in whatever sizes they
were sent, and a callback that raises must leave no result unset.
"""

from __future__ import annotations

import sys
import threading
import traceback
from multiprocessing.pool import ApplyResult, MapResult
from typing import Any, Callable, Dict, List, Optional, TypeVar

from .jobs import Batch
from .logs import JobLogs
from .outcomes import Outcome

Callback = Optional[Callable[[Any], object]]
T = TypeVar("T")


class TaskResult(ApplyResult[T]):
    """A task's result, with its log."""

    # multiprocessing's own:
    _job: int
    _set: Callable[[int, Outcome], None]

    def __init__(self, pool: Any, callback: Callback, error_callback: Callback) -> None:
        super().__init__(pool, guarded(callback), guarded(error_callback))
        self._logs = JobLogs()

    @property
    def logs(self) -> str:
        """What the task printed, between what Lambda logs of it; its last 4 KB. "" until it is done."""
        return self._logs.text(self.ready())


# By the name that users know it by: it shows in type(result) and in tracebacks.
TaskResult.__name__ = TaskResult.__qualname__ = ApplyResult.__name__
TaskResult.__module__ = ApplyResult.__module__


class BatchResult(MapResult[T]):
    """A map's result: the list of values, or the first exception once every item has its outcome (which a
    failure of the platform gives to all that have none)."""

    # multiprocessing's own:
    _job: int
    _cache: Dict[int, Any]
    _event: threading.Event
    _pool: Any
    _success: bool
    _value: Any
    _number_left: int
    _callback: Callback
    _error_callback: Callback

    def __init__(self, pool: Any, length: int, callback: Callback, error_callback: Callback) -> None:
        # A chunksize of 0 is multiprocessing's way to say that there is nothing to wait for.
        super().__init__(pool, 1 if length else 0, length, guarded(callback), guarded(error_callback))
        self._left = threading.Lock()
        self._logs = JobLogs()
        self.batch: Optional[Batch] = None

    @property
    def logs(self) -> str:
        """What its calls logged, in the order in which they were sent, 4 KB of each. Items of one chunk share a
        call. A pool keeps the newest 16 MB."""
        return self._logs.text(self.ready())

    def deliver(self, start: int, outcomes: List[Outcome]) -> None:
        """From the completion thread, or from whoever ends the pool."""
        with self._left:
            index = start
            for succeeded, value in outcomes:
                if succeeded:
                    self._value_at(index, value)
                elif self._success:
                    self._success = False
                    self._value = value
                index += 1
            self._number_left -= len(outcomes)
            finished = self._number_left == 0
        if finished:
            callback = self._callback if self._success else self._error_callback
            if callback:
                callback(self._value)
            self._settled()

    def give_up(self) -> None:
        """The caller was interrupted: nothing more is sent."""
        if self.batch is not None:
            self.batch.give_up()
        self._cache.pop(self._job, None)
        self._pool = None

    def _value_at(self, index: int, value: Any) -> None:
        if self._success:
            self._value[index] = value

    def _settled(self) -> None:
        self._cache.pop(self._job, None)
        self._event.set()
        self._pool = None


def end_forked(result: Any, exception: BaseException) -> None:
    """In a forked child: whoever held the event's lock is gone, so it is replaced. No callbacks."""
    result._success, result._value = False, exception
    result._cache.pop(result._job, None)
    result._event = threading.Event()
    result._event.set()
    result._pool = None


def guarded(callback: Callback) -> Callback:
    if callback is None:
        return None

    def call(value: Any) -> None:
        try:
            callback(value)
        except BaseException:
            print("lambdapool: exception in a pool's callback, ignored:", file=sys.stderr)
            traceback.print_exc()

    return call
