"""Whose fault it is that an item has no value, and which item an exception is about."""

from __future__ import annotations

from multiprocessing.pool import RemoteTraceback  # type: ignore[attr-defined]  # typeshed lacks it
from typing import Any, List, Optional, Sequence

from . import _native
from .errors import LambdaPoolError, RemoteError, UnsendableResult


class Failure:
    """In the place of a value: the item has none, but an exception."""

    __slots__ = ("exception",)

    def __init__(self, exception: BaseException) -> None:
        self.exception = exception


def is_of_platform(exception: BaseException) -> bool:
    """Whether the platform is to blame, rather than the function or what it returned.

    A function's own exception is an outcome like a value: the other items go on, as they do in multiprocessing.
    What the platform does to a call (it timed out, ran out of memory, died, was refused) would cost the same time
    and money for the items behind it, and the caller is going to raise it anyway."""
    return isinstance(exception, LambdaPoolError) and not isinstance(exception, (RemoteError, UnsendableResult))


def may_have_run(exception: BaseException) -> bool:
    """Whether an item that has failed so may have run: by the function's own exception, or by what befell its call and
    perhaps no other (src/pool/batch.hpp)."""
    if not is_of_platform(exception):
        return True
    return isinstance(exception, LambdaPoolError) and exception.kind in _native.kinds_that_may_have_run


def of_platform(failures: List[BaseException]) -> Optional[BaseException]:
    return next((exception for exception in failures if is_of_platform(exception)), None)


def name_items(results: List[Any], indices: Sequence[int]) -> None:
    """Each exception of a job's answer tells which item it belongs to, by its index in the user's iterable:
    ``item`` of a LambdaPoolError, and of the remote traceback of a function's own exception."""
    for index, result in zip(indices, results):
        if type(result) is not Failure:
            continue
        exception = result.exception
        if isinstance(exception, LambdaPoolError):
            name_item(exception, [index])
        elif isinstance(exception.__cause__, RemoteTraceback):
            trace = exception.__cause__
            trace.item = index
            trace.tb = trace.tb.rstrip('"\n') + '\n(item %d)\n"""' % index


def name_item(exception: BaseException, indices: Sequence[int]) -> None:
    """For what befell a whole call: the item, or those that shared it."""
    if not isinstance(exception, LambdaPoolError) or exception.item is not None:
        return
    exception.item = indices[0]
    where = (
        "item %d" % indices[0]
        if len(indices) == 1
        else "one of the items %d to %d, which shared a call" % (indices[0], indices[-1])
    )
    exception.args = ("%s (%s)" % (exception, where),)
