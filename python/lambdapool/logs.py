"""What the calls of a job wrote: found when it is asked for, and not before.

Every answer brings the end of its invocation's log along (4 KB at most). The extension keeps those of a pool's
newest calls, 16 MB in all; here is only which calls a job had.
"""

from __future__ import annotations

from typing import Any, List

CALLS_MAX = 65_536  # of one job are remembered, at least


class JobLogs:
    """The calls of one job, in the order in which they were sent."""

    __slots__ = ("_engine", "_calls", "_count")

    def __init__(self) -> None:
        self._engine: Any = None
        self._calls: List[int] = []
        self._count = 0

    def sent(self, engine: Any, call: int) -> None:
        self._engine = engine
        self._calls.append(call)
        self._count += 1
        if len(self._calls) > 2 * CALLS_MAX:
            del self._calls[:CALLS_MAX]

    def forget(self, call: int) -> None:
        """It ran nothing of the job's, and is sent again."""
        self._calls.remove(call)
        self._count -= 1

    def text(self, complete: bool) -> str:
        """`complete`: every call has come to its end, so that a log that is not there has been dropped."""
        tails = [self._engine.log_of(call) for call in list(self._calls)]
        there = [text for kept, text in tails if kept]
        dropped = self._count - len(there)
        if complete and dropped:
            there.insert(0, "[lambdapool: the logs of %d earlier calls are not kept any more]\n" % dropped)
        return "".join(there)
