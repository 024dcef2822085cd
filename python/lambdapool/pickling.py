"""Tasks as bytes. docs/protocol.md, codec ``pickle``, specifies them.

Plain pickle first: it refers to functions and classes by name, is several times faster than cloudpickle,
and what it refers to is deployed. lambdapool_by_value, cloudpickle with some additions, which sends code by value, only for what has no importable
name: lambdas, closures, and everything of ``__main__``, which plain pickle would silently refer to although
the worker's ``__main__`` is another program.
"""

from __future__ import annotations

import sys
from typing import Any, Callable, Optional, Sequence

from lambdapool_by_value import plain

PROTOCOL = 5
PEER = "%d.%d" % sys.version_info[:2]

CALL = "call"  # an item is (args, kwds)
MAP = "map"  # an item is the one argument
STARMAP = "starmap"  # an item is the arguments


def dumps(thing: Any, parts: Optional[Callable[[], Any]] = None) -> bytes:
    """Raises what cloudpickle raises for what cannot be pickled at all. `parts`: what its parts are called where that
    is told, an unsendable.Parts."""
    try:
        return _dumps(thing)
    except Exception as error:
        from .unsendable import explain

        explain(error, parts() if parts is not None else thing)


def dump_items(style: str, items: Sequence[Any], first: int = 0) -> bytes:
    """`first`: the index of the first of them in what the user gave to a map."""

    def parts() -> Any:
        from .unsendable import parts_of_items

        return parts_of_items(style, items, first)

    return dumps((style, items), parts)


def _dumps(thing: Any) -> bytes:
    if not _asked_for_values():
        try:
            data = plain.dumps(thing)
            if b"__main__" not in data:
                return data
        except Exception:
            pass
    from lambdapool_by_value import dumps_task  # late: most programs never need it, and it takes some milliseconds

    return dumps_task(thing)


def _asked_for_values() -> bool:
    """Whether cloudpickle.register_pickle_by_value() was used: plain pickle knows nothing of that."""
    cloudpickle = sys.modules.get("cloudpickle")
    return bool(cloudpickle and cloudpickle.list_registry_pickle_by_value())
