"""Executor.map: the chunks of its items, and their results in order."""

from __future__ import annotations

import itertools
import time
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FuturesTimeoutError
from typing import TYPE_CHECKING, Any, Generator, Iterator, Optional, Tuple

from .dispatcher import Dispatcher
from .faults import Failure
from .lazy import Lazy, chunks_of
from .pickling import STARMAP

if TYPE_CHECKING:
    from .map_options import Asked
    from .report import Report
    from .resumption import Resumption


class Mapped(Lazy):
    """Pulls `items`, the tuples of arguments, and submits them, `size` to an invocation."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        function: bytes,
        items: Iterator[Tuple[Any, ...]],
        size: int,
        asked: Asked,
        resumption: Optional[Resumption] = None,
    ) -> None:
        super().__init__(dispatcher, function, STARMAP, size, True, held=False, asked=asked, resumption=resumption)
        self._unpulled = chunks_of(items, size)

    def submit(self, count: Optional[int]) -> None:
        """So many chunks more, or all there are."""
        pulled = 0
        try:
            for chunk in itertools.islice(self._unpulled, count):
                self.pull(chunk)
                pulled += 1
        except BaseException:  # of the user's iterable: nobody gets the results of what was pulled
            self._cancel()
            self.complete()
            raise
        if count is None or pulled < count:
            self.complete()

    def results(self, deadline: Optional[float], refill_from: Optional[object]) -> Generator[Any, None, None]:
        """`refill_from`: the executor, where each chunk that is taken lets another be pulled."""
        try:
            while True:
                left = None if deadline is None else max(0.0, deadline - time.monotonic())
                results = self.take(left)
                if results is None:
                    raise FuturesTimeoutError
                if not results:
                    return
                refills = refill_from is not None
                if refills and self._chunksize > 1 and not self._complete:
                    self.submit(1)
                while results:
                    if refills and self._chunksize == 1 and not self._complete:
                        self.submit(1)
                    yield _value_of(results)
        finally:
            self._cancel()
            self.complete()
            self._watch_ends()

    def _cancel(self) -> None:
        """Nobody wants the rest: what is not sent never is."""
        if self._failure is None:
            self._failure = CancelledError()
        for unsent in self._dispatcher.end_job(self):
            self._give_up(unsent)


class MappedResults(Generator[Any, None, None]):
    """What Executor.map returns: a generator, as the standard library's, with its calls' report."""

    def __init__(self, mapped: Mapped, results: Generator[Any, None, None]) -> None:
        self._mapped, self._results = mapped, results

    @property
    def report(self) -> Report:
        """What its calls took and cost so far."""
        return self._mapped.report

    def __next__(self) -> Any:
        return next(self._results)

    def send(self, value: None) -> Any:
        return self._results.send(value)

    def throw(self, *failure: Any) -> Any:
        return self._results.throw(*failure)

    def close(self) -> None:
        """Nobody wants the rest: what is not sent never is."""
        self._results.close()


def _value_of(results: "list[Any]") -> Any:
    """The last one's, of which nobody here keeps hold, as in the standard library."""
    result = results.pop()
    if type(result) is not Failure:
        return result
    try:
        raise result.exception
    finally:
        del result
