"""The jobs of one map, imap or executor.map: after a failure of the platform nothing more of them is sent.

A function's own exception is an outcome like a value: the other items go on, as they do in
multiprocessing. What the platform does to a call (it timed out, ran out of memory, died, was refused) would
cost the same time and money for the items behind it, and the caller is going to raise it anyway.
"""

from __future__ import annotations

from multiprocessing.pool import RemoteTraceback  # type: ignore[attr-defined]  # typeshed lacks it
from typing import Callable, List, Optional

from .dispatcher import Dispatcher
from .errors import LambdaPoolError, RemoteError, UnsendableResult
from .outcomes import Outcome


def is_of_platform(exception: BaseException) -> bool:
    """Whether the platform is to blame, rather than the function or what it returned."""
    return isinstance(exception, LambdaPoolError) and not isinstance(exception, (RemoteError, UnsendableResult))


class Group:
    """`at_once`: with the failure all is over, calls in flight too; else those still bring their outcomes."""

    def __init__(
        self, dispatcher: Dispatcher, at_once: bool, on_failure: Optional[Callable[[BaseException], None]] = None
    ) -> None:
        self.failure: Optional[BaseException] = None
        self._dispatcher = dispatcher
        self._at_once = at_once
        self._on_failure = on_failure

    def fail(self, exception: BaseException) -> None:
        """The first failure ends what is not sent, with that failure for its outcome."""
        if self.failure is not None:
            return
        self.failure = exception
        jobs, calls = self._dispatcher.withdraw(self, in_flight=self._at_once)
        for job in jobs:
            job.abort(exception)
        for call in calls:
            call.drop(exception)
        if self._on_failure is not None:
            self._on_failure(exception)

    def cancel(self) -> None:
        """Nobody wants the rest: what is not sent never is."""
        jobs, _ = self._dispatcher.withdraw(self, in_flight=False)
        for job in jobs:
            job.cancel()


def name_items(outcomes: List[Outcome], first: int) -> None:
    """Each exception of a job's answer tells which item it belongs to, by its index in the user's iterable:
    ``item`` of a LambdaPoolError, and of the remote traceback of a function's own exception."""
    for index, (succeeded, exception) in enumerate(outcomes, first):
        if succeeded:
            continue
        if isinstance(exception, LambdaPoolError):
            name_item(exception, index, 1)
        elif isinstance(exception.__cause__, RemoteTraceback):
            trace = exception.__cause__
            trace.item = index
            trace.tb = trace.tb.rstrip('"\n') + '\n(item %d)\n"""' % index


def name_item(exception: BaseException, first: int, count: int) -> None:
    """For what befell a whole call: the item, or those that shared it."""
    if not isinstance(exception, LambdaPoolError) or exception.item is not None:
        return
    exception.item = first
    where = (
        "item %d" % first
        if count == 1
        else "one of the items %d to %d, which shared a call" % (first, first + count - 1)
    )
    exception.args = ("%s (%s)" % (exception, where),)
