"""A function over items, which are sent in chunks."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional, Sequence, Tuple

from . import outcomes, pickling
from .blobs import Memo
from .errors import CANCELLED, InitializerFailed, LambdaPoolError, NativeError, budget_exceeded, from_native
from .faults import Failure, is_of_platform, name_item, name_items, of_platform
from .jobs import Job

if TYPE_CHECKING:
    from .resumption import Resumption

CHUNK_BYTES = 1024 * 1024  # of arguments: more do not share a call (src/pool/chunking.hpp has the same)
LITTLE_BYTES = 64 * 1024  # of arguments or results, of which several do no harm
FINDS_SIZE = 0  # as a chunksize


class Items(Job):
    """A function over many items. Its users say ``_slice(first, count)``, the items, and get ``_deliver(first,
    results, failed)``, once for each item, in any order, perhaps again after ``_end()``; `failed`: some are Failures.
    Indices count from the first item of the user's iterable."""

    _function: bytes
    _style: str
    _chunksize: int  # as the user gave it, or FINDS_SIZE
    _failure: Optional[BaseException] = None  # after which nothing more is sent
    _resumption: Optional[Resumption] = None  # of a named run
    _given_up: Tuple[Any, ...] = ()  # (first, count): given up for a failure that is still on its way here
    _failed_items = 0
    _seconds = 0.0  # that the worker took for the call that came last
    _sends_little = True  # of the call that was sent last
    _told_early: Optional[Dict[int, List[BaseException]]] = None  # failures, by calls that are not over yet
    _ended_by_pool: Optional[BaseException] = None
    _watch: Any = None  # who shows how far it is

    @property
    def _may_share_calls(self) -> bool:  # type: ignore[override]
        return self._resumption is None and pickling.goes_by_name(self._function)

    def _watched(self, progress: Any, total: Any, over: Any) -> None:
        if progress:
            from .progress import Source, watch

            self._watch = watch(Source(self, total, over), progress)

    def _watch_ends(self) -> None:
        if self._watch is not None:
            self._watch.finish()

    def _slice(self, first: int, count: int) -> Sequence[Any]:
        raise NotImplementedError

    def _deliver(self, first: int, results: List[Any], failed: bool) -> None:
        raise NotImplementedError

    def _indices(self, first: int, count: int) -> Sequence[int]:
        """Where these stand in the user's iterable."""
        if self._resumption is not None:
            return self._resumption.positions(first, count)
        return range(first, first + count)

    def _memo(self) -> Memo:
        """Of what stays as it is while this is sent."""
        return Memo(repeats=True)

    def _send(self, call: int, first: int, count: int) -> None:
        dispatcher, items = self._dispatcher, self._slice(first, count)
        # Data that is stored apart does not make a chunk too large that its user asked for.
        size_of = pickling.size_of if self._chunksize == FINDS_SIZE else len
        fitting = count
        while True:
            if self._chunksize == 1 < fitting:
                arguments = pickling.dump_row(self._style, items)
            else:
                if self._chunksize == 1 < count:  # what is raised here is this item's alone
                    self._give_up(dispatcher.engine.shorten(call, 1))
                    count = 1
                arguments = pickling.dump_items(self._style, items, first, apart=dispatcher.blobs.apart)
            if fitting == 1 or arguments and size_of(arguments) <= CHUNK_BYTES:
                break
            fitting //= 2
            items = items[:fitting]
        if fitting < count:
            self._give_up(dispatcher.engine.shorten(call, fitting))
        if self._resumption is not None:
            self._resumption.sending(first, fitting)
        self._sends_little = type(arguments) is bytes and len(arguments) <= LITTLE_BYTES
        self._address(call, first)
        if dispatcher.printer is not None:
            dispatcher.name_call(call, self, self._indices(first, fitting))
        dispatcher.blobs.send(call, self._function, arguments, dispatcher.code.expected(), self._memo)

    def _arrived(
        self,
        call: int,
        first: int,
        count: int,
        body: Any,
        error: Optional[NativeError],
        before: int,
        begun: int,
        early: bool,
    ) -> None:
        self._calls += not early
        if self._told_early and not early:  # now there is a log
            outcomes.attach(self._told_early.pop(call, []), self._dispatcher.engine.log_of(call))
        if self._resumption is not None and not early:
            self._resumption.took(*self._dispatcher.engine.billed(self._number, first))
        if error is not None:
            self._call_failed(first, count, begun, error)
        else:
            self._take(call, first, count, body, before, early)
        if self._max_cost is not None and not early:
            self._heed_budget()

    def _heed_budget(self) -> None:
        """Where nothing more may be sent for the money, that is the outcome of the rest."""
        if self._max_cost is None or self._failure is not None or self._dispatcher.ended is not None:
            return
        over = self._dispatcher.engine.over_budget(self._number)
        if over is not None:
            spent, dearest = over
            self._stop(budget_exceeded(self._max_cost, spent, dearest, self._dispatcher.function))

    def _call_failed(self, first: int, count: int, begun: int, error: NativeError) -> None:
        """The items that have not begun are sent again."""
        withdrawn = error[0] == CANCELLED and self._failure
        exception = withdrawn or from_native(error, self._dispatcher.function)
        again = [item for item in range(first, first + begun) if self._comes_again(first, item, exception)]
        if begun < count and self._resumption is not None:
            self._resumption.not_run(first + begun, count - begun)
        rest = self._dispatcher.engine.settle(self._number, first, count, begun)
        self._fail(first, begun, exception, again)
        self._give_up(rest)

    def _take(self, call: int, first: int, count: int, body: Any, before: int, early: bool) -> None:
        dispatcher = self._dispatcher
        engine = dispatcher.engine
        if type(body) is str and not early:
            body = dispatcher.blobs.fetched(call, body)
        kept: Optional[List[Optional[bytes]]] = None if self._resumption is None else []
        try:
            answer = outcomes.read(body, before + count, dispatcher.function, kept, before)
        except outcomes.OtherCode as other:
            self._other_code(call, first, count, *other.args)
            return
        if early or before:
            answer = outcomes.of_rest(answer, before, count, early, dispatcher.function)
        results, seconds, failures = answer
        self._seconds = 0.0 if early else seconds or 0.0
        if failures:
            self._attach_log(call, failures, early)
        if kept is not None:
            results, failures = self._keep(first, count, kept[before:], results, failures)
        pieces, again = [(first, results)], self._choose_again(first, results) if failures else []
        if again:
            pieces = list(_without(again, first, results))
            failures = [one.exception for _, some in pieces for one in some if type(one) is Failure]
        rest = engine.settle(self._number, first, count, len(results), None if early else seconds, len(body), before)
        if failures:
            self._keep_failed(first, results, again)
            self._failed_items += len(failures)
            name_items(results, self._indices(first, len(results)))
        for start, some in pieces:
            self._deliver(start, some, bool(failures))
        self._give_up(rest)
        fatal = of_platform(failures) if failures else None
        if fatal is not None:
            self._stop(fatal)

    def _attach_log(self, call: int, failures: List[BaseException], early: bool) -> None:
        outcomes.attach(failures, self._dispatcher.engine.log_of(call))
        if early:
            self._told_early = self._told_early or {}
            self._told_early.setdefault(call, []).extend(failures)

    def _other_code(self, call: int, first: int, count: int, manifest: bytes) -> None:
        """The worker has run nothing."""
        mismatch = self._learn(call, manifest)
        if self._resumption is not None:
            self._resumption.not_run(first, count)
        rest = self._dispatcher.engine.settle(self._number, first, count, count if mismatch else 0)
        self._give_up(rest)
        if mismatch is not None:  # of all items, so it names none
            self._deliver(first, [Failure(mismatch)] * count, True)
            self._stop(mismatch)

    def _keep_failed(self, first: int, results: List[Any], again: Sequence[int]) -> None:
        if self._keeper is None:
            return
        for item, result in enumerate(results, first):
            if type(result) is Failure and item not in again:
                [index] = self._indices(item, 1)
                one = self._slice(item, 1)
                dumped = partial(pickling.dump_items, self._style, one, index)
                self._keeper.keep(self._function, dumped, index, result.exception)

    def _choose_again(self, first: int, results: List[Any]) -> List[int]:
        return [
            item
            for item, result in enumerate(results, first)
            if type(result) is Failure and self._comes_again(first, item, result.exception)
        ]

    def _fail(self, first: int, count: int, exception: BaseException, again: Sequence[int] = ()) -> None:
        self._failed_items += count - len(again)
        if self._resumption is not None:
            self._resumption.failed(first, count, exception)
        if len(again) == count:
            return
        if is_of_platform(exception):  # else it could not be sent
            self._keep_failed(first, [Failure(exception)] * count, again)
        name_item(exception, self._indices(first, count))
        for start, some in _without(again, first, [Failure(exception)] * count):
            self._deliver(start, some, True)
        if is_of_platform(exception):
            self._stop(exception)

    def _keep(
        self,
        first: int,
        count: int,
        kept: List[Optional[bytes]],
        results: List[Any],
        failures: List[BaseException],
    ) -> Tuple[List[Any], List[BaseException]]:
        """In the journal, before anybody sees them, and before the rest is sent again. What cannot be kept is a
        failure."""
        assert self._resumption is not None
        try:
            self._resumption.arrived(first, kept, results)
            if len(kept) < count:
                self._resumption.not_run(first + len(kept), count - len(kept))
        except LambdaPoolError as error:
            return [Failure(error)] * len(results), [error]
        return results, failures

    def _stop(self, exception: BaseException) -> None:
        """After a failure of the platform nothing more is sent; the first one is what the others have too."""
        if self._failure is None:
            self._failure = exception
        for unsent in (*self._given_up, *self._dispatcher.failed(self)):
            self._give_up(unsent)
        self._given_up = ()
        if isinstance(exception, InitializerFailed):
            self._dispatcher.initializer_failed(exception)

    def _give_up(self, unsent: Any) -> None:
        """`unsent`: (first, count), or None."""
        if unsent is None:
            return
        first, count = unsent
        if self._failure is None:
            self._given_up += (unsent,)
        else:
            self._deliver(first, [Failure(self._failure)] * count, True)


def _without(left_out: Sequence[int], first: int, results: List[Any]) -> Iterator[Tuple[int, List[Any]]]:
    """`results`, of the items from `first` on, in pieces between those that are left out."""
    start = first
    for end in (*left_out, first + len(results)):
        if start < end:
            yield start, results[start - first : end - first] if left_out else results
        start = end + 1
