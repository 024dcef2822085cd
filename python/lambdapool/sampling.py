"""``python -m lambdapool.sampling``: runs a sample of items once, for `lambdapool tune`, and tells in a line of JSON
what came of it: what it took, or the sentence that says why there is nothing to tell."""

from __future__ import annotations

import argparse
import importlib
import json
from typing import Any, Callable, Dict, List, Optional

from .errors import LambdaPoolError
from .pool import LambdaPool
from .tuning import TOO_LITTLE


def main(arguments: Optional[List[str]] = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m lambdapool.sampling", description=__doc__, allow_abbrev=False)
    parser.add_argument("--lambda-function", required=True)
    parser.add_argument("--call", required=True)
    parser.add_argument("--items", required=True)
    parser.add_argument("--workers", type=int, required=True)
    options = parser.parse_args(arguments)
    try:
        told = sampled(options.lambda_function, named(options.call), read_items(options.items), options.workers)
    except (LambdaPoolError, ValueError, TypeError, OSError) as error:
        told = {"error": str(error)}
    print(json.dumps(told))


def named(call: str) -> Callable[..., Any]:
    """MODULE:FUNCTION. Raises ValueError."""
    module, colon, path = call.partition(":")
    if not colon or not module or not path:
        raise ValueError("the function is named as MODULE:FUNCTION, such as shop.orders:price, not as %r" % call)
    try:
        function: Any = importlib.import_module(module)
    except Exception as error:
        raise ValueError("module %s cannot be imported here: %s: %s" % (module, type(error).__name__, error)) from None
    for name in path.split("."):
        try:
            function = getattr(function, name)
        except AttributeError:
            raise ValueError("module %s has no %s" % (module, path)) from None
    if not callable(function):
        raise ValueError("%s is no function" % call)
    chosen: Callable[..., Any] = function
    return chosen


def read_items(file: str) -> List[Any]:
    """A JSON value a line. Raises ValueError and OSError."""
    items = []
    with open(file, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                items.append(json.loads(line))
            except (ValueError, RecursionError) as error:
                raise ValueError("line %d of %s is no JSON: %s" % (number, file, error)) from None
    if not items:
        raise ValueError("%s has no items: it needs a JSON value a line" % file)
    return items


def sampled(function: str, call: Callable[..., Any], items: List[Any], workers: int) -> Dict[str, Any]:
    """Raises ValueError where an item fails by an exception of its own, which no size of memory mends."""
    with LambdaPool(min(workers, len(items)), function) as pool:
        result = pool.map_async(call, items, chunksize=1)
        result.wait()
        failure = None if result._success else result._value
        if failure is not None and type(failure) not in TOO_LITTLE:
            if isinstance(failure, LambdaPoolError):
                raise failure
            index = getattr(failure.__cause__, "item", None)
            where = "an item" if index is None else "item %d" % index
            raise ValueError("%s of the sample fails with %s: %s" % (where, type(failure).__name__, failure))
        figures = result.report.to_dict()
    return {
        "items": figures["items"],
        "item_ms": figures["task_ms"]["p50"],
        "calls": figures["reported_calls"],
        "gb_seconds": figures["gb_seconds"],
        "memory_mb": figures["memory_mb"],
        "max_memory_used_mb": figures["max_memory_used_mb"],
        "failure": None if failure is None else TOO_LITTLE[type(failure)],
    }


if __name__ == "__main__":
    main()
