"""Executor.map: the chunks of its items, and their results in order."""

from __future__ import annotations

import itertools
import time
from collections import deque
from concurrent.futures import Future
from functools import partial
from typing import Any, Deque, Iterator, List, Optional, Tuple

from . import pickling
from .chunking import FixedChunks
from .dispatcher import Dispatcher
from .futures import end_forked, fulfil
from .group import Group
from .jobs import Batch
from .outcomes import Outcome


class Chunks:
    """Pulls `items`, the tuples of arguments, and submits them, `size` to an invocation."""

    def __init__(self, dispatcher: Dispatcher, function: bytes, items: Iterator[Tuple[Any, ...]], size: int) -> None:
        self._dispatcher = dispatcher
        self._function = function
        self._chunks = iter(lambda: list(itertools.islice(items, size)), [])
        self._group = Group(dispatcher, at_once=False)
        self._pulled = 0
        self._futures: "Deque[Future[List[Outcome]]]" = deque()

    def submit(self, count: Optional[int]) -> None:
        """So many chunks more, or all there are."""
        for chunk in itertools.islice(self._chunks, count):
            self._futures.append(self._submit_one(chunk))

    def results(self, deadline: Optional[float], refill_from: Optional[object]) -> Iterator[Any]:
        """`refill_from`: the executor, where each chunk that is taken lets another be pulled."""
        futures = self._futures
        try:
            while futures:
                left = None if deadline is None else deadline - time.monotonic()
                outcomes = futures[0].result(left)
                futures.popleft()
                if refill_from is not None:
                    self.submit(1)
                outcomes.reverse()
                while outcomes:
                    yield _value_of(outcomes)
        finally:
            self._group.cancel()

    def _submit_one(self, items: List[Any]) -> "Future[List[Outcome]]":
        future: "Future[List[Outcome]]" = Future()
        outcomes: List[Outcome] = [(False, None)] * len(items)
        left = len(items)

        def deliver(start: int, some: List[Outcome]) -> None:
            nonlocal left
            outcomes[start : start + len(some)] = some
            left -= len(some)
            if not left:
                fulfil(future, (True, outcomes))

        batch = Batch(
            self._dispatcher,
            self._function,
            pickling.STARMAP,
            items,
            FixedChunks(len(items)),
            deliver,
            self._group,
            first=self._pulled,
            begin=future.set_running_or_notify_cancel,
            on_fork=partial(end_forked, future),
            on_cancel=future.cancel,
        )
        self._pulled += len(items)
        self._dispatcher.enqueue(batch)
        return future


def _value_of(outcomes: List[Outcome]) -> Any:
    """The last one's, of which nobody here keeps hold, as in the standard library."""
    succeeded, value = outcomes.pop()
    if succeeded:
        return value
    try:
        raise value
    finally:
        del value
