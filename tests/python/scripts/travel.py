"""A user's script: what becomes of each kind of thing as an argument and as a result. Prints JSON:
{kind: [as an argument, as a result]}, each "arrives" or the exception's type. docs/tasks.md has the table."""

import abc
import array
import asyncio
import collections
import contextlib
import contextvars
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import io
import itertools
import json
import logging
import operator
import pathlib
import re
import socket
import sqlite3
import sys
import threading
import types
import typing
import uuid
import weakref

import lambdapool_tasks
import travel_undeployed
from lambdapool import LambdaPool

KINDS = {}
scale = 3


def kind(name, use=lambda thing: thing):
    """Registers a function that makes the thing; what `use` makes of it here, it must make of it there."""

    def register(make):
        KINDS[name] = make, use
        return make

    return register


def called(*arguments):
    return lambda thing: thing(*arguments)


# Values

kind("None, bool, int, float, complex")(lambda: (None, True, 2**70, 1.5, 2j))
kind("str, bytes, bytearray")(lambda: ("ä", b"\0", bytearray(b"x")))
kind("list, tuple, dict, set, frozenset")(lambda: ([1], (2,), {3: 4}, {5}, frozenset({6})))
kind("range, slice, Ellipsis")(lambda: (range(3), slice(1, 2), ...))
kind("a structure that contains itself", lambda thing: thing[0] is thing)(
    lambda: (lambda loop: (loop.append(loop), loop)[1])([])
)
kind("Decimal, Fraction")(lambda: (decimal.Decimal("1.10"), fractions.Fraction(1, 3)))
kind("datetime with its zone, timedelta, UUID")(
    lambda: (datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc), datetime.timedelta(1), uuid.UUID(int=7))
)
kind("pathlib.Path, compiled re")(lambda: (pathlib.PurePosixPath("a/b"), re.compile("x+")))
kind("array, deque, Counter, defaultdict, OrderedDict")(
    lambda: (
        array.array("d", [1]),
        collections.deque([1]),
        collections.Counter("aab"),
        collections.defaultdict(int, a=1),
        collections.OrderedDict(a=1),
    )
)
kind("io.BytesIO, io.StringIO", lambda thing: (thing[0].read(), thing[1].read()))(
    lambda: (io.BytesIO(b"x"), io.StringIO("y"))
)
kind("iterator of a list, enumerate, zip", lambda thing: [list(part) for part in thing])(
    lambda: (iter([1, 2]), enumerate("ab"), zip("a", "b"))
)
kind("itertools.count", lambda thing: [next(thing), next(thing)])(lambda: itertools.count(3))
kind("generator")(lambda: (x for x in "ab"))
kind("memoryview")(lambda: memoryview(b"x"))
kind("file open for reading", lambda thing: thing.read())(lambda: open("/dev/null"))
kind("file open for writing")(lambda: open("/dev/null", "w"))
kind("socket")(lambda: socket.socket())
kind("lock")(lambda: threading.Lock())
kind("thread")(lambda: threading.Thread())
kind("sqlite3.Connection")(lambda: sqlite3.connect(":memory:"))
kind("weak reference")(lambda: weakref.ref(Plain))
kind("context variable")(lambda: contextvars.ContextVar("x"))
kind("frame")(lambda: sys._getframe())
kind("module", lambda thing: thing.dumps([1]))(lambda: json)
kind("logger", lambda thing: thing.name)(lambda: logging.getLogger("mine"))
kind("types.SimpleNamespace", lambda thing: dict(vars(thing)))(lambda: types.SimpleNamespace(a=1))
kind("list[int], typing.Optional[int]")(lambda: (list[int], typing.Optional[int]))


# Classes of the script and their objects


class Plain:
    shared = 5

    def __init__(self, x):
        self.x = x

    def method(self, y):
        return self.x * y * scale

    @classmethod
    def of_class(cls, y):
        return cls.shared + y

    @staticmethod
    def static(y):
        return y + 1

    @property
    def doubled(self):
        return 2 * self.x

    def __call__(self, y):
        return self.x - y

    class Nested:
        value = 8


class Slotted:
    __slots__ = ("a", "__weakref__")

    def __init__(self, a):
        self.a = a


@dataclasses.dataclass
class Data:
    a: int
    b: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, order=True)
class Frozen:
    a: int


Pair = collections.namedtuple("Pair", "left right")


class Typed(typing.NamedTuple):
    a: int


class Keyed(typing.TypedDict):
    a: int


class Color(enum.Enum):
    RED = 1


class Access(enum.Flag):
    READ = 1
    WRITE = 2


class Meta(type):
    def __call__(cls, *arguments):
        return super().__call__(*arguments)


class Made(metaclass=Meta):
    value = 3


class Abstract(abc.ABC):
    @abc.abstractmethod
    def f(self):
        ...


class Concrete(Abstract):
    def f(self):
        return 4


T = typing.TypeVar("T")


class Box(typing.Generic[T]):
    def __init__(self, inside):
        self.inside = inside


class Stateful:
    def __init__(self):
        self.lock, self.n = threading.Lock(), 3

    def __getstate__(self):
        return self.n

    def __setstate__(self, n):
        self.__init__()
        self.n = n


class Locked:
    def __init__(self):
        self.lock = threading.Lock()


class ByName:
    def __reduce__(self):
        return "the_only"


the_only = ByName()


class Rebuilt:
    def __int__(self):
        return 7

    def __reduce__(self):
        return int, ("7",)


class Unruly:
    def __reduce__(self):
        raise RuntimeError("not me")


class Wrong(ValueError):
    def __init__(self, code):
        super().__init__("code %d" % code)
        self.code = code


