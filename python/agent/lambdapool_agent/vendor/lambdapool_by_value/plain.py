"""Plain pickle, but for exceptions: their own way changes some of them, and leaves out cause and context."""

import io
import pickle

from . import exceptions


class _Pickler(pickle.Pickler):
    def reducer_override(self, thing):
        return exceptions.reduce(thing) if issubclass(type(thing), BaseException) else NotImplemented


def dumps(thing, buffer_callback=None):
    """Raises what pickling raises. `buffer_callback` as pickle has it."""
    file = io.BytesIO()
    _Pickler(file, 5, buffer_callback=buffer_callback).dump(thing)
    return file.getvalue()
