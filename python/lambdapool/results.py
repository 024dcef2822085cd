"""multiprocessing's results, fulfilled from here.

They are subclasses: results here have their calls' logs too, the chunks of a map come in whatever sizes they
were sent, and a callback that raises must leave no result unset.
"""

from __future__ import annotations

import sys
import threading
import traceback
from multiprocessing.pool import ApplyResult, MapResult
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Sequence, Tuple, TypeVar

from .blobs import Memo
from .dispatcher import Dispatcher
from .errors import BudgetExceeded
from .faults import Failure
from .items import Items
from .jobs import Task

if TYPE_CHECKING:
    from .map_options import Asked
    from .resumption import Resumption

RANGE_FROM = 100  # more numbers of a range go as what makes them, which takes longer to pickle

Callback = Optional[Callable[[Any], object]]
T = TypeVar("T")


class TaskResult(ApplyResult[T], Task):
    """A task's result, with its log (what the task printed, its last 4 KB; "" until it is done) and its ``report``."""

    # multiprocessing's own:
    _job: int
    _set: Callable[[int, Tuple[bool, Any]], None]

    def __init__(self, pool: Any, callback: Callback, error_callback: Callback) -> None:
        super().__init__(pool, guarded(callback), guarded(error_callback))
        self._dispatcher = pool._dispatcher

    def wait(self, timeout: Optional[float] = None) -> None:
        check_may_wait(self, timeout)
        super().wait(timeout)

    def _settle(self, result: Any) -> None:
        self._set(0, (False, result.exception) if type(result) is Failure else (True, result))

    def _forked(self, exception: BaseException) -> None:
        end_forked(self, exception)


class Applied(Task):
    """The task of an apply(), whose caller alone knows it: what others would wait with is not made."""

    _waited = True

    def __init__(self, pool: Any) -> None:
        self._dispatcher = pool._dispatcher
        self._outcomes: List[Any] = []  # the first one counts
        self._pending = threading.Lock()
        self._pending.acquire()

    def ready(self) -> bool:
        return not self._pending.locked()

    def get(self) -> Any:
        check_may_wait(self, None)
        with self._pending:
            result = self._outcomes[0]
        if type(result) is Failure:
            raise result.exception
        return result

    def _settle(self, result: Any) -> None:
        self._outcomes.append(result)
        if self._pending.locked():
            self._pending.release()

    def _forked(self, exception: BaseException) -> None:
        self._outcomes, self._pending = [Failure(exception)], threading.Lock()


# By the name that users know it by: it shows in type(result) and in tracebacks.
TaskResult.__name__ = TaskResult.__qualname__ = ApplyResult.__name__
TaskResult.__module__ = ApplyResult.__module__


class BatchResult(MapResult[T], Items):
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

    def __init__(self, pool: Any, items: Sequence[Any], callback: Callback, error_callback: Callback) -> None:
        # A chunksize of 0 is multiprocessing's way to say that there is nothing to wait for.
        super().__init__(pool, 1 if items else 0, len(items), guarded(callback), guarded(error_callback))
        self._items = items
        self._left = threading.Lock()

    def wait(self, timeout: Optional[float] = None) -> None:
        check_may_wait(self, timeout)
        super().wait(timeout)

    def _start(self, dispatcher: Dispatcher, function: bytes, style: str, chunksize: int, asked: Asked) -> None:
        total = len(self._items)
        self._dispatcher = dispatcher
        self._function = function
        self._style = style
        self._chunksize = chunksize
        self._ask(asked)
        self._known = Memo(repeats=len(self._items) > 1)
        dispatcher.add(self, total, chunksize, lets_go=True)
        self._watched(asked.progress, lambda: total, self._event.is_set)

    def _resume(self, resumption: Resumption, items: Sequence[Any]) -> None:
        """What is done is taken from the journal, and the rest is to be sent. Before _start(). Raises RunConflict and
        LocalError."""
        self._resumption = resumption
        missing = []
        for position, done in resumption.claim(items, whole=True):
            if done:
                self._value[position] = resumption.result(position)
            else:
                missing.append(items[position])
        self._items, self._number_left = missing, len(missing)

    def give_up(self) -> None:
        """The caller was interrupted: nothing more is sent."""
        if self._number:
            self._dispatcher.withdraw(self)
        self._end_run()
        self._cache.pop(self._job, None)
        self._pool = None

    def _end_run(self) -> None:
        if self._resumption is not None:
            self._resumption.close()

    def _slice(self, first: int, count: int) -> Sequence[Any]:
        items = self._items[first : first + count]
        return list(items) if type(items) is range and count <= RANGE_FROM else items

    def _memo(self) -> Memo:
        return self._known

    def _deliver(self, first: int, results: List[Any], failed: bool) -> None:
        """From the completion thread, or from whoever ends the pool."""
        with self._left:
            if not self._number_left:
                return
            if failed and isinstance(self._failure, BudgetExceeded):
                self._keep_done(first, results)
            if self._success and failed:
                failure = next(result for result in results if type(result) is Failure)
                self._success, self._value = False, failure.exception
            elif self._success and self._resumption is None:
                self._value[first : first + len(results)] = results
            elif self._success:
                for position, result in zip(self._indices(first, len(results)), results):
                    self._value[position] = result
            self._number_left -= len(results)
            finished = self._number_left == 0
        if finished:
            self._finish()

    def _keep_done(self, first: int, results: List[Any]) -> None:
        """The exception has the values there are: all of them have come, since nothing is under way any more."""
        assert isinstance(self._failure, BudgetExceeded)
        if self._success:
            self._failure.results = dict(enumerate(self._value))
        for position in self._indices(first, len(results)):
            self._failure.results.pop(position, None)

    def _end(self, exception: BaseException) -> None:
        with self._left:
            if not self._number_left:
                return
            self._ended_by_pool = exception
            if self._success:
                self._success, self._value = False, exception
            self._number_left = 0
        self._finish()

    def _finish(self) -> None:
        self._items = ()
        if self._number:
            self._dispatcher.forget(self)
        self._end_run()
        callback = self._callback if self._success else self._error_callback
        if callback:
            callback(self._value)
        self._cache.pop(self._job, None)
        self._event.set()
        self._pool = None

    def _forked(self, exception: BaseException) -> None:
        end_forked(self, exception)


def check_may_wait(result: Any, timeout: Optional[float]) -> None:
    if not result.ready() and (timeout is None or timeout > 0):
        result._dispatcher.check_may_wait()


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