kind(
    "object of a class of the script", lambda thing: (thing.x, thing.method(2), thing.doubled, isinstance(thing, Plain))
)(lambda: Plain(2))
kind("the class itself", lambda thing: (thing(3).method(1), thing.of_class(1)))(lambda: Plain)
kind("nested class", lambda thing: thing.value)(lambda: Plain.Nested)
kind("class with __slots__", lambda thing: thing.a)(lambda: Slotted(4))
kind("dataclass", lambda thing: (thing.a, thing.b, thing == Data(1, [2])))(lambda: Data(1, [2]))
kind("frozen dataclass", lambda thing: (thing == Frozen(1), hash(thing) == hash(Frozen(1))))(lambda: Frozen(1))
kind("namedtuple, typing.NamedTuple", lambda thing: (thing[0].left, thing[1].a))(lambda: (Pair(1, 2), Typed(3)))
kind("TypedDict")(lambda: Keyed(a=1))
kind("enum member", lambda thing: (thing is Color.RED, thing.value))(lambda: Color.RED)
kind("flags", lambda thing: (thing == Access.READ | Access.WRITE, thing.value))(lambda: Access.READ | Access.WRITE)
kind("class with a metaclass", lambda thing: (type(thing).__name__, thing().value))(lambda: Made)
kind("abstract base class and what is derived from it", lambda thing: (thing.f(), isinstance(thing, Abstract)))(
    Concrete
)
kind("generic class", lambda thing: thing.inside)(lambda: Box[int](5))
kind("object with __getstate__ and __setstate__", lambda thing: thing.n)(Stateful)
kind("object that holds a lock")(Locked)
kind("object whose __reduce__ names a global of the script")(lambda: the_only)
kind("object whose __reduce__ makes something else", int)(Rebuilt)
kind("object whose __reduce__ raises a RuntimeError")(Unruly)
kind("exception", lambda thing: (type(thing) is Wrong, thing.args, thing.code, str(thing)))(lambda: Wrong(3))
if sys.version_info >= (3, 11):
    kind("exception group", lambda thing: [str(member) for member in thing.exceptions])(
        lambda: ExceptionGroup("both", [Wrong(1), KeyError("k")])
    )
else:  # it is Python 3.11's
    kind("exception group")(lambda: None)

# Functions


def plain(x):
    return x * scale


def recursive(n):
    return 1 if n == 0 else n * recursive(n - 1)


def with_wraps(f):
    @functools.wraps(f)
    def wrapper(*arguments):
        return f(*arguments) + 1

    return wrapper


def without_wraps(f):
    def wrapper(*arguments):
        return f(*arguments) + 2

    return wrapper


@with_wraps
def wrapped(x):
    return x


@without_wraps
def hidden(x):
    return x


@functools.cache
def cached(x):
    return x + scale


@functools.singledispatch
def dispatched(x):
    return "other"


@dispatched.register
def _(x: int):
    return "int"


def generating(n):
    yield from range(n)


async def asynchronous(x):
    await asyncio.sleep(0)
    return x + 1


@contextlib.contextmanager
def managed():
    yield 6


def enter(make):
    with make() as value:
        return value


def defaults(a, /, b=2, *c, d=4, **e):
    return a, b, c, d, e


kind("function of a deployed module", called(3))(lambda: lambdapool_tasks.square)
kind("function of a module that is not deployed", called(1))(lambda: travel_undeployed.function)
kind("builtin function", called([1, 2]))(lambda: sum)
kind("function of the script", called(2))(lambda: plain)
kind("lambda", called(2))(lambda: lambda x: x + scale)
kind("closure", called(2))(lambda: (lambda k: lambda x: k * x)(5))
kind("recursive function", called(4))(lambda: recursive)
kind("parameters of all kinds, with defaults", lambda thing: thing(1, 9, 8, d=5, z=3))(lambda: defaults)
kind("functools.partial", called(3))(lambda: functools.partial(plain))
kind("bound method", called(3))(lambda: Plain(2).method)
kind("class method, static method", lambda thing: (thing[0](1), thing[1](1)))(lambda: (Plain.of_class, Plain.static))
kind("callable object", called(1))(lambda: Plain(5))
kind("decorated, with functools.wraps", called(3))(lambda: wrapped)
kind("decorated, without", called(3))(lambda: hidden)
kind("functools.cache'd, lru_cache'd", called(3))(lambda: cached)
kind("functools.singledispatch", lambda thing: (thing(1), thing("x")))(lambda: dispatched)
kind("operator.itemgetter, attrgetter, methodcaller", lambda thing: (thing[0]([5]), thing[1](2j), thing[2]("a")))(
    lambda: (operator.itemgetter(0), operator.attrgetter("imag"), operator.methodcaller("upper"))
)
kind("generator function", lambda thing: list(thing(3)))(lambda: generating)
kind("async function", lambda thing: asyncio.run(thing(3)))(lambda: asynchronous)
kind("function made by contextlib.contextmanager", enter)(lambda: managed)


def arrived(outcome, expected):
    return "arrives" if outcome == expected else "arrives as %r instead of %r" % (outcome, expected)


def outcome_of(attempt, expected):
    try:
        return arrived(attempt(), expected)
    except Exception as error:
        return type(error).__name__


def expected_of(make, use):
    try:
        return use(make())
    except Exception as error:
        return type(error).__name__


if __name__ == "__main__":
    found = {}
    with LambdaPool(workers=2, lambda_function="algorithms") as pool:
        for name, (make, use) in KINDS.items():
            expected = expected_of(make, use)
            found[name] = [
                outcome_of(lambda: pool.apply(use, (make(),)), expected),
                outcome_of(lambda: use(pool.apply(make)), expected),
            ]
        found["async function as the task itself"] = [outcome_of(lambda: pool.map(asynchronous, [1, 2]), [2, 3])] * 2
    print(json.dumps(found))
