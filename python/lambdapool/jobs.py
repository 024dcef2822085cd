"""What a dispatcher sends: what all jobs have in common, and a single task. Mixed into the results that they fulfil."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Optional, Tuple

from . import outcomes, pickling
from .dispatcher import Dispatcher
from .errors import CodeMismatch, InitializerFailed, NativeError, OutOfMemory, from_native
from .faults import Failure
from .printing import name_of

if TYPE_CHECKING:
    from .kept import Keeper
    from .map_options import Asked
    from .report import Report
    from .retry import Retry


class Job:
    """What the calls of a job have in common."""

    _dispatcher: Dispatcher
    _number = 0
    _account: Any = None  # of its calls
    _calls = 0  # that have come to their end
    _retry: Optional[Retry] = None
    _max_cost: Optional[float] = None  # in dollars
    _rerun_stragglers = False
    _may_share_calls = False  # its items, where the chunksize is 1
    _keeper: Optional[Keeper] = None  # of what fails
    _called = ""  # the function's name, where that is of use

    def _ask(self, asked: Asked) -> None:
        self._retry, self._max_cost, self._rerun_stragglers = asked.retry, asked.max_cost, asked.rerun_stragglers
        self._keeper, self._called = asked.keeper, asked.called

    _attempts: Optional[Dict[int, int]] = None  # by item, how often it was run again
    _rungs: Optional[Dict[int, int]] = None  # by item, how far it has climbed
    _variant: Optional[str] = None  # of the function, where it is not the pool's
    _repeated = 0  # items that were run again

    def _comes_again(self, first: int, item: int, exception: BaseException) -> bool:
        """Whether this is not the item's last word. `first`: of its chunk, which is not settled yet."""
        if isinstance(exception, OutOfMemory) and self._variant is None and self._climbs(first, item):
            return True
        if self._retry is None:
            return False
        made = (self._attempts or {}).get(item, 0)
        seconds = self._retry.delay(exception, made)
        if seconds is None or not self._dispatcher.again(self, first, item, seconds):
            return False
        if self._attempts is None:
            self._attempts = {}
        self._attempts[item] = made + 1
        self._repeated += 1
        return True

    def _climbs(self, first: int, item: int) -> bool:
        """Whether it is run again with more memory."""
        if self._rungs is None:
            self._rungs = {}
        rung = self._rungs.get(item, 0) + 1
        if rung > len(self._dispatcher.rungs) or not self._dispatcher.again(self, first, item, 0.0, True):
            return False
        self._rungs[item] = rung
        self._repeated += 1
        return True

    def _address(self, call: int, first: int) -> None:
        """What has climbed is sent alone."""
        rung = 0 if self._rungs is None else self._rungs.get(first, 0)
        variant = self._dispatcher.rungs[rung - 1] if rung else self._variant
        if variant is not None:
            self._dispatcher.engine.send_to(call, variant)

    @property
    def logs(self) -> str:
        """What its calls logged, in the order in which they were sent, 4 KB of each: what the tasks printed, between
        what Lambda logs of them. Items of one chunk share a call. A pool keeps the newest 16 MB."""
        if not self._calls:
            return ""
        text: str = self._dispatcher.engine.logs_of(self._number, self._calls)
        return text

    @property
    def report(self) -> Report:
        """What its calls took and cost so far."""
        from ._native import Account
        from .report import report_of

        return report_of(self._dispatcher, self._account or Account())

    def _learn(self, call: int, manifest: bytes) -> Optional[BaseException]:
        """The worker has other code, and has run nothing. None: the call can be made again."""
        self._calls -= 1
        self._dispatcher.engine.forget_log(call)
        return self._dispatcher.learn(manifest)

    def _lift(self) -> None:
        """Nothing holds it back."""

    def _cancel(self) -> None:
        """Nothing agrees to be dropped."""


class Task(Job):
    """One call. It calls ``_settle(result)`` once, on the completion thread or where the task failed: a value, or a
    Failure."""

    _function: bytes = b""
    _arguments: bytes = b""
    _waited = False  # by a thread of its own

    def _start(self, owner: Any, function: Any, args: Tuple[Any, ...], kwds: Dict[str, Any]) -> None:
        """`function(*args, **kwds)`, of this pool or executor. What cannot be pickled is its outcome."""
        self._dispatcher = dispatcher = owner._dispatcher
        self._retry, self._keeper = owner._retry, owner._keeper
        apart = dispatcher.blobs.apart
        try:
            self._function = owner._setup.wrap(pickling.dumps(function, apart=apart))
            self._arguments = pickling.dump_items(pickling.CALL, [(args, kwds)], apart=apart)
        except Exception as error:
            self._settle(Failure(error))
            return
        if dispatcher.printer is not None:
            self._called = name_of(function)
        try:
            dispatcher.add_task(self, self._function, self._arguments)
        except CodeMismatch as error:
            self._settle(Failure(error))

    def _send(self, call: int, first: int, count: int) -> None:
        dispatcher = self._dispatcher
        self._address(call, first)
        dispatcher.name_call(call, self)
        dispatcher.blobs.send(call, self._function, self._arguments, dispatcher.code.expected())

    def _arrived(self, call: int, first: int, count: int, body: Any, error: Optional[NativeError], *more: Any) -> None:
        dispatcher = self._dispatcher
        if error is not None and self._is_cancelled(error):
            dispatcher.engine.settle(self._number, first, count, count)
            return
        self._calls += 1
        try:
            if error is None:
                if type(body) is str:
                    body = dispatcher.blobs.fetched(call, body)
                [result], _, failures = outcomes.read(body, 1, dispatcher.function)
                if failures:
                    outcomes.attach(failures, dispatcher.engine.log_of(call))
            else:
                result = Failure(from_native(error, dispatcher.function))
        except outcomes.OtherCode as other:
            mismatch = self._learn(call, *other.args)
            if mismatch is None:
                dispatcher.engine.settle(self._number, first, count, 0)
                return
            result = Failure(mismatch)
        failed = type(result) is Failure
        again = failed and self._comes_again(first, first, result.exception)
        dispatcher.engine.settle(self._number, first, count, count)
        if not again:
            self._outcome(result)

    def _outcome(self, result: Any) -> None:
        """It has come, from a worker or instead of what a worker would have said."""
        failed = type(result) is Failure
        if failed and self._keeper is not None:
            arguments = self._arguments
            self._keeper.keep(self._function, lambda: arguments, None, result.exception)
        self._finish(result)
        if failed and isinstance(result.exception, InitializerFailed):
            self._dispatcher.initializer_failed(result.exception)

    def _is_cancelled(self, error: NativeError) -> bool:
        """Whether it is by its user, who has been told."""
        return False

    def _fail(self, first: int, count: int, exception: BaseException) -> None:
        self._finish(Failure(exception))

    def _end(self, exception: BaseException) -> None:
        self._finish(Failure(exception))

    def _finish(self, result: Any) -> None:
        self._function = self._arguments = b""
        self._dispatcher.forget(self)
        self._settle(result)
        if self._waited and self._dispatcher.ended is None:
            self._dispatcher.engine.release(self._number)

    def _settle(self, result: Any) -> None:
        raise NotImplementedError
