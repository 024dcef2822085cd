"""The standard library's futures, fulfilled from here."""

from __future__ import annotations

import threading
from concurrent.futures import Future, InvalidStateError
from typing import Any, Optional, TypeVar

from .faults import Failure
from .jobs import Task

T = TypeVar("T")


class TaskFuture(Future[T], Task):
    """A task's future, with its log: what the task printed, its last 4 KB; "" until it is done."""

    def result(self, timeout: Optional[float] = None) -> T:
        """As Future's, which before Python 3.14 takes an exception that is false (``__bool__``, ``__len__``) for
        none."""
        value = super().result(timeout)
        exception = self.exception()
        if exception is not None:
            raise exception
        return value

    def _send(self, call: int, first: int, count: int) -> None:
        # A second time where the worker had other code than was thought.
        if self.running() or self.set_running_or_notify_cancel():
            super()._send(call, first, count)
        else:
            self._dispatcher.drop(self, call)

    def _settle(self, result: Any) -> None:
        try:
            if type(result) is Failure:
                self.set_exception(result.exception)
            else:
                self.set_result(result)
        except InvalidStateError:
            pass  # cancelled before it was sent

    def _cancel(self) -> None:
        if self.cancel():
            self._dispatcher.withdraw(self)

    def _forked(self, exception: BaseException) -> None:
        """In a forked child: whoever held the condition is gone, so it is replaced. No callbacks."""
        self._condition = threading.Condition()
        self._done_callbacks: Any = []
        self._waiters: Any = []
        self._settle(Failure(exception))


# By the name that users know it by.
TaskFuture.__name__ = TaskFuture.__qualname__ = Future.__name__
TaskFuture.__module__ = Future.__module__
