"""What callers give is judged here, in their own thread, before anything is queued."""

from __future__ import annotations

import operator

TYPE_CHECKING = False  # typing's own would cost its import
if TYPE_CHECKING:
    from typing import Any, Dict, Optional


def check_integer(name: str, value: Any) -> int:
    """Whatever is an integer for Python (numpy's too), as an int. TypeError else; True and False are none."""
    if isinstance(value, bool):
        raise TypeError("%s must be an int, not bool" % name)
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError("%s must be an int, not %s" % (name, type(value).__name__)) from None


_CHUNKSIZE_MAX = 2**31 - 1  # what is larger means "all of them" just as well


def check_chunksize(value: Any, wrong: str = "Chunksize must be 1+, not %d") -> int:
    """At least 1. ValueError `wrong`, by default in multiprocessing's words."""
    chunksize = check_integer("chunksize", value)
    if chunksize < 1:
        raise ValueError(wrong % chunksize if "%" in wrong else wrong)
    return min(chunksize, _CHUNKSIZE_MAX)


def check_callable(name: str, value: Any) -> None:
    if not callable(value):
        raise TypeError("%s must be callable, not %s" % (name, type(value).__name__))


def check_keywords(kwds: Any) -> Dict[str, Any]:
    """A copy as a dict. TypeError, in the words of a call's, where a name is no string."""
    names = dict(kwds)
    for name in names:
        if not isinstance(name, str):
            raise TypeError("keywords must be strings, not %s" % type(name).__name__)
    return names


def check_callback(name: str, value: Any) -> None:
    if value is not None:
        check_callable(name, value)


def check_seconds(name: str, value: Any) -> Optional[float]:
    """A number of seconds, or None for no limit. Negative is as good as 0, as in the standard library."""
    if value is None:
        return None
    if isinstance(value, bool):
        raise TypeError("%s must be a number of seconds or None, not bool" % name)
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError("%s must be a number of seconds or None, not %s" % (name, type(value).__name__)) from None


def check_flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("%s must be True or False, not %s" % (name, type(value).__name__))
    return value


def check_dollars(name: str, value: Any) -> Optional[float]:
    """A number of dollars, or a text such as "$2.50"; None for no limit."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeError("%s must be a number of dollars, or a text such as '$2.50', not %r" % (name, value))
    try:
        dollars = float(value.strip().lstrip("$") if isinstance(value, str) else value)
    except ValueError:
        dollars = -1.0
    if not 0 < dollars < 1e12:
        raise ValueError("%s must be dollars above 0, such as '$2.50', not %r" % (name, value))
    return dollars


def check_progress(progress: Any) -> Any:
    if isinstance(progress, str):
        if progress != "text":
            raise ValueError("progress must be True, False, 'text' or a callable, not %r" % progress)
    elif progress is not None and not isinstance(progress, bool) and not callable(progress):
        raise TypeError("progress must be True, False, 'text' or a callable")
    return progress


def one_region(region: Optional[str], aws_region_name: Optional[str]) -> Optional[str]:
    """Both are names of one argument."""
    if region is not None and aws_region_name is not None and region != aws_region_name:
        raise ValueError("region and aws_region_name are the same, and say %r and %r" % (region, aws_region_name))
    return region if region is not None else aws_region_name
