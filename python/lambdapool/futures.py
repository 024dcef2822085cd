"""The standard library's futures, fulfilled from here."""

from __future__ import annotations

from concurrent.futures import Future, InvalidStateError
from concurrent.futures._base import FINISHED, PENDING
from typing import Any, Optional, TypeVar

from .errors import CANCELLED, NativeError
from .faults import Failure
from .jobs import Task

T = TypeVar("T")

#: What a future has for those who wait for it, or give it a callback.
_FOR_WAITING = frozenset(vars(Future())) - {"_state", "_result", "_exception"}


class TaskFuture(Future[T], Task):
    """A task's future, with its log (what the task printed, its last 4 KB; "" until it is done) and its ``report``."""

    # the standard library's own:
    _state = PENDING
    _result: Any = None
    _exception: Optional[BaseException] = None

    _waitable = False  # it has what is for waiting

    def __init__(self) -> None:
        """Most futures are done before anybody looks at them: what is for waiting is made for who does (__getattr__).
        It is most of what a future costs."""

    def __getattr__(self, name: str) -> Any:
        if name not in _FOR_WAITING:
            raise AttributeError("%r object has no attribute %r" % (type(self).__name__, name))
        made = vars(Future())
        with self._dispatcher.settling:
            if not self._waitable:
                for each in _FOR_WAITING:
                    setattr(self, each, made[each])
                self._waitable = True
        return object.__getattribute__(self, name)

    def result(self, timeout: Optional[float] = None) -> T:
        """As Future's, which before Python 3.14 takes an exception that is false (``__bool__``, ``__len__``) for
        none."""
        if self._state != FINISHED:  # which it stays, so that no lock is needed
            self._check_may_wait(timeout)
            super().result(timeout)
        exception = self._exception
        if exception is not None:
            raise exception
        value: T = self._result
        return value

    def exception(self, timeout: Optional[float] = None) -> Optional[BaseException]:
        self._check_may_wait(timeout)
        return super().exception(timeout)

    def _check_may_wait(self, timeout: Optional[float]) -> None:
        if not self.done() and (timeout is None or timeout > 0):
            self._dispatcher.check_may_wait()

    _taken_back = False

    # A task is sent without Python's doing, so that its future stays PENDING until it is done.

    def running(self) -> bool:
        return bool(self._number) and not self.done() and self._dispatcher.is_running(self)

    def cancel(self) -> bool:
        if self.done() or not self._number:
            return super().cancel()
        dispatcher = self._dispatcher
        with dispatcher.taking_back:
            first = not self._taken_back and dispatcher.take_back(self)
            self._taken_back = self._taken_back or first
        if not self._taken_back or not super().cancel():  # or all has ended meanwhile
            return False
        if first:
            self.set_running_or_notify_cancel()  # who waits for it or for several is told
            dispatcher.forget(self)
        return True

    def _is_cancelled(self, error: NativeError) -> bool:
        return error[0] == CANCELLED

    def _settle(self, result: Any) -> None:
        with self._dispatcher.settling:
            if not self._waitable:  # so that nobody is to be told
                if self._state == PENDING:
                    if type(result) is Failure:
                        self._exception = result.exception
                    else:
                        self._result = result
                    self._state = FINISHED
                return
        try:
            if type(result) is Failure:
                self.set_exception(result.exception)
            else:
                self.set_result(result)
        except InvalidStateError:
            pass  # cancelled before it was sent

    def _cancel(self) -> None:
        self.cancel()

    def _forked(self, exception: BaseException) -> None:
        """In a forked child: whoever held the condition is gone, so it is replaced. No callbacks."""
        for name, value in vars(Future()).items():
            if name in _FOR_WAITING:
                setattr(self, name, value)
        self._waitable = True
        self._settle(Failure(exception))


# By the name that users know it by.
TaskFuture.__name__ = TaskFuture.__qualname__ = Future.__name__
TaskFuture.__module__ = Future.__module__
