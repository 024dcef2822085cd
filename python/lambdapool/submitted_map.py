"""Executor.map by way of submit(), for an executor whose submit() is not its own.

The standard library's map calls submit(), and others rely on that: tqdm puts a submit of its own into an executor, to
count what is done.
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from concurrent.futures.process import _process_chunk  # a function that every worker can import
from functools import partial
from typing import Any, Callable, Iterator, Mapping, Optional, Tuple


def submitted_map(
    executor: Any,
    fn: Callable[..., Any],
    items: Iterator[Tuple[Any, ...]],
    deadline: Optional[float],
    chunksize: int,
    buffersize: Optional[int],
    options: Mapping[str, Any],
) -> Iterator[Any]:
    """As the standard library has it: a future for each chunk, and what is not consumed is cancelled.

    Raises ValueError where options of a map are given, of which a submit() of others knows nothing.
    """
    given = [name for name, value in options.items() if value not in (None, False)]
    if given:
        raise ValueError("a map through a submit() that is not LambdaExecutor's has no %s" % " and no ".join(given))
    calls: Iterator[Any] = (partial(executor.submit, fn, *item) for item in items)
    if chunksize > 1:
        chunks: Iterator[Any] = iter(lambda: tuple(itertools.islice(items, chunksize)), ())
        calls = (partial(executor.submit, partial(_process_chunk, fn), chunk) for chunk in chunks)
        buffersize = buffersize and -(-buffersize // chunksize)
    futures = deque(call() for call in itertools.islice(calls, buffersize))

    def results() -> Iterator[Any]:
        try:
            while futures:
                value = futures[0].result(None if deadline is None else deadline - time.monotonic())
                futures.popleft()
                if buffersize is not None:
                    futures.extend(call() for call in itertools.islice(calls, 1))
                if chunksize == 1:
                    value = [value]
                value.reverse()
                while value:
                    yield value.pop()
        finally:
            for future in futures:
                future.cancel()

    return results()
