"""A named run: what it has done already comes from its journal (src/journal), and only the rest is sent.

What is sent is a job as any other; its items are those that are missing, so their indices are its own. `positions()`
says where items stand in what the user gave. Sending and arriving are written down here, before they happen and
before anybody sees the result.
"""

from __future__ import annotations

import itertools
import pickle
import threading
import warnings
from collections import deque
from typing import Any, Callable, Deque, Generator, Iterable, Iterator, List, Optional, Sequence, Tuple

from . import _native, fingerprint, outcomes
from .errors import LambdaPoolError, from_native

ON_CHANGE = ("error", "restart", "keep")
DONE = 2
_MAY_HAVE_RUN = ("network", "service", "cancelled", "protocol")  # kinds of errors


def resume(pool: Any, name: Optional[str], on_change: str, function: Callable[..., Any]) -> Optional["Resumption"]:
    """None where the run has no name. Raises RunConflict, LocalError, ValueError or TypeError."""
    if on_change not in ON_CHANGE:
        raise ValueError("on_change must be one of %s, not %r" % (", ".join(ON_CHANGE), on_change))
    if name is None:
        return None
    if not isinstance(name, str):
        raise TypeError("name must be a str, not %s" % type(name).__name__)
    code = fingerprint.of_code(function, *pool._setup.code)
    return Resumption(name, on_change, pool._dispatcher.function, code, pool._idempotent)


class Resumption:
    """Of one run, from its start to its end here; the run is locked meanwhile."""

    def __init__(self, name: str, on_change: str, function: str, code: str, idempotent: bool) -> None:
        self._function = function
        journal = _native.open_journal(name, function, code, on_change, idempotent)
        self._journal: Any = self._checked(journal)
        self._sent: List[int] = []  # positions, by the job's own indices
        self._claimed = 0
        self._warned = False
        # Of an iterable: for each item in its order its position and whether it is done.
        self._flags: Deque[Tuple[int, bool]] = deque()
        self._all_pulled = False
        self._changed = threading.Condition()

    def close(self) -> None:
        """The run may be resumed by others from now on."""
        self._journal.close()

    def positions(self, first: int, count: int) -> List[int]:
        return self._sent[first : first + count]

    # Items.

    def claim(self, items: Sequence[Any], whole: bool) -> List[Tuple[int, bool]]:
        """The next ones of the user's. For each its position, and whether it is done. `whole`: these are all."""
        first = self._claimed
        states = self._checked(self._journal.claim(first, [fingerprint.of_item(item) for item in items], whole))
        self._claimed += len(items)
        flags = [(position, state == DONE) for position, state in enumerate(states, first)]
        self._sent += [position for position, done in flags if not done]
        return flags

    def ended(self) -> None:
        """There are no more items than have been claimed."""
        self._checked(self._journal.ended(self._claimed))

    def result(self, position: int) -> Any:
        """Of an item that is done."""
        return _load(self._checked(self._journal.result(position)))

    def sift(self, items: Iterable[Any], count: int) -> "_Sifted":
        """Those of the iterable that are missing. It is pulled `count` at a time."""
        return _Sifted(self, items, count)

    # What the job does.

    def sending(self, first: int, count: int) -> None:
        self._checked(self._journal.sent(self.positions(first, count)))

    def arrived(self, first: int, kept: "List[Optional[bytes]]", values: Sequence[Any]) -> None:
        """`kept`: of each item what outcomes.read() kept; None where it failed, for reasons of its own."""
        positions = self.positions(first, len(kept))
        done, returned = [], []
        for position, data, value in zip(positions, kept, values):
            data = self._lasting(data, value)
            if data is None:
                returned.append(position)
            else:
                done.append((position, data))
        self._checked(self._journal.done(done))
        if returned:
            self._checked(self._journal.returned(returned))

    def took(self, billed_ms: float, memory_mb: int, cost: float) -> None:
        """A call, whatever came of it. Where this cannot be written, nor can what follows, which is missed."""
        self._journal.took(billed_ms, memory_mb, cost)

    def failed(self, first: int, count: int, exception: BaseException) -> None:
        """The call did. What has certainly not run, or not to its end, is simply missing."""
        if not isinstance(exception, LambdaPoolError) or exception.kind not in _MAY_HAVE_RUN:
            self.not_run(first, count)

    def not_run(self, first: int, count: int) -> None:
        self._checked(self._journal.returned(self.positions(first, count)))

    def _lasting(self, data: Optional[bytes], value: Any) -> Optional[bytes]:
        """What is of use to another process. Code that came by value is known by this one's memory of it: in the
        journal it goes by its name."""
        if data is None or b"lambdapool_by_value" not in data:
            return data
        try:
            return outcomes.KEPT_VALUE + pickle.dumps(value, 5)
        except Exception as error:
            if not self._warned:
                self._warned = True
                warnings.warn(
                    "lambdapool: a result cannot be kept in the journal, so its item would run again: %s" % error,
                    RuntimeWarning,
                    stacklevel=2,
                )
            return None

    def _checked(self, answer: Any) -> Any:
        if isinstance(answer, tuple):
            raise from_native(answer, self._function)
        return answer

    # An iterable's results in order: those that are done, between those that are sent.

    def pulled(self, flags: List[Tuple[int, bool]], last: bool) -> None:
        with self._changed:
            self._flags.extend(flags)
            self._all_pulled = self._all_pulled or last
            self._changed.notify_all()

    def next_flag(self, timeout: Optional[float], ordered: bool) -> Optional[Tuple[int, bool]]:
        """The next item's, which stays; None where there are no more, or none came in time. Not `ordered`: one that
        is done comes first."""
        with self._changed:
            self._changed.wait_for(lambda: self._flags or self._all_pulled, timeout)
            if not ordered:
                done = next((flag for flag in self._flags if flag[1]), None)
                if done is not None:
                    self._flags.remove(done)
                    self._flags.appendleft(done)
            return self._flags[0] if self._flags else None

    def taken(self) -> None:
        with self._changed:
            self._flags.popleft()

    @property
    def all_pulled(self) -> bool:
        return self._all_pulled


