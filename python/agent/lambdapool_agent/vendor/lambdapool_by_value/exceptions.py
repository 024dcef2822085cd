"""Exceptions as they were, whatever their constructors take.

An exception's own pickle calls its class with its `args`. A constructor that takes something else fails then, one
that adds to its text adds again, and cause and context are left out. So an exception is made by the constructor of
the builtin class that it derives from, and what it holds is set: args, what C code keeps (an OSError's errno), its
attributes, cause and context. Where a class has a way of its own that gives the same, that is taken.
"""

import builtins
import copyreg
import pickle
import types

MOST = 100  # exceptions of one chain; what lies beyond is left out

# What is set in another way, and an AttributeError's object, which may be anything.
_OWN = ("__traceback__", "__cause__", "__context__", "__suppress_context__", "__dict__", "args", "exceptions", "obj")
_DESCRIPTORS = (types.MemberDescriptorType, types.GetSetDescriptorType)
GROUP = getattr(builtins, "BaseExceptionGroup", ())


def dumps_exception(error):
    """For the caller, in a worker: each exception that cannot be sent gives way to a RemoteError. None where that
    would be all that is left."""
    from .pickler import dumps_answer

    instead = substitutes(error, dumps_answer, pickle.loads)
    if instead[id(error)] is UNSENDABLE:
        return None
    return dumps_answer(error, instead)


UNSENDABLE = ()


def substitutes(error, dumps, loads, known=()):
    """What the exception and those that it holds are to be pickled as, by their ids: None as they are, else what goes
    in their place; UNSENDABLE for the error itself where nothing does. `dumps(thing, substitutes)`; `loads`, where it
    does no harm, shows whether they arrive."""
    chain, beyond = _related(error)
    instead = {id(each): stand_in(each, "") for each in beyond}
    nothing = {id(each): (_nothing, (isinstance(each, Exception),)) for each in chain}
    for each in chain:
        if id(each) in known:
            continue
        others = {**nothing, **instead, id(each): None}
        if _arrives(each, lambda: dumps(each, others), loads):
            instead[id(each)] = None
        elif _has_own_way(type(each)) and _arrives(each, lambda: pickle.dumps(each, 5), loads):
            instead[id(each)] = each.__reduce_ex__(5)
        else:
            instead[id(each)] = UNSENDABLE if each is error else stand_in(each)
    return instead


def _arrives(error, dumps, loads):
    try:
        data = dumps()
        return loads is None or type(loads(data)) is type(error)
    except BaseException:
        return False


def is_plain(error):
    """Whether the exception's own pickle can hold it; what it makes is still to be compared."""
    return error.__cause__ is None and error.__context__ is None and not (GROUP and isinstance(error, GROUP))


def same(one, other):
    """Whether an exception and what its pickle made of it tell the same."""
    return (
        type(one) is type(other)
        and str(one) == str(other)
        and pickle.dumps((_holds(one), vars(one)), 5) == pickle.dumps((_holds(other), vars(other)), 5)
    )


def _related(error):
    """The exception and those that it holds: cause, context, members of a group, arguments. And those that lie beyond
    the MOST first."""
    found, waiting = {}, [error]
    while waiting and len(found) < MOST:
        each = waiting.pop(0)
        if id(each) in found:
            continue
        found[id(each)] = each
        inner = [each.__cause__, each.__context__, *_args(each)]
        if GROUP and isinstance(each, GROUP):
            inner += each.exceptions
        waiting += [other for other in inner if isinstance(other, BaseException)]
    return list(found.values()), [each for each in waiting if id(each) not in found]


def stand_in(error, trace=None):
    import traceback

    try:
        text = str(error)
        if trace is None:
            trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    except BaseException:
        text = trace = "<%s whose str() failed>" % type(error).__name__
    return make_stand_in, (type(error).__name__, text, trace)


def make_stand_in(name, text, trace):
    message = "%s: %s" % (name, text)
    try:
        from lambdapool.errors import RemoteError, make
    except ImportError:  # in a worker
        return Exception(message)
    return make(RemoteError, message, type_name=name, remote_message=text, remote_traceback=trace)


def reduce(error):
    if _has_own_way(type(error)) and is_plain(error):
        reduced = error.__reduce_ex__(5)
        try:
            if same(error, pickle.loads(pickle.dumps(error, 5))):
                return reduced
        except BaseException:
            pass
    base = _builtin_base(type(error))
    return make_exception, (type(error), base, _arguments(error, base)), _state(error), None, None, set_exception


def make_exception(kind, base, arguments):
    error = base.__new__(kind, *arguments)
    try:
        base.__init__(error, *arguments)
    except Exception:
        pass  # the class has args of its own; what the constructor would set is set one by one
    return error


def set_exception(error, state):
    attributes, held, cause, context, suppress = state
    for name, value in held.items():
        try:
            _set(error, name, value)
        except (AttributeError, TypeError):
            pass  # it is read only, and the constructor has set it
    error.__dict__.update(attributes)
    _set(error, "__cause__", cause)
    _set(error, "__context__", context)
    _set(error, "__suppress_context__", suppress)


def set_cause(error, cause):
    """Whatever the class says of it."""
    _set(error, "__cause__", cause)


def _set(error, name, value):
    """Its class may refuse (a frozen dataclass), or have something else of that name."""
    if name in vars(BaseException):
        vars(BaseException)[name].__set__(error, value)
    else:
        object.__setattr__(error, name, value)


def _args(error):
    return BaseException.args.__get__(error)


def _state(error):
    return vars(error), _holds(error), error.__cause__, error.__context__, error.__suppress_context__


def _holds(error):
    """args, what C code keeps, and what is in slots."""
    base = _builtin_base(type(error))
    held = {"args": _args(error)}
    names = [
        name
        for kind in base.__mro__
        for name, value in vars(kind).items()
        if type(value) in _DESCRIPTORS and name not in _OWN
    ]
    for name in names + list(copyreg._slotnames(type(error))):
        try:
            value = getattr(error, name)
        except (AttributeError, TypeError):
            continue  # it was never set
        if value is not None:
            held[name] = value
    return held


def _arguments(error, base):
    if GROUP and isinstance(error, GROUP):
        return error.message, list(error.exceptions)
    if issubclass(base, OSError):
        return OSError.__reduce__(error)[1]  # with the names of files, which args leave out
    return _args(error)


def _builtin_base(kind):
    return next(base for base in kind.__mro__ if base.__module__ == "builtins" and not base.__flags__ & (1 << 9))


def _has_own_way(kind):
    names = ("__reduce__", "__reduce_ex__", "__getstate__", "__setstate__")
    return any(name in vars(base) for base in kind.__mro__ if base.__flags__ & (1 << 9) for name in names)


def _nothing(is_exception):
    """What a group may hold in its member's place: one of exceptions alone is of another class."""
    return Exception() if is_exception else BaseException()
