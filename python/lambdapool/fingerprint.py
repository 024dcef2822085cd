"""What a named run knows its code and its items by: digests that are the same whenever the program is the same.

Pickles are not: they depend on which equal objects are one object, on the order of sets, and for code by value on
lines and comments. So code is hashed by what it does: bytecode, constants, names, and the functions, classes and
values of the user's own modules that it refers to, and theirs. What is installed goes by its name alone.
"""

from __future__ import annotations

import functools
import hashlib
import io
import pickle
import sys
import sysconfig
import types
from typing import Any, Callable, List, Optional, Set

from .loaded_source import source_file

SIZE = 16  # bytes

_PLAIN = (int, float, str, bytes, bool, type(None))
_STANDARD = sysconfig.get_paths()["stdlib"]


def of_item(item: Any) -> bytes:
    """Raises what pickling raises."""
    if type(item) in _PLAIN:  # as most are, and a pickler costs more than all the rest
        data = ("%s %r" % (type(item).__name__, item)).encode()
    else:
        data = _bytes_of(item, set())
    return hashlib.blake2b(data, digest_size=SIZE).digest()


def of_code(function: Callable[..., Any], *others: Any) -> str:
    """`others`: values that the function runs with, such as an initializer and its arguments."""
    known: Set[int] = set()
    parts = [_told(function, known)] + [_told(other, known) for other in others]
    return hashlib.blake2b(repr(parts).encode("utf-8", "backslashreplace"), digest_size=SIZE).hexdigest()


class _Pickler(pickle.Pickler):
    """Without a memo: equal is the same, whether or not it is one object."""

    def __init__(self, file: Any, known: Set[int], fast: bool) -> None:
        super().__init__(file, 5)
        self.fast, self._known = fast, known

    def reducer_override(self, thing: Any) -> Any:
        if isinstance(thing, (types.FunctionType, type)) and _is_own(thing):
            return str, (repr(_told(thing, self._known)),)
        return NotImplemented


class _OrderingPickler(_Pickler):
    """For what may have sets in it, at some cost for each object."""

    def persistent_id(self, thing: Any) -> Any:
        if type(thing) in (set, frozenset):
            return "set", sorted(_bytes_of(each, self._known) for each in thing)
        return None


def _bytes_of(thing: Any, known: Set[int]) -> bytes:
    data = _dump(_Pickler, thing, known)
    if pickle.EMPTY_SET in data or pickle.FROZENSET in data:
        data = _dump(_OrderingPickler, thing, known)
    return data


def _dump(kind: Any, thing: Any, known: Set[int]) -> bytes:
    for fast in (True, False):
        file = io.BytesIO()
        try:
            kind(file, known, fast).dump(thing)
            return file.getvalue()
        except (ValueError, RecursionError):  # it refers to itself, which takes a memo
            if not fast:
                raise
    raise AssertionError


def _told(thing: Any, known: Set[int]) -> Any:
    """As values whose repr() is the same in each process."""
    if isinstance(thing, functools.partial):
        return "partial", _told(thing.func, known), _told((thing.args, thing.keywords), known)
    if isinstance(thing, types.MethodType):
        return "method", _told(thing.__func__, known), _told(thing.__self__, known)
    if isinstance(thing, types.ModuleType):
        return "module", thing.__name__
    if isinstance(thing, types.FunctionType):
        return _told_of_function(thing, known)
    if isinstance(thing, type):
        return _told_of_class(thing, known)
    if isinstance(thing, (types.BuiltinFunctionType, types.CodeType)):
        return "builtin", getattr(thing, "__qualname__", ""), str(getattr(thing, "__module__", ""))
    wrapped = getattr(thing, "__wrapped__", None)
    if isinstance(wrapped, types.FunctionType):  # functools.lru_cache's, say
        return "wrapper", type(thing).__qualname__, _told_of_function(wrapped, known)
    kind = type(thing)
    of_kind = _told_of_class(kind, known) if _is_own(kind) else (kind.__module__, kind.__qualname__)
    try:
        return of_kind, hashlib.blake2b(_bytes_of(thing, known), digest_size=SIZE).hexdigest()
    except Exception:  # a lock, a connection: its type has to do
        return of_kind


def _told_of_function(function: types.FunctionType, known: Set[int]) -> Any:
    name = function.__module__, function.__qualname__
    if not _is_own(function) or id(function) in known:
        return name
    known.add(id(function))
    cells = []
    for cell in function.__closure__ or ():
        try:
            cells.append(_told(cell.cell_contents, known))
        except ValueError:  # not set yet
            cells.append(None)
    defaults = _told((function.__defaults__, function.__kwdefaults__), known)
    return name, _told_of_code(function.__code__, function.__globals__, known), defaults, cells


def _told_of_code(code: types.CodeType, namespace: Any, known: Set[int]) -> Any:
    constants: List[Any] = []
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            constants.append(_told_of_code(constant, namespace, known))
        elif isinstance(constant, frozenset):
            constants.append(sorted(map(repr, constant)))
        else:
            constants.append(repr(constant))
    used: List[Any] = []
    for name in code.co_names:
        if name not in namespace or name.startswith("__"):
            continue
        thing = namespace[name]
        used.append((name, _told(thing, known)))
        if isinstance(thing, types.ModuleType) and _is_own_module(thing):
            inside = vars(thing)
            used += [(name, each, _told(inside[each], known)) for each in code.co_names if each in inside]
    return code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars, used


def _told_of_class(cls: type, known: Set[int]) -> Any:
    name = cls.__module__, cls.__qualname__
    if not _is_own(cls) or id(cls) in known:
        return name
    known.add(id(cls))
    members = []
    for member, value in vars(cls).items():
        value = getattr(value, "__func__", value)  # of static and class methods
        parts = [value] if isinstance(value, types.FunctionType) else []
        if isinstance(value, property):
            parts = [part for part in (value.fget, value.fset) if isinstance(part, types.FunctionType)]
        if parts:
            members.append((member, [_told_of_function(part, known) for part in parts]))
    return name, [_told(base, known) for base in cls.__bases__], members


def _is_own(thing: Any) -> bool:
    """Of the user's own modules, which change."""
    module = sys.modules.get(getattr(thing, "__module__", None) or "")
    return module is None or module.__name__ == "__main__" or _is_own_module(module)


def _is_own_module(module: types.ModuleType) -> bool:
    file: Optional[str] = source_file(module)
    if module.__name__.split(".")[0] in ("lambdapool", "lambdapool_by_value"):
        return False
    return file is not None and not file.startswith(_STANDARD)
