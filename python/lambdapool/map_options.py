"""What can be asked of a map beside its function, items and chunksize: the same for every kind of map, of pools and of
executors, and judged here."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional, Tuple, Type, TypedDict, Union

from .arguments import check_dollars, check_flag, check_progress
from .kept import keeper_of
from .printing import name_of
from .progress import Wanted
from .report import report_of
from .retry import retry_of

if TYPE_CHECKING:
    from .resumption import Resumption


RetryOn = Union[None, Type[BaseException], Tuple[Type[BaseException], ...]]


class MapOptions(TypedDict, total=False):
    """The keywords, for type checkers; :meth:`LambdaPool.map` says what they mean."""

    progress: Wanted
    name: Optional[str]
    on_change: str
    retry_on: RetryOn
    retries: Optional[int]
    backoff: Optional[float]
    max_cost: Union[None, float, str]
    rerun_stragglers: bool
    keep_failed: Union[None, str, "os.PathLike[str]"]


class Asked:
    """The options of one map. `owner`: the pool or executor, which has what counts where the map says nothing.

    Raises TypeError for what is no option, and whatever is wrong with one that is.
    """

    called = ""  # the function's name, of whom resume() was asked

    def __init__(self, owner: Any, given: Dict[str, Any]) -> None:
        for name in given:
            if name not in MapOptions.__annotations__:
                raise TypeError("a map has no option %r; there are %s" % (name, ", ".join(MapOptions.__annotations__)))
        self._owner = owner
        progress = given.get("progress")
        self.progress = owner._progress if progress is None else check_progress(progress)
        self.name: Optional[str] = given.get("name")
        self._on_change = given.get("on_change", "error")
        self.max_cost = check_dollars("max_cost", given.get("max_cost"))
        if self.max_cost is not None:
            report_of(owner._dispatcher)  # where the prices cannot be read, nothing is sent
        self.rerun_stragglers = check_flag("rerun_stragglers", given.get("rerun_stragglers", False))
        if self.rerun_stragglers and not owner._idempotent:
            raise ValueError("rerun_stragglers runs items twice, which does no harm only where the pool is idempotent")
        self.keeper = keeper_of(given.get("keep_failed"), owner._dispatcher) or owner._keeper
        self.retry = retry_of(given.get("retry_on"), given.get("retries"), given.get("backoff"), owner._retry)

    def resume(self, function: Callable[..., Any]) -> Optional[Resumption]:
        """None where the run has no name. Raises RunConflict, LocalError, ValueError or TypeError."""
        from .resumption import resume

        self.called = name_of(function)
        return resume(self._owner, self.name, self._on_change, function)
