"""Which failures of an item are not its last word, because its user has said so."""

from __future__ import annotations

import random
from typing import Any, Optional, Tuple, Type

from .arguments import check_integer, check_seconds

RETRIES_USUAL = 2
RETRIES_MAX = 100
BACKOFF = 0.5  # seconds
BACKOFF_MAX = 60.0


class Retry:
    """`on`: what an item may fail with; `times`: how often it is run again, at most; `backoff`: seconds before the
    first time."""

    def __init__(self, on: Tuple[Type[BaseException], ...], times: int, backoff: float) -> None:
        self._on = on
        self._times = times
        self._backoff = backoff

    def delay(self, exception: BaseException, made: int) -> Optional[float]:
        """How many seconds to wait before an item that has failed so is run again, `made` times before; None: it is
        not. Between half and all of what doubles with each time."""
        from .faults import may_have_run  # late: see connect()

        if made >= self._times or not isinstance(exception, self._on) or not may_have_run(exception):
            return None
        longest = min(BACKOFF_MAX, self._backoff * 2.0 ** min(made, 30))
        return longest * (0.5 + 0.5 * random.random())


def check_retry_on(value: Any) -> Tuple[Type[BaseException], ...]:
    """A class of exceptions, or several; none in (). Raises TypeError."""
    classes = value if isinstance(value, (tuple, list)) else (value,)
    for one in classes:
        if not isinstance(one, type) or not issubclass(one, BaseException):
            raise TypeError("retry_on must be a class of exceptions, or a tuple of them, not %r" % (value,))
    return tuple(classes)


def check_retries(retries: Any) -> Optional[int]:
    if retries is None:
        return None
    retries = check_integer("retries", retries)
    if not 0 <= retries <= RETRIES_MAX:
        raise ValueError("retries must be between 0 and %d, not %d" % (RETRIES_MAX, retries))
    return int(retries)


def retry_of(retry_on: Any, retries: Any, backoff: Any, otherwise: Optional[Retry] = None) -> Optional[Retry]:
    """What these options ask for, where None is what `otherwise` has; None: nothing is run again. Raises TypeError and
    ValueError."""
    times, wait = check_retries(retries), check_seconds("backoff", backoff)
    if wait is not None and not 0 <= wait <= BACKOFF_MAX:
        raise ValueError("backoff must be between 0 and %d seconds, not %r" % (BACKOFF_MAX, backoff))
    on = check_retry_on(retry_on) if retry_on is not None else otherwise._on if otherwise is not None else ()
    if not on:
        if retry_on is None and (times or wait is not None):
            raise ValueError("retries and backoff need retry_on, the exceptions that an item may be run again after")
        return None
    if times is None:
        times = otherwise._times if otherwise is not None else RETRIES_USUAL
    if wait is None:
        wait = otherwise._backoff if otherwise is not None else BACKOFF
    return Retry(on, times, wait) if times else None


def pool_retry(retry_on: Any, retries: Any, backoff: Any, idempotent: bool) -> Tuple[Optional[Retry], Optional[int]]:
    """As retry_of(), of a whole pool; and how often its engine sends again what may have run."""
    times = check_retries(retries)
    if retry_on is not None:
        return retry_of(retry_on, times, backoff), times if idempotent is True else None
    if times is not None and not idempotent:
        raise ValueError(
            "retries says how often something is run again: name the exceptions after which (retry_on), or say that "
            "what may have run may run twice (idempotent), or leave retries out"
        )
    return retry_of(None, None, backoff), times
