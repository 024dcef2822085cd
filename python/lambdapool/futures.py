"""The standard library's futures, fulfilled from here."""

from __future__ import annotations

import threading
from concurrent.futures import Future, InvalidStateError
from typing import Any, Optional, TypeVar

from .logs import JobLogs
from .outcomes import Outcome

T = TypeVar("T")


class TaskFuture(Future[T]):
    """A task's future, with its log."""

    def __init__(self) -> None:
        super().__init__()
        self._logs = JobLogs()

    def result(self, timeout: Optional[float] = None) -> T:
        """As Future's, which before Python 3.14 takes an exception that is false (``__bool__``, ``__len__``) for
        none."""
        value = super().result(timeout)
        exception = self.exception()
        if exception is not None:
            raise exception
        return value

    @property
    def logs(self) -> str:
        """What the task printed, between what Lambda logs of it; its last 4 KB. "" until it is done."""
        return self._logs.text(self.done())


# By the name that users know it by.
TaskFuture.__name__ = TaskFuture.__qualname__ = Future.__name__
TaskFuture.__module__ = Future.__module__


def fulfil(future: "Future[Any]", outcome: Outcome) -> None:
    succeeded, value = outcome
    try:
        if succeeded:
            future.set_result(value)
        else:
            future.set_exception(value)
    except InvalidStateError:
        pass  # cancelled before it was sent


def end_forked(future: "Future[Any]", exception: BaseException) -> None:
    """In a forked child: whoever held the condition is gone, so it is replaced. No callbacks."""
    future._condition = threading.Condition()
    future._done_callbacks = []  # type: ignore[attr-defined]
    future._waiters = []
    fulfil(future, (False, exception))
