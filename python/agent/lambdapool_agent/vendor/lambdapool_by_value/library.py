"""Objects of the standard library that have no bytes of their own, or whose bytes are a name."""

import functools
import sys
import types
import typing
import weakref

from cloudpickle import cloudpickle


def _importable(thing):
    """The name by which it can be imported, or None."""
    name = getattr(thing, "__qualname__", None) or getattr(thing, "__name__", None)
    module = getattr(thing, "__module__", None)
    if not name or module in (None, "__main__") or module in cloudpickle._PICKLE_BY_VALUE_MODULES:
        return None
    found = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return name if found is thing else None


def _named(make):
    """A reducer that leaves what can be imported to its name."""
    return lambda thing: _importable(thing) or make(thing)


def reduce_cached_function(function):
    if _importable(function):
        return _importable(function)
    parameters = function.cache_parameters()
    return make_cached_function, (parameters["maxsize"], parameters["typed"], function.__wrapped__), vars(function)


def make_cached_function(maxsize, typed, function):
    return functools.lru_cache(maxsize, typed)(function)


def _cached_property(thing):
    return make_cached_property, (thing.func, thing.attrname)


def make_cached_property(function, name):
    made = functools.cached_property(function)
    made.attrname = name
    return made


def _code(thing):
    """With the name of its file, which cloudpickle from 3.1.3 on leaves out: tracebacks show it."""
    make, parts = cloudpickle._code_reduce(thing)
    return make, tuple(thing.co_filename if part == _NO_FILE else part for part in parts)


_NO_FILE = "<dynamic-code>"


def _weak_dictionary(thing):
    return type(thing), (dict(thing),)


def _new_type(thing):
    return typing.NewType, (thing.__name__, thing.__supertype__), dict(vars(thing))


def _type_parameter(thing):
    return type(thing), (thing.__name__,)


def _type_alias(thing):
    return type(thing), (thing.__name__, thing.__value__)


REDUCERS = {
    functools.cached_property: _cached_property,
    types.CodeType: _code,
    weakref.WeakKeyDictionary: _weak_dictionary,
    weakref.WeakValueDictionary: _weak_dictionary,
}
if isinstance(typing.NewType, type):
    REDUCERS[typing.NewType] = _named(_new_type)
for _name, _reduce in (
    ("ParamSpec", _type_parameter),
    ("TypeVarTuple", _type_parameter),
    ("TypeAliasType", _type_alias),
):
    if hasattr(typing, _name):
        REDUCERS[getattr(typing, _name)] = _named(_reduce)
