"""The answer to tasks that shared a call (src/pool/task_rows.hpp). They ran one after the other, and the first that
failed or wrote something was the last: so the log is that one's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Optional, Sequence, Tuple

from . import outcomes
from .errors import NativeError, from_native
from .faults import Failure

if TYPE_CHECKING:
    from .dispatcher import Dispatcher
    from .jobs import Task


def take_row(
    dispatcher: Dispatcher,
    numbers: Sequence[int],
    call: int,
    body: Any,
    error: Optional[NativeError],
    before: int,
    early: bool,
) -> List[Tuple[Task, Any]]:
    """The tasks with these numbers that have their outcomes now, with these. `before` them the call has others whose
    outcomes are known."""
    engine = dispatcher.engine
    tasks: List[Optional[Task]] = [dispatcher._jobs.get(number) for number in numbers]  # None: nobody wants it any more
    seconds, size = None, 0
    try:
        if error is None:
            if type(body) is str:
                body = dispatcher.blobs.fetched(call, body)
            size = len(body)
            results, seconds = _results(dispatcher, call, body, before, len(tasks), early)
        else:
            results = [Failure(from_native(error, dispatcher.function)) for _ in tasks]
    except outcomes.OtherCode as other:
        engine.forget_log(call)
        mismatch = dispatcher.learn(*other.args)
        if mismatch is None:
            engine.row_over(call, before, None, 0, 0)
            return []
        results = [Failure(mismatch)] * len(tasks)
    last = tasks[len(results) - 1]
    if last is not None and not early:
        last._calls += 1
    done = [(task, result) for task, result in zip(tasks, results) if task is not None]
    again = [task for task, result in done if type(result) is Failure and task._comes_again(0, 0, result.exception)]
    if early:
        for number in numbers:
            engine.settle(number, 0, 1, 1)
    else:
        engine.row_over(call, before + len(results), seconds, size, len(again))
    return [(task, result) for task, result in done if task not in again]


def _results(
    dispatcher: Dispatcher, call: int, body: Any, before: int, count: int, early: bool
) -> Tuple[List[Any], Optional[float]]:
    """And the seconds that they took. Raises OtherCode."""
    answer = outcomes.read(body, before + count, dispatcher.function, told=before)
    if early or before:
        answer = outcomes.of_rest(answer, before, count, early, dispatcher.function)
    results, seconds, _ = answer
    if type(results[-1]) is Failure:  # a result that only cannot be read here leaves the log to the last
        outcomes.attach([results[-1].exception], dispatcher.engine.log_of(call))
    return results, seconds
