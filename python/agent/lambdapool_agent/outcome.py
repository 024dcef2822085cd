"""What became of each item, as bytes that the client can always read.

Everything here must succeed for any object that a user's function returns or raises: what cannot be sent
as itself is sent as a description of itself.
"""

import pickle
import traceback

from lambdapool_by_value import plain

VALUE = 0  # the pickled value
EXCEPTION = 1  # see exception()
UNSENDABLE = 2  # pickle of (why, repr of the value)
TOO_LARGE = 3  # pickle of (size, limit, bytes of the other outcomes in the answer)
UNREADABLE = 4  # the task could not be unpickled: see unreadable.describe()
VALUES = 5  # pickle of the list of several items' values
OTHER_CODE = 7  # pickle of the manifest of the code that is here: nothing was run; it stands for every item
BUFFERED = 8  # the pickled value, and a list of the buffers that it refers to
NOT_STORED = 9  # pickle of (size, why): it was too large for the answer, and could not be put elsewhere
INITIALIZER = 6  # as EXCEPTION, of the pool's initializer: it stands for every item

_OVERHEAD = 16  # of the pickle around an outcome
_REPR_LIMIT = 1000
_TRACEBACK_LIMIT = 200_000


def size_of(outcome):
    """About how many bytes it takes."""
    return len(outcome[1]) + (sum(memoryview(each).nbytes for each in outcome[2]) if len(outcome) > 2 else 0)


LARGE = 1 << 20


def without_copies(outcome):
    """The same, with a pickle that is large as a buffer, for a pickle of its own that has those elsewhere."""
    if len(outcome[1]) < LARGE:
        return outcome
    return (outcome[0], pickle.PickleBuffer(outcome[1])) + tuple(outcome[2:])


def _is_copied(buffer, apart, buffers):
    try:
        large = buffer.raw().nbytes >= apart
    except BufferError:  # not in one piece
        return True
    if large:
        buffers.append(buffer)
    return not large


def dumps(value):
    """Pickle, by reference where that works and else by value. Raises what the latter raises."""
    try:
        return plain.dumps(value)
    except Exception:
        from lambdapool_by_value import dumps_answer

        return dumps_answer(value)


PLAIN_BYTES = 10  # of a small plain value in a pickle, at most
SMALL = frozenset((float, bool, type(None)))  # plain, and small whatever their value


class Outcomes:
    """Those of an invocation's items, in order. Plain values in a row share a pickle: one each would cost more
    than to compute them."""

    def __init__(self, apart=None):
        """Buffers of at least `apart` bytes are not copied into pickles. None: all are."""
        self.size = 0  # in bytes, about, without `plain`
        self.plain = []  # values of SMALL types, and ints of eight bytes, that came last: for the caller to add to
        self._apart = apart
        self._done = []
        self._items = 0  # that `_done` stands for
        self._told = 0, 0  # of `_done`, and of the items

    def add_value(self, result):
        """False: what there is instead says that it cannot be sent."""
        made = value(result, self._apart)
        self.add(made)
        return made[0] != UNSENDABLE

    def add(self, outcome):
        self._end_plain()
        self._done.append(outcome)
        self._items += 1
        self.size += size_of(outcome) + _OVERHEAD

    def finish(self):
        self._end_plain()
        return self._done

    def take_news(self):
        """Those since the last time: of which item on, of how many items, and the outcomes."""
        self._end_plain()
        (done, first), self._told = self._told, (len(self._done), self._items)
        return first, self._items - first, self._done[done:]

    def _end_plain(self):
        if self.plain:
            if len(self.plain) == 1:
                self._done.append((VALUE, pickle.dumps(self.plain[0], 5)))
            else:
                self._done.append((VALUES, pickle.dumps(self.plain, 5)))
            self.size += PLAIN_BYTES * len(self.plain)
            self._items += len(self.plain)
            self.plain = []


def value(result, apart=None):
    try:
        if apart is None:
            return VALUE, dumps(result)
        buffers: "list[pickle.PickleBuffer]" = []
        try:
            data = plain.dumps(result, lambda buffer: _is_copied(buffer, apart, buffers))
        except Exception:
            return VALUE, dumps(result)
        return (BUFFERED, data, buffers) if buffers else (VALUE, data)
    except BaseException as error:
        return UNSENDABLE, pickle.dumps((describe(error), describe(result)), 5)


def exception(error):
    """EXCEPTION with the pickle of (how, bytes, type name, message, traceback), where `how` says what
    `bytes` are: "object" the pickled exception, "" nothing."""
    data = _picklable(error)
    name = type(error).__name__
    module = type(error).__module__
    if module not in ("builtins", None):
        name = "%s.%s" % (module, type(error).__qualname__)
    return EXCEPTION, pickle.dumps(("object" if data else "", data or b"", name, message(error), _traceback(error)), 5)


def initializer_failed(error):
    return INITIALIZER, exception(error)[1]


def too_large(size, limit, others):
    return TOO_LARGE, pickle.dumps((size, limit, others), 5)


def not_stored(size, why):
    return NOT_STORED, pickle.dumps((size, why), 5)


def describe(thing):
    try:
        text = repr(thing)
        if type(text) is not str:
            text = str.__str__(text)
    except BaseException:
        text = "<%s whose repr() failed>" % type(thing).__name__
    return _encodable(text if len(text) <= _REPR_LIMIT else text[:_REPR_LIMIT] + "...")


def _picklable(error):
    """The pickle from which the exception is rebuilt as it is, and None where there is none."""
    from lambdapool_by_value import exceptions

    try:
        if exceptions.is_plain(error):
            data = pickle.dumps(error, 5)
            if exceptions.same(error, pickle.loads(data)):
                return data
    except BaseException:
        pass
    try:
        return exceptions.dumps_exception(error)
    except BaseException:
        return None


def message(error):
    try:
        text = str(error)
    except BaseException:
        return describe(error)
    return _encodable(str.__str__(text))


def _traceback(error):
    try:
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_globals.get("__package__") == __package__:
            trace = trace.tb_next  # the agent's own frames
        text = "".join(traceback.format_exception(type(error), error, trace))
    except BaseException:
        text = "%s: %s\n" % (type(error).__name__, message(error))
    if len(text) > _TRACEBACK_LIMIT:
        text = text[: _TRACEBACK_LIMIT // 2] + "\n...\n" + text[-_TRACEBACK_LIMIT // 2 :]
    return _encodable(text)


def _encodable(text):
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
