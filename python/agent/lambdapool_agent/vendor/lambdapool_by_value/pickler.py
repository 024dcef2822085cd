"""The two picklers: of a task, and of its answer."""

import functools
import io
import pickle
import types
from collections import ChainMap

from cloudpickle import cloudpickle

from . import arrivals, classes, exceptions, library

PROTOCOL = 5


def dumps_task(thing, substitutes=None, buffer_callback=None):
    """For a worker, of something of the caller's."""
    return _dumps(TaskPickler, thing, substitutes, buffer_callback)


def dumps_answer(thing, substitutes=None):
    """For the caller, in a worker. `substitutes` of exceptions, as exceptions.substitutes() has them."""
    return _dumps(AnswerPickler, thing, substitutes)


def _dumps(kind, thing, substitutes=None, buffer_callback=None):
    with io.BytesIO() as file:
        pickler = kind(file, protocol=PROTOCOL, buffer_callback=buffer_callback)
        pickler.substitutes = dict(substitutes or {})
        pickler.cells = {}
        pickler.dump(thing)
        return file.getvalue()


class _Pickler(cloudpickle.Pickler):
    dispatch_table = ChainMap(library.REDUCERS, cloudpickle.Pickler.dispatch_table)

    def reducer_override(self, thing):
        kind = type(thing)
        if issubclass(kind, type):
            return self.reduce_class(thing)
        if kind is types.FunctionType:
            return self.reduce_function(thing)
        if kind is functools._lru_cache_wrapper:
            return self.reduce_cached_function(thing)
        if kind.__reduce_ex__ is object.__reduce_ex__ and kind.__reduce__ is object.__reduce__:
            return NotImplemented
        if kind in self.dispatch_table:
            return NotImplemented
        if issubclass(kind, BaseException):
            if id(thing) not in self.substitutes:
                self.substitutes.update(self.substitutes_of(thing))
            return self.substitutes[id(thing)] or exceptions.reduce(thing)
        reduced = thing.__reduce_ex__(self.proto)  # as the pickler would
        if type(reduced) is str:
            _refuse_name_in_main(thing, reduced)
        return reduced

    def _function_getnewargs(self, function):
        """cloudpickle's, but functions that share a variable of the function around them share it there too."""
        *others, closure = super()._function_getnewargs(function)
        if closure:
            closure = tuple(self.cells.setdefault(id(cell), (_Cell(), cell))[0] for cell in function.__closure__)
        return (*others, closure)


class _Cell:
    """For a cell of a closure, which gets its content with the functions that have it."""

    def __reduce__(self):
        return cloudpickle._make_empty_cell, ()


class TaskPickler(_Pickler):
    def substitutes_of(self, error):
        return exceptions.substitutes(error, dumps_task, None, self.substitutes)

    def reduce_class(self, cls):
        parts = classes.parts_of(cls)
        if parts is None:
            return cloudpickle._class_reduce(cls)
        tracker_id = arrivals.id_of_class(cls)
        arrivals.hold(tracker_id, cls)
        state = classes.state(True, cls, parts)
        return classes.make_class, (True, tracker_id, parts.recipe), state, None, None, classes.set_class

    def reduce_function(self, function):
        reduced = self._function_reduce(function)
        if reduced is NotImplemented:
            return reduced
        number = arrivals.number_of_function(function)
        arrivals.hold(number, function)
        return (arrivals.make_function, (number, id(function.__globals__), *reduced[1]), *reduced[2:])

    def reduce_cached_function(self, function):
        reduced = library.reduce_cached_function(function)
        if type(reduced) is str:
            return reduced
        number = arrivals.number_of_function(function)
        arrivals.hold(number, function)
        return arrivals.make_cached_function, (number, *reduced[1]), *reduced[2:]


class AnswerPickler(_Pickler):
    def substitutes_of(self, error):
        return exceptions.substitutes(error, dumps_answer, pickle.loads, self.substitutes)

    def reduce_class(self, cls):
        if cls in arrivals.arrived:
            return arrivals.known_class, (arrivals.arrived[cls], cls.__qualname__)
        parts = classes.parts_of(cls)
        if parts is None:
            return cloudpickle._class_reduce(cls)
        state = classes.state(False, cls, parts)
        made = False, arrivals.id_of_class(cls), parts.recipe
        return classes.make_class, made, state, None, None, classes.set_new_class

    def reduce_function(self, function):
        number = arrivals.arrived.get(function)
        if number is not None:
            return arrivals.known_function, (number, function.__qualname__)
        return self._function_reduce(function)

    def reduce_cached_function(self, function):
        number = arrivals.arrived.get(function)
        if number is not None:
            return arrivals.known_function, (number, function.__name__)
        return library.reduce_cached_function(function)


def _refuse_name_in_main(thing, name):
    module = getattr(thing, "__module__", None) or pickle.whichmodule(thing, name)
    if module == "__main__":
        raise pickle.PicklingError(
            "Can't pickle %.200r: it is left by name, as %s of __main__, and __main__ is another program there"
            % (thing, name)
        )
