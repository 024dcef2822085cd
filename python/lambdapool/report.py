"""What a map, or all of a pool, took and cost."""

from __future__ import annotations

import json
import os
from typing import Any, Dict, List, Union

from .dollars import dollars
from .errors import from_native


class Report:
    """As of the moment when it was asked for. ``print(report)`` is a table; docs/reports.md says what the figures are.

    Times are in milliseconds and come as ``{"count", "sum", "p50", "p90", "p99", "max"}``.
    """

    def __init__(self, native: Any) -> None:
        self._native = native
        self._figures: Dict[str, Any] = json.loads(native.json())

    @property
    def calls(self) -> int:
        """Invocations that have come to their end."""
        return int(self._figures["calls"])

    @property
    def items(self) -> int:
        """That those calls carried."""
        return int(self._figures["items"])

    @property
    def failed_calls(self) -> Dict[str, int]:
        """By the error's code. A task's own exception is no failure of its call."""
        return dict(self._figures["failed_calls"])

    @property
    def cost(self) -> float:
        """Dollars, of the calls whose duration the platform has reported; without free tier and discounts."""
        return float(self._figures["cost_usd"])

    @property
    def task_ms(self) -> Dict[str, float]:
        """What an item took: its share of its call's run."""
        return dict(self._figures["task_ms"])

    @property
    def queue_ms(self) -> Dict[str, float]:
        """How long calls waited here until they were sent for the last time."""
        return dict(self._figures["queue_ms"])

    @property
    def transfer_ms(self) -> Dict[str, float]:
        """From sending to the answer, without the run and the cold start."""
        return dict(self._figures["transfer_ms"])

    @property
    def run_ms(self) -> Dict[str, float]:
        """How long calls ran, as the platform reports it."""
        return dict(self._figures["run_ms"])

    @property
    def init_ms(self) -> Dict[str, float]:
        """Of cold starts; ``count`` says how many there were."""
        return dict(self._figures["init_ms"])

    @property
    def retries(self) -> Dict[str, int]:
        """How often calls were sent again, by reason."""
        return dict(self._figures["retries"])

    @property
    def slowest(self) -> List[Dict[str, Any]]:
        """The slowest ten: ``first`` of ``count`` items that shared a call, and ``ms`` of each."""
        return list(self._figures["slowest"])

    def to_dict(self) -> Dict[str, Any]:
        figures: Dict[str, Any] = json.loads(self.to_json())
        return figures

    def to_json(self) -> str:
        return str(self._native.json())

    def save(self, path: Union[str, "os.PathLike[str]"]) -> None:
        """``NAME.html``: one page that needs no network. ``NAME.json``: a trace for chrome://tracing or Perfetto.

        Raises ValueError for another name, LocalError where it cannot be written.
        """
        error = self._native.save(os.fspath(path))
        if error is not None:
            raise from_native(error, "")

    def __str__(self) -> str:
        return str(self._native.text()).rstrip("\n")

    def __repr__(self) -> str:
        return "<lambdapool.Report items=%d calls=%d cost=%s>" % (self.items, self.calls, dollars(self.cost))


def report_of(dispatcher: Any, account: Any = None) -> Report:
    """Of one job's account, or of the whole pool. Raises ValueError where LAMBDAPOOL_PRICES cannot be read."""
    native, error = dispatcher.engine.report(account)
    if error is not None:
        raise from_native(error, dispatcher.function)
    return Report(native)
