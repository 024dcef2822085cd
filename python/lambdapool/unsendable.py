"""Why something cannot be sent: which part of it, and what to do about it."""

from __future__ import annotations

import functools
import pickle
import types
from typing import Any, Iterable, Iterator, List, Mapping, NoReturn, Optional, Sequence, Set, Tuple

from .pickling import CALL, MAP

MODULE = "put the code into a module and deploy it (`lambdapool update NAME PATHS`): what is deployed travels by name"
DEEPEST = 50
_ATOMS = (str, bytes, int, float, bool, type(None))


class Parts(List[Tuple[str, Any]]):
    """What is sent together, each with what to call it."""


def parts_of_items(style: str, items: Sequence[Any], first: int) -> Parts:
    """Those of the tasks that dump_items() sends."""
    parts = Parts()
    for index, item in enumerate(items, first):
        if style == CALL:
            parts += _arguments(*item)
        elif style == MAP or not isinstance(item, (tuple, list)):
            parts.append(("item %d of what is mapped" % index, item))
        else:
            for name, value in _arguments(item, {}):
                parts.append(("%s of item %d of what is mapped" % (name, index), value))
    return parts


def explain(error: Exception, thing: Any) -> NoReturn:
    """Raises the exception again, of the same kind, with the path to what it is about and the way out; where it is the
    user's own (a __reduce__ raised it), as it is, with a note."""
    path, part = _path_to_part(thing)
    where = "; it is " + path if path else ""
    advice = "make it inside the function that uses it, or " if path else ""
    if isinstance(error, pickle.PicklingError):
        kind: type = pickle.PicklingError
    elif type(error) in (TypeError, AttributeError, ValueError):
        kind = type(error)
    else:
        _note(error, "lambdapool cannot send this%s: %s%s" % (where, advice, MODULE))
        raise error
    raise kind("%s%s: %s%s" % (str(error) or type(error).__name__, where, advice, MODULE)) from None


def _arguments(args: Iterable[Any], kwds: Mapping[str, Any]) -> Iterator[Tuple[str, Any]]:
    for index, value in enumerate(args):
        yield "argument %d" % index, value
    for name, value in kwds.items():
        yield "the argument %r" % name, value


def _note(error: BaseException, note: str) -> None:
    try:
        error.__notes__ = [*getattr(error, "__notes__", ()), note]  # type: ignore[attr-defined]
    except Exception:
        pass  # it takes no attributes


def _path_to_part(thing: Any) -> Tuple[str, Any]:
    """The smallest part that cannot be pickled, and how one gets there from the whole."""
    steps: List[str] = []
    seen: Set[int] = set()
    while len(steps) < DEEPEST:
        seen.add(id(thing))
        inner = next(
            ((step, part) for step, part in _parts(thing) if id(part) not in seen and not _sendable(part)), None
        )
        if inner is None:
            break
        steps.append(inner[0])
        thing = inner[1]
    return " of ".join(step for step in reversed(steps) if step), thing


def _sendable(thing: Any) -> bool:
    from lambdapool_by_value import dumps_task

    if type(thing) in _ATOMS:
        return True
    try:
        dumps_task(thing)
        return True
    except Exception:
        return False


def _parts(thing: Any) -> Iterator[Tuple[str, Any]]:
    """What pickling goes on to from here, and what to call it."""
    if isinstance(thing, Parts):
        yield from thing
    elif isinstance(thing, types.MethodType):
        yield "the object of the method %s" % thing.__func__.__qualname__, thing.__self__
        yield "the method %s" % thing.__func__.__qualname__, thing.__func__
    elif isinstance(thing, types.FunctionType):
        yield from _parts_of_function(thing)
    elif isinstance(thing, type):
        for base in thing.__bases__:
            yield "its base class %s" % base.__qualname__, base
        for name, value in vars(thing).items():
            if name not in ("__dict__", "__weakref__"):
                yield "the attribute %r of the class %s" % (name, thing.__qualname__), value
    elif isinstance(thing, (classmethod, staticmethod)):
        yield "", thing.__func__
    elif isinstance(thing, property):
        for function in (thing.fget, thing.fset, thing.fdel):
            yield "", function
    elif isinstance(thing, functools.partial):
        yield "the function of a partial", thing.func
        yield "the arguments of a partial", (thing.args, thing.keywords)
    elif isinstance(thing, dict):
        for key, value in list(thing.items()):
            yield "the key %.60r" % (key,), key
            yield "the value of %.60r" % (key,), value
    elif isinstance(thing, (list, tuple, set, frozenset)):
        for index, value in enumerate(list(thing)):
            yield "item %d" % index, value
    else:
        yield from _parts_of_object(thing)


def _parts_of_function(function: types.FunctionType) -> Iterator[Tuple[str, Any]]:
    from cloudpickle import cloudpickle

    name = "the function %s" % function.__qualname__
    for variable, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
        try:
            yield "the variable %r around %s" % (variable, name), cell.cell_contents
        except ValueError:
            pass  # it is empty
    for variable in cloudpickle._extract_code_globals(function.__code__):
        if variable in function.__globals__:
            yield "the global %r of %s" % (variable, name), function.__globals__[variable]
    for value in (function.__defaults__ or ()) + tuple((function.__kwdefaults__ or {}).values()):
        yield "a default of %s" % name, value
    for attribute, value in vars(function).items():
        yield "the attribute %r of %s" % (attribute, name), value
    yield "the annotations of %s" % name, function.__annotations__


def _parts_of_object(thing: Any) -> Iterator[Tuple[str, Any]]:
    kind = type(thing)
    yield "the class %s" % kind.__qualname__, kind
    try:
        reduced: Optional[Any] = thing.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
    except Exception:
        return
    if not isinstance(reduced, tuple):
        return
    attributes = getattr(thing, "__dict__", None)
    for index, part in enumerate(reduced[1:3]):
        if attributes is not None and part is attributes:
            for name, value in list(attributes.items()):
                yield "the attribute %r of an object of %s" % (name, kind.__qualname__), value
        elif part is not None:
            yield ("the state" if index else "the arguments") + " of an object of %s" % kind.__qualname__, part
