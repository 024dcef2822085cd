"""Tasks as bytes. docs/protocol.md, codec ``pickle``, specifies them.

Plain pickle first: it refers to functions and classes by name, is several times faster than cloudpickle,
and what it refers to is deployed. lambdapool_by_value, cloudpickle with some additions, which sends code by
value, only for what has no importable name: lambdas, closures, and everything of ``__main__``, which plain
pickle would silently refer to although the worker's ``__main__`` is another program.
"""

from __future__ import annotations

import pickle
import sys
import threading
import types
from pickle import PickleBuffer
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from lambdapool_by_value import plain

from . import _native

PROTOCOL = 5
PEER = "%d.%d" % sys.version_info[:2]

CALL = "call"  # an item is (args, kwds)
MAP = "map"  # an item is the one argument
STARMAP = "starmap"  # an item is the arguments


class Pickled(bytes):
    """A pickle that refers to buffers apart from it, which have not been copied, and to blobs that are stored."""

    buffers: List[memoryview]
    entries: Dict[str, Any]


_mentioned = threading.local()


def mention(entries: Dict[str, Any]) -> None:
    """While something is pickled: the pickle refers to these blobs, by their digests."""
    _mentioned.entries = {**getattr(_mentioned, "entries", {}), **entries}


def dumps(thing: Any, parts: Optional[Callable[[], Any]] = None, apart: Optional[int] = None) -> bytes:
    """A Pickled where there are buffers of at least `apart` bytes (None: all are copied into the pickle). Raises what
    cloudpickle raises for what cannot be pickled at all. `parts`: what its parts are called where that is told, an
    unsendable.Parts."""
    global _named
    function, data = _named
    if thing is function and _is_where_it_says(thing) and not _asked_for_values():
        return data
    try:
        data = _dumps(thing, apart)
    except Exception as error:
        from .unsendable import explain

        explain(error, parts() if parts is not None else thing)
    if isinstance(thing, (types.FunctionType, types.BuiltinFunctionType)) and data.endswith(_FOUND_BY_NAME):
        _named = thing, data
    return data


_FOUND_BY_NAME = pickle.STACK_GLOBAL + pickle.MEMOIZE + pickle.STOP
_named: Tuple[Any, bytes] = (object(), b"")  # the last function that went by its name


def _is_where_it_says(function: Any) -> bool:
    """Else it goes by value: another may have its name by now."""
    return getattr(sys.modules.get(function.__module__), function.__qualname__, None) is function


def dump_items(style: str, items: Sequence[Any], first: int = 0, apart: Optional[int] = None) -> bytes:
    """`first`: the index of the first of them in what the user gave to a map."""
    thing = (style, items)
    small = _native.small_pickle(thing)
    if small is not None:  # so that nothing in it is apart, goes by value, or cannot be pickled
        return small

    def parts() -> Any:
        from .unsendable import parts_of_items

        return parts_of_items(style, items, first)

    return dumps(thing, parts, apart)


def dump_row(style: str, items: Sequence[Any]) -> bytes:
    """Of items that could each have been pickled alone: b"" where that might make a difference."""
    return _native.small_pickle((style, items)) or b""


def goes_by_name(function: bytes) -> bool:
    """Of the pickle of one: each task that comes with it finds the same. What has a setup around it does not."""
    return type(function) is bytes and function.endswith(_FOUND_BY_NAME) and len(function) < 1024


def _dumps(thing: Any, apart: Optional[int]) -> bytes:
    buffers: List[memoryview] = []
    _mentioned.entries = {}
    callback = None if apart is None else _keeper(apart, buffers)
    if not _asked_for_values():
        try:
            data = plain.dumps(thing, callback)
            if b"__main__" not in data:
                return _pickled(data, buffers)
        except Exception:
            pass
    from lambdapool_by_value import dumps_task  # late: most programs never need it, and it takes some milliseconds

    buffers.clear()
    return _pickled(dumps_task(thing, callback), buffers)


def size_of(data: bytes) -> int:
    """In bytes, with the buffers that are apart."""
    return len(data) + sum(view.nbytes for view in buffers_of(data))


def buffers_of(data: bytes) -> List[memoryview]:
    return data.buffers if isinstance(data, Pickled) else []


def entries_of(data: bytes) -> Dict[str, Any]:
    return data.entries if isinstance(data, Pickled) else {}


def with_parts_of(data: bytes, other: bytes) -> bytes:
    """`data`, which holds the pickle `other` as bytes."""
    if not isinstance(other, Pickled):
        return data
    pickled = Pickled(data)
    pickled.buffers, pickled.entries = other.buffers, other.entries
    return pickled


def _pickled(data: bytes, buffers: List[memoryview]) -> bytes:
    entries = _mentioned.entries
    if not buffers and not entries:
        return data
    pickled = Pickled(data)
    pickled.buffers, pickled.entries = list(buffers), entries
    return pickled


def _keeper(apart: int, buffers: List[memoryview]) -> Callable[[PickleBuffer], bool]:
    def keep(buffer: PickleBuffer) -> bool:
        try:
            view = buffer.raw()
        except BufferError:  # not in one piece
            return True
        if view.nbytes < apart:
            return True
        buffers.append(view)
        return False

    return keep


def _asked_for_values() -> bool:
    """Whether cloudpickle.register_pickle_by_value() was used: plain pickle knows nothing of that."""
    registered = getattr(sys.modules.get("cloudpickle"), "list_registry_pickle_by_value", None)
    return registered is not None and bool(registered())  # it may be in the middle of its import, by another thread