class _Sifted:
    """An iterator, and sized where what it sifts is: a collection is handed over whole."""

    def __new__(cls, resumption: Resumption, items: Iterable[Any], count: int) -> Any:
        kind = _SizedSifted if hasattr(items, "__len__") else _Sifted
        return object.__new__(kind)

    def __init__(self, resumption: Resumption, items: Iterable[Any], count: int) -> None:
        self._items = items
        self._missing = self._sift(resumption, iter(items), count)

    def __iter__(self) -> Iterator[Any]:
        return self._missing

    def _sift(self, resumption: Resumption, items: Iterator[Any], count: int) -> Iterator[Any]:
        try:
            while True:
                pulled = list(itertools.islice(items, count))
                if not pulled:
                    resumption.ended()
                    return
                flags = resumption.claim(pulled, whole=False)
                resumption.pulled(flags, last=False)
                yield from (item for item, (_, done) in zip(pulled, flags) if not done)
        finally:
            resumption.pulled([], last=True)


class _SizedSifted(_Sifted):
    def __len__(self) -> int:
        return len(self._items)  # type: ignore[arg-type]


def merged(resumption: Resumption, sent: Iterator[Any]) -> Generator[Any, None, None]:
    """Results in the items' order, for one thread that pulls and consumes: Executor.map's."""
    try:
        while True:
            flag = resumption.next_flag(0, ordered=True)
            if flag is not None and flag[1]:
                resumption.taken()
                yield resumption.result(flag[0])
                continue
            try:
                value = next(sent)  # pulls on, where that is its way
            except StopIteration:
                if resumption.next_flag(0, ordered=True) is None:
                    return
                continue
            while True:  # what was done before it came first in the iterable
                flag = resumption.next_flag(0, ordered=True)
                if flag is None or not flag[1]:
                    break
                resumption.taken()
                yield resumption.result(flag[0])
            resumption.taken()
            yield value
    finally:
        close = getattr(sent, "close", None)
        if close is not None:
            close()
        resumption.close()


def _load(data: bytes) -> Any:
    kind, rest = data[:1], data[1:]
    if kind == outcomes.KEPT_VALUE:
        return pickle.loads(rest)
    stream, buffers = pickle.loads(rest)
    return pickle.loads(stream, buffers=buffers)
