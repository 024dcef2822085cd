"""Classes, as what to make them of and the state to set then."""

import contextlib
import sys
import types
import typing
import weakref
from enum import Enum

from cloudpickle import cloudpickle

from . import arrivals

_unfinished = weakref.WeakSet()  # made here, and waiting for their state


class Parts(typing.NamedTuple):
    recipe: tuple
    attributes: dict
    members: dict  # of an enum: each member's own attributes


def parts_of(cls):
    """What to make the class of and the state to set then; None where it travels by name, or is builtin."""
    reduced = cloudpickle._class_reduce(cls)
    if reduced is NotImplemented or len(reduced) != 6:
        return None
    if issubclass(cls, Enum):
        return _enum_parts(cls, reduced)
    (metaclass, _, bases, namespace, _, _), (attributes, _) = reduced[1], reduced[2]
    slots = [
        member.__name__
        for member in vars(cls).values()
        if type(member) is types.MemberDescriptorType and member.__objclass__ is cls
    ]
    own = vars(cls)
    namespace = dict(namespace, __qualname__=cls.__qualname__)
    if typing.NamedTuple in own.get("__orig_bases__", ()) or _is_typed_dict(metaclass):
        bases = cls.__bases__
        if "__orig_bases__" in own:
            namespace["__orig_bases__"] = own["__orig_bases__"]
    # cloudpickle leaves out what is the base's very object, as None may be in __hash__.
    attributes.update({name: own[name] for name in own if name not in attributes and type(own[name]) in _PLAIN})
    if "__slots__" in own:
        places = slots + [place for place in ("__dict__", "__weakref__") if place in own]
        namespace = dict(namespace, __slots__=tuple(places))
        if not isinstance(own["__slots__"], (str, tuple, list, dict)):
            attributes["__slots__"] = tuple(slots)  # it was an iterator, and is at its end
    for name in [*slots, *_MADE_AGAIN]:
        attributes.pop(name, None)
    return Parts((_constructor(metaclass), metaclass, cls.__name__, bases, namespace), attributes, {})


_PLAIN = (type(None), bool, int, float, str, bytes)
_MADE_AGAIN = ("__dict__", "__weakref__", "__slotnames__")


def _is_typed_dict(metaclass):
    return metaclass.__name__ == "_TypedDictMeta"  # typing's, or typing_extensions'


def _constructor(metaclass):
    """The metaclass itself, or the first of its bases that does not travel by value."""
    if _is_typed_dict(metaclass):
        return type  # its own takes only what a class statement gives it
    for kind in metaclass.__mro__:
        if cloudpickle._should_pickle_by_reference(kind):
            return kind
    return type


def _enum_parts(cls, reduced):
    (bases, name, qualname, _, module, _, _), (attributes, _) = reduced[1], reduced[2]
    members = {key: member._value_ for key, member in cls.__members__.items()}
    own = {
        member.name: {key: value for key, value in vars(member).items() if key not in _MEMBERS_OWN}
        for member in cls.__members__.values()
    }
    attributes = {key: value for key, value in attributes.items() if key not in members}
    return Parts((None, bases, name, qualname, members, module), attributes, own)


_MEMBERS_OWN = ("_value_", "_name_", "__objclass__", "_sort_order_", "_inverted_")


def make_class(is_task, tracker_id, recipe):
    cls = arrivals.class_of_id(tracker_id)
    if cls is None:
        cls = _new_enum(*recipe[1:]) if recipe[0] is None else _new_class(*recipe)
        cls = cloudpickle._lookup_class_or_track(tracker_id, cls)
        _unfinished.add(cls)
    if is_task:
        arrivals.arrived[cls] = tracker_id
    return cls


def _new_class(constructor, metaclass, name, bases, namespace):
    namespace = {sys.intern(key): value for key, value in namespace.items()}
    with _quiet(types.resolve_bases(bases)):
        if constructor is metaclass:
            return types.new_class(name, bases, {"metaclass": metaclass}, lambda own: own.update(namespace))
        resolved = types.resolve_bases(bases)
        if resolved is not bases:
            namespace["__orig_bases__"] = bases
        return constructor.__new__(metaclass, name, resolved, namespace)


@contextlib.contextmanager
def _quiet(bases):
    """Meanwhile no __init_subclass__ of the bases is called: what it did to the class travels with it."""
    owners = {kind: vars(kind)["__init_subclass__"] for base in bases for kind in base.__mro__ if _is_told(kind)}
    try:
        for kind in owners:
            kind.__init_subclass__ = classmethod(lambda cls, **keywords: None)
        yield
    finally:
        for kind, own in owners.items():
            kind.__init_subclass__ = own


def _is_told(kind):
    mutable = "__init_subclass__" in vars(kind) and kind.__flags__ & _HEAP_TYPE
    return mutable and kind.__module__ != "typing"


_HEAP_TYPE = 1 << 9


def _new_enum(bases, name, qualname, members, module):
    metaclass = type(bases[-1])
    namespace = metaclass.__prepare__(name, bases)
    for key, value in members.items():
        namespace[key] = value
    cls = metaclass.__new__(metaclass, name, bases, namespace)
    cls.__module__, cls.__qualname__ = module, qualname
    return cls


class _Early:
    """Functions of a class, set before its other attributes are read: those may be objects of the class."""

    def __init__(self, *parts):
        self.parts = parts

    def __reduce__(self):
        return set_early, self.parts


def state(is_task, cls, parts):
    functions = {name: value for name, value in parts.attributes.items() if isinstance(value, _FUNCTIONS)}
    others = {name: value for name, value in parts.attributes.items() if name not in functions}
    return _Early(is_task, cls, functions), others, parts.members


_FUNCTIONS = (types.FunctionType, classmethod, staticmethod, property)


def set_early(is_task, cls, functions):
    if is_task or cls in _unfinished:
        cloudpickle._class_setstate(cls, (functions, {}))


def set_class(cls, state):
    _unfinished.discard(cls)
    _, others, members = state
    for name, attributes in members.items():
        vars(cls.__members__[name]).update(attributes)
    cloudpickle._class_setstate(cls, (others, {}))


def set_new_class(cls, state):
    if cls in _unfinished:
        set_class(cls, state)
