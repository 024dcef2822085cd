"""LambdaPool(stdout=True): what tasks print appears on this program's standard output as it comes, each line with the
name of its call in front.

A thread of its own prints, so that a slow terminal holds up neither tasks nor results. What it has not got to is
bounded (src/pool/live_output.hpp).
"""

from __future__ import annotations

import sys
import threading
from typing import Any, Optional, Sequence

#: Results wait so long for the lines that came before them.
_CATCH_UP_SECONDS = 0.5


class Printer:
    """Of the engine's output(), until the engine is closed."""

    def __init__(self, engine: Any, function: str) -> None:
        self._engine = engine
        self._function = function.rpartition(":function:")[2].partition(":")[0]
        self._thread = threading.Thread(target=self._run, name="lambdapool-output", daemon=True)
        self._thread.start()

    def name(self, job: Any, items: Optional[Sequence[int]] = None) -> str:
        """Of one of its calls. `items`: where they stand in the user's iterable; None: it is a task of its own."""
        called = job._called or self._function
        if items is None:
            return "%s #%d" % (called, job._number)
        first, last = items[0], items[-1]
        return "%s[%d]" % (called, first) if first == last else "%s[%d-%d]" % (called, first, last)

    def catch_up(self) -> None:
        """All that came until now is printed, or it takes too long."""
        self._engine.wait_until_printed(_CATCH_UP_SECONDS)

    def join(self, timeout: Optional[float]) -> None:
        """After the engine's close()."""
        if self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            lines = self._engine.output()
            if lines is None:
                return
            _print(lines)


def name_of(function: Any) -> str:
    """As users know it; "" where it has no name."""
    while hasattr(function, "func"):  # a partial's
        function = function.func
    name = getattr(function, "__name__", None)
    return name if isinstance(name, str) else ""


def _print(lines: str) -> None:
    """Where nothing can be printed, it is lost: sys.stdout may be closed, or None, or its reader may be gone."""
    try:
        out = sys.stdout
        try:
            out.write(lines)
        except UnicodeEncodeError:
            out.write(lines.encode(out.encoding, "backslashreplace").decode(out.encoding))
        out.flush()
    except Exception:
        pass
