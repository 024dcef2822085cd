"""Which classes and functions exist on both sides, by ids that mean something to the caller alone."""

import itertools
import linecache
import pickle
import threading
import weakref
from collections import OrderedDict

from cloudpickle import cloudpickle

from . import library

HELD = 1000  # classes and functions that are kept alive because an answer may mention them

_lock = threading.Lock()
_numbers = itertools.count(1)
_function_ids = weakref.WeakKeyDictionary()
_functions = weakref.WeakValueDictionary()
_held = OrderedDict()

arrived = weakref.WeakKeyDictionary()  # in a worker: what came with the task, and its id
task_globals = {}  # in a worker: of the task's functions, by the caller's id of them


def begin_task():
    """In a worker: what comes from now on came with a new task."""
    arrived.clear()
    task_globals.clear()


def id_of_class(cls):
    return cloudpickle._get_or_create_tracker_id(cls)


def class_of_id(tracker_id):
    """The class of this id, or None where there is none here."""
    return cloudpickle._DYNAMIC_CLASS_TRACKER_BY_ID.get(tracker_id)


def number_of_function(function):
    number = _function_ids.get(function)
    if number is None:
        with _lock:
            number = _function_ids.setdefault(function, next(_numbers))
            _functions[number] = function
    return number


def sent_functions():
    """In a caller: those that were sent and are still there."""
    with _lock:
        return [function for function in _functions.values() if hasattr(function, "__code__")]


def hold(key, thing):
    with _lock:
        _held[key] = thing
        _held.move_to_end(key)
        if len(_held) > HELD:
            _held.popitem(last=False)


def known_function(number, name):
    return _known(_functions.get(number), "function", name)


def known_class(tracker_id, name):
    return _known(class_of_id(tracker_id), "class", name)


def _known(thing, what, name):
    if thing is not None:
        return thing
    raise pickle.UnpicklingError("the %s %s, with which the task was sent, is not there any more" % (what, name))


def make_function(number, namespace, code, module, *others):
    """`namespace` says which functions share their globals, those of the task's other pickle included."""
    # A file of this name is another machine's, or has changed meanwhile: the caller puts the lines into tracebacks.
    linecache.cache[code.co_filename] = (0, None, [], code.co_filename)
    function = cloudpickle._make_function(code, task_globals.setdefault(namespace, module), *others)
    arrived[function] = number
    return function


def make_cached_function(number, *parts):
    function = library.make_cached_function(*parts)
    arrived[function] = number
    return function
