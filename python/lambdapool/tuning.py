"""pool.tune(): a sample at several sizes of memory, what it took and cost, and which size is best for what."""

from __future__ import annotations

from typing import Any, Callable, Iterable, List, NamedTuple, Sequence

from .arguments import check_callable, check_integer
from .dollars import dollars
from .errors import OutOfMemory
from .map_options import Asked
from .report import Report
from .results import BatchResult


class Tuned(NamedTuple):
    """The sample with one size of memory."""

    memory: int  #: MB
    report: Report
    item_ms: float  #: what an item took, in the middle of all
    cost: float  #: dollars of an item, without cold starts' part where the platform bills them apart
    out_of_memory: bool  #: it did not suffice: the other figures are of what was run


class Tuning:
    """``print(tuning)`` is a table."""

    def __init__(self, rows: Sequence[Tuned], local: bool) -> None:
        self.rows = list(rows)
        self._local = local

    @property
    def sufficient(self) -> List[Tuned]:
        return [row for row in self.rows if not row.out_of_memory]

    @property
    def cheapest(self) -> Tuned:
        """Raises ValueError where no size sufficed."""
        return min(self.sufficient, key=lambda row: row.cost)

    @property
    def fastest(self) -> Tuned:
        return min(self.sufficient, key=lambda row: row.item_ms)

    @property
    def balanced(self) -> Tuned:
        """The least product of time and cost."""
        return min(self.sufficient, key=lambda row: row.cost * row.item_ms)

    def __str__(self) -> str:
        lines = ["MEMORY      ITEM TAKES    1,000 ITEMS COST    USED"]
        for row in self.rows:
            if row.out_of_memory:
                lines.append("%5d MB    out of memory" % row.memory)
                continue
            used = row.report.to_dict()["max_memory_used_mb"]
            lines.append("%5d MB  %10.1f ms  %16s  %5d MB" % (row.memory, row.item_ms, dollars(1000 * row.cost), used))
        if self.sufficient:
            best = (("cheapest", self.cheapest), ("fastest", self.fastest), ("balanced", self.balanced))
            lines.append(", ".join("%s: %d MB" % (name, row.memory) for name, row in best))
        if self._local:
            lines.append("(on the target local memory makes nothing faster: these are no times of AWS)")
        return "\n".join(lines)


def tune(pool: Any, func: Callable[[Any], Any], sample: Iterable[Any], memory: Sequence[int]) -> Tuning:
    """See LambdaPool.tune()."""
    check_callable("func", func)
    items = list(sample)
    if not items:
        raise ValueError("sample is empty: tune() needs items to run")
    sizes = sorted({check_integer("memory", size) for size in memory})
    dispatcher = pool._dispatcher
    if dispatcher.deployment_with is None:
        raise ValueError("tune() runs versions of the function with other sizes of memory: the pool must have deploy=")
    if dispatcher.engine.target.startswith("gcp"):
        raise ValueError(
            "tune() calls versions by one address, and on Cloud Run each has its own: make a pool with deploy= and"
            " memory= for each size, and compare their report()"
        )
    rows = []
    for size in sizes:
        variant = dispatcher.deployment_with(size).ensure()
        result = _run(pool, func, items, variant)
        failure = None if result._success else result._value
        if failure is not None and not isinstance(failure, OutOfMemory):
            raise failure
        report = result.report
        count = max(1, report.items)
        rows.append(Tuned(size, report, report.task_ms["p50"], report.cost / count, failure is not None))
    return Tuning(rows, dispatcher.engine.target == "local")


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
