"""pool.tune(): a sample at several sizes of memory, what it took and cost, and which size is best for what."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Sequence

from . import _native
from .arguments import check_callable, check_integer
from .errors import FunctionTimedOut, OutOfMemory
from .map_options import Asked
from .report import Report
from .results import BatchResult

#: By what a sample can fail of which more memory is the cure.
TOO_LITTLE = {OutOfMemory: "out of memory", FunctionTimedOut: "timed out"}


class Tuned(NamedTuple):
    """The sample with one size of memory."""

    memory: int  #: MB
    report: Report
    item_ms: float  #: what an item took, in the middle of all
    cost: float  #: dollars of an item
    failure: str  #: "out of memory" or "timed out": it did not suffice, and the other figures are of what was run


class Tuning:
    """``print(tuning)`` is a table."""

    def __init__(self, is_local: bool) -> None:
        self.rows: List[Tuned] = []
        self._native = _native.NativeTuning(is_local)

    def add(self, memory: int, report: Report, failure: str) -> None:
        item_ms, cost = self._native.add(memory, report._native, failure)
        self.rows.append(Tuned(memory, report, item_ms, cost, failure))

    @property
    def cheapest(self) -> Tuned:
        """Raises ValueError where no size sufficed."""
        return self._best("cheapest")

    @property
    def fastest(self) -> Tuned:
        return self._best("fastest")

    @property
    def balanced(self) -> Tuned:
        """The least product of time and cost."""
        return self._best("balanced")

    def to_dict(self) -> Dict[str, Any]:
        """As ``lambdapool tune --json`` prints it."""
        figures: Dict[str, Any] = json.loads(self._native.json())
        return figures

    def __str__(self) -> str:
        return self._native.text().rstrip("\n")

    def _best(self, name: str) -> Tuned:
        size = self.to_dict()[name]
        if size is None:
            raise ValueError("no size of memory has sufficed for the sample")
        return next(row for row in self.rows if row.memory == size)


def tune(pool: Any, func: Callable[[Any], Any], sample: Iterable[Any], memory: Sequence[int]) -> Tuning:
    """See LambdaPool.tune()."""
    check_callable("func", func)
    items = list(sample)
    if not items:
        raise ValueError("sample is empty: tune() needs items to run")
    sizes = sorted({check_integer("memory", size) for size in memory})
    dispatcher = pool._dispatcher
    if dispatcher.deployment is None:
        raise ValueError("tune() runs versions of the function with other sizes of memory: the pool must have deploy=")
    versions = dispatcher.deployment.ensure_sizes(sizes)
    tuning = Tuning(dispatcher.engine.target == "local")
    for size, version in zip(sizes, versions):
        result = _run(pool, func, items, version)
        failure = None if result._success else result._value
        if failure is not None and type(failure) not in TOO_LITTLE:
            raise failure
        tuning.add(size, result.report, "" if failure is None else TOO_LITTLE[type(failure)])
    return tuning


def _run(pool: Any, func: Callable[[Any], Any], items: List[Any], variant: str) -> BatchResult[Any]:
    from . import pickling

    result: BatchResult[Any] = BatchResult(pool, items, None, None)
    result._dispatcher = pool._dispatcher
    result._variant = variant
    function = pool._setup.wrap(pickling.dumps(func, apart=pool._dispatcher.blobs.apart))
    result._start(pool._dispatcher, function, pickling.MAP, 1, Asked(pool, {}))
    try:
        result.wait()
    except BaseException:
        result.give_up()
        raise
    finally:
        result._watch_ends()
    return result
