"""Where progress is drawn: tqdm's bar in terminals and notebooks where it is installed, else a line of text."""

from __future__ import annotations

import shutil
import sys
import time
import warnings
from importlib import import_module
from typing import Any, Callable, List, Optional

from .dollars import dollars
from .progress import Progress

Show = Callable[[Progress, bool], None]

LINE_SECONDS = 10.0  # between lines that stay


def display(always: bool) -> Optional[Show]:
    """None: standard error is no terminal (nor a notebook's), and nobody asked."""
    if sys.stderr is None:
        return None
    notebook = "ipykernel" in sys.modules
    if notebook or sys.stderr.isatty():
        return _bar(notebook) or (_lines if notebook else _line)()
    return _lines() if always else None


def details(state: Progress) -> str:
    """ "running 10, queued 90, $0.001234": what a bar says beside done, total, rate and time."""
    parts: List[str] = []
    for name in ("running", "queued", "retried", "throttled", "failed"):
        count = getattr(state, name)
        if count:
            parts.append("%s %d" % (name, count))
    if state.cost:
        parts.append(dollars(state.cost))
    return ", ".join(parts)


def line(state: Progress) -> str:
    total = "" if state.total is None else "/%d" % state.total
    percent = "" if not state.total else " %d %%" % (100 * state.done // state.total)
    rate = ("%.3g/s" if state.rate < 100 else "%.0f/s") % state.rate
    text = "%d%s%s, %s" % (state.done, total, percent, rate)
    if state.eta:
        text += ", %s left" % _clock(state.eta)
    more = details(state)
    return "%s in %s%s" % (text, _clock(state.seconds), ", " + more if more else "")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return "%d:%02d:%02d" % (hours, minutes, rest) if hours else "%d:%02d" % (minutes, rest)


def _bar(notebook: bool) -> Optional[Show]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tqdm = import_module("tqdm.auto" if notebook else "tqdm").tqdm
    except ImportError:
        return None
    bars: List[Any] = []  # made when there is something to show

    def show(state: Progress, last: bool) -> None:
        if not bars:
            bars.append(
                tqdm(total=state.total, unit="item", dynamic_ncols=True, mininterval=0, miniters=1, file=sys.stderr)
            )
        bar = bars[0]
        bar.total = state.total
        bar.set_postfix_str(details(state), refresh=False)
        bar.n = state.done
        bar.refresh()
        if last:
            bar.close()

    return show


def _line() -> Show:
    def show(state: Progress, last: bool) -> None:
        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write("\r%s\x1b[K%s" % (line(state)[:width], "\n" if last else ""))
        sys.stderr.flush()

    return show


def _lines() -> Show:
    told = [time.monotonic()]

    def show(state: Progress, last: bool) -> None:
        now = time.monotonic()
        if last or now - told[0] >= LINE_SECONDS:
            told[0] = now
            sys.stderr.write("lambdapool: %s\n" % line(state))
            sys.stderr.flush()

    return show
