"""A user's script: kinds of functions and classes of __main__, each sent to a worker, used there and sent back.
Prints what is not as it is here; the last line is "N kinds"."""

import abc
import asyncio
import collections
import contextlib
import dataclasses
import enum
import functools
import operator
import sys
import types
import typing
import weakref

from lambdapool import LambdaPool

KINDS = {}
scale = 3
journal = []


def kind(use):
    """Registers what it decorates with what to do with it."""

    def register(thing):
        KINDS[use.__name__ if use.__name__ != "<lambda>" else "%02d %s" % (len(KINDS), thing)] = thing, use
        return thing

    return register


def named(name):
    def rename(use):
        use.__name__ = name
        return use

    return rename


def kind_of(name, use):
    return kind(named(name)(use))


# Functions


@kind_of("plain function", lambda f: f(2))
def plain(x):
    return x * scale


@kind_of("function with all kinds of parameters", lambda f: f(1, 2, 3, d=4, e=5))
def parameters(a, b=1, /, *c, d, **e):
    return a, b, c, d, e


@kind_of("function with annotations", lambda f: (f.__annotations__["x"].__name__, f(1)))
def annotated(x: "int" = 1) -> float:
    return x / 2


annotated.__annotations__["x"] = int


@kind_of("recursive function", lambda f: f(5))
def factorial(n):
    return 1 if n < 2 else n * factorial(n - 1)


@kind_of("mutually recursive functions", lambda f: (f(4), f(5)))
def even(n):
    return n == 0 or odd(n - 1)


def odd(n):
    return n != 0 and even(n - 1)


def make_counter(start):
    count = start

    def counter():
        nonlocal count
        count += 1
        return count

    return counter


kind_of("closure with state", lambda f: f.__closure__[0].cell_contents)(make_counter(5))
kind_of("lambda", lambda f: f(4))(lambda x: x + scale)


@kind_of("generator function", lambda f: list(f(3)))
def generator(n):
    yield from range(n)


@kind_of("coroutine function", lambda f: asyncio.run(f(3)))
async def coroutine(x):
    await asyncio.sleep(0)
    return x * 2


@kind_of("async generator function", lambda f: asyncio.run(collect(f(3))))
async def async_generator(n):
    for i in range(n):
        yield i


async def collect(items):
    return [item async for item in items]


@kind_of("function with attributes", lambda f: (f.unit, f(1)))
def with_attributes(x):
    return x


with_attributes.unit = "ms"


def logged(function):
    @functools.wraps(function)
    def wrapper(*args):
        return ["logged", function(*args)]

    return wrapper


@kind_of("decorated function", lambda f: (f.__name__, f.__wrapped__(1), f(1)))
@logged
def decorated(x):
    return x


@kind_of("function with a cache", lambda f: (f(2), f.cache_parameters()))
@functools.lru_cache(maxsize=7)
def cached(x):
    return x * scale


@kind_of("single-dispatch function", lambda f: (f(1), f("a"), f(1.5)))
@functools.singledispatch
def dispatched(x):
    return "other"


@dispatched.register
def _(x: int):
    return "int"


@dispatched.register(str)
def _(x):
    return "str"


@kind_of("context manager function", lambda f: enter(f))
@contextlib.contextmanager
def context():
    yield "inside"


def enter(manager):
    with manager() as value:
        return value


kind_of("partial", lambda f: f(1))(functools.partial(plain, x=5).func)
kind_of("partial with a lambda", lambda f: f(1))(functools.partial(lambda a, b: (a, b), b=2))


# Classes


@kind_of("plain class", lambda c: (c(1).show(), c.count))
class Plain:
    count = 5

    def __init__(self, n):
        self.n = n

    def show(self):
        journal.append(self.n)
        return self.n * scale


@kind_of("class with slots", lambda c: (c(1).x, hasattr(c(1), "__dict__"), c.__slots__))
class Slotted:
    __slots__ = ("x",)

    def __init__(self, x):
        self.x = x


@kind_of("slots in a base", lambda c: (c(1).x, c(1).y, hasattr(c(1), "__dict__")))
class MoreSlots(Slotted):
    __slots__ = "y"

    def __init__(self, x):
        super().__init__(x)
        self.y = x + 1


@kind_of("slots above a class with a dictionary", lambda c: (c(1).x, vars(c(1))))
class SlotsBelow(Slotted):
    def __init__(self, x):
        super().__init__(x)
        self.z = x


@kind_of("private slots", lambda c: (c(1).get(), weakref.ref(c(1)) is not None))
class PrivateSlots:
    __slots__ = ("__x", "__weakref__", "__dict__")

    def __init__(self, x):
        self.__x = x

    def get(self):
        return self.__x


@kind_of("slots with descriptions", lambda c: (c().x, c.__slots__))
class DescribedSlots:
    __slots__ = {"x": "the x"}

    def __init__(self):
        self.x = 1


@kind_of("slots from an iterator", lambda c: (c().a, hasattr(c(), "__dict__")))
class IteratedSlots:
    __slots__ = (name for name in "ab")

    def __init__(self):
        self.a = 1


@kind_of("dataclass", lambda c: (c(1), c(1) == c(1), dataclasses.asdict(c(2)), [f.name for f in dataclasses.fields(c)]))
@dataclasses.dataclass(order=True)
class Row:
    x: int
    tags: list = dataclasses.field(default_factory=list)
    shared: typing.ClassVar[int] = 3


if sys.version_info >= (3, 10):

    @kind_of("dataclass with slots", lambda c: (c(1), c(1).x, hasattr(c(1), "__dict__")))
    @dataclasses.dataclass(slots=True)
    class SlottedRow:
        x: int
        y: int = 2

    @kind_of("dataclass with slots in a base", lambda c: (c(1, z=4), c(1).y, hasattr(c(1), "__dict__")))
    @dataclasses.dataclass(slots=True)
    class MoreSlottedRow(SlottedRow):
        z: int = 3

    @kind_of("frozen dataclass with slots", lambda c: (c(1), hash(c(1)) == hash(c(1))))
    @dataclasses.dataclass(frozen=True, slots=True, kw_only=False)
    class FrozenRow:
        x: int


if sys.version_info >= (3, 11):

    @kind_of("dataclass with slots and weak references", lambda c: (c(1), weakref.ref(c(1)) is not None))
    @dataclasses.dataclass(slots=True, weakref_slot=True)
    class WeakRow:
        x: int


@kind_of("named tuple", lambda c: (c(1, 2), c(1, 2).y, c._fields))
class Pair(typing.NamedTuple):
    x: int
    y: int = 0


Old = kind_of("named tuple of collections", lambda c: (c(1, 2), c(1, 2).y))(collections.namedtuple("Old", "x y"))


@kind_of("enum with methods and aliases", lambda c: (c(1), c.B is c.A, c.A.shout(), list(c.__members__)))
class Letter(enum.Enum):
    A = 1
    B = 1
    C = 2

    def shout(self):
        return self.name * 2


@kind_of("enum with attributes", lambda c: (c.EARTH.mass, c((2.0, 3)).name, c.EARTH.double))
class Planet(enum.Enum):
    EARTH = (1.0, 2)
    MARS = (2.0, 3)

    def __init__(self, mass, radius):
        self.mass, self.radius = mass, radius

    @property
    def double(self):
        return self.mass * 2


@kind_of("flags", lambda c: (c.R | c.W, (c.R | c.W) & c.R, c.RW))
class Mode(enum.Flag):
    R = enum.auto()
    W = enum.auto()
    RW = R | W


@kind_of("integer enum", lambda c: (c.LOW + 1, c(5)))
class Level(enum.IntEnum):
    LOW = 1
    HIGH = 5


@kind_of("abstract class", lambda c: (sorted(c.__abstractmethods__), fails(c)))
class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self):
        ...


def fails(call):
    try:
        return call()
    except Exception as error:
        return type(error).__name__


@kind_of(
    "class of an abstract class", lambda c: (c().area(), isinstance(c(), c.__mro__[1]), issubclass(int, c.__mro__[1]))
)
class Square(Shape):
    def area(self):
        return 4


Shape.register(int)
T = typing.TypeVar("T")


@kind_of("generic class", lambda c: (c(), c[int].__args__, c.__parameters__[0].__name__))
class Stack(typing.Generic[T]):
    def __eq__(self, other):
        return type(other) is type(self)

    def first(self) -> T:
        ...


@kind_of("protocol", lambda c: (isinstance(1, c), isinstance([], c)))
@typing.runtime_checkable
class Sized(typing.Protocol):
    def __len__(self) -> int:
        ...


@kind_of("typed dictionary", lambda c: (c(x=1), c.__required_keys__))
class Options(typing.TypedDict):
    x: int


FIELDS = typing.TypedDict("FIELDS", {"x": int}, total=False)  # noqa: UP013
kind_of("typed dictionary of a call", lambda c: (c(x=1), c.__optional_keys__))(FIELDS)


class Meta(type):
    made = []

    def __new__(meta, name, bases, namespace, *, tag):
        cls = super().__new__(meta, name, bases, namespace)
        cls.tag = tag
        meta.made.append(name)
        return cls

    def __init__(cls, name, bases, namespace, *, tag):
        super().__init__(name, bases, namespace)

    def __len__(cls):
        return 0


@kind_of("class with a metaclass that wants keywords", lambda c: (c.tag, type(c).made, len(c)))
class Tagged(metaclass=Meta, tag="t"):
    pass


@kind_of("base with __init_subclass__", lambda c: sorted(c.plugins))
class Plugin:
    plugins = {}

    def __init_subclass__(cls, *, name, **rest):
        super().__init_subclass__(**rest)
        Plugin.plugins[name] = cls


@kind_of(
    "class of a base with __init_subclass__", lambda c: (c.plugins["one"] is c, len(c.plugins), c.__mro__[1].__name__)
)
class One(Plugin, name="one"):
    pass


class Positive:
    def __set_name__(self, owner, name):
        self.name = "_" + name
        self.owner = owner

    def __get__(self, thing, owner):
        return self if thing is None else getattr(thing, self.name)

    def __set__(self, thing, value):
        setattr(thing, self.name, abs(value))


@kind_of("class with descriptors", lambda c: (c(-2).x, c.y.owner is c, c(1).z, c(1).w, c(2).v, c.u(1), c.t(2)))
class Described:
    x = Positive()
    y = Positive()

    def __init__(self, x):
        self.x = x

    @property
    def z(self):
        return self.x + 1

    @functools.cached_property
    def w(self):
        return self.x + 2

    v = property(operator.attrgetter("x"))

    @classmethod
    def u(cls, x):
        return cls.__name__, x

    @staticmethod
    def t(x):
        return x

    @functools.singledispatchmethod
    def s(self, x):
        return "other"

    r = functools.partialmethod(t, 1)


@kind_of("nested classes", lambda c: (c.Inner().outer() is c, c.Inner.__qualname__))
class Outer:
    class Inner:
        def outer(self):
            return Outer


@kind_of("class with super() and private names", lambda c: c(1).show())
class Derived(Plain):
    def __init__(self, n):
        super().__init__(n)
        self.__own = n

    def show(self):
        return super().show(), self.__own, __class__ is type(self)


@kind_of("callable class", lambda c: c(2)(3))
class Multiplier:
    def __init__(self, by):
        self.by = by

    def __call__(self, x):
        return x * self.by


@kind_of("class with its own pickling", lambda c: (c(1).a, c(1).b))
class OwnState:
    def __init__(self, a):
        self.a, self.b = a, [self]
        self.b = a + 1

    def __getstate__(self):
        return {"a": self.a}

    def __setstate__(self, state):
        self.__init__(state["a"])


@kind_of("class with __new__, __reduce__ and objects of its own", lambda c: (c(1).n, c.zero.n, type(c.zero) is c))
class Made:
    def __new__(cls, n):
        made = super().__new__(cls)
        made.n = n
        return made

    def __reduce__(self):
        return Made, (self.n,)


Made.zero = Made(0)


@kind_of("subclass of a builtin", lambda c: (c({"a": 1}).a, len(c())))
class Attributes(dict):
    __getattr__ = dict.__getitem__


@kind_of("exception class", lambda c: (str(c("a", 1)), c("a", 1).code))
class Refused(ValueError):
    def __init__(self, what, code):
        super().__init__("%s refused" % what)
        self.code = code


@kind_of("classes that refer to each other", lambda c: (c.left.right is c, c.left().n))
class Right:
    pass


class Left:
    n = 1
    right = Right


Right.left = Left
UserId = kind_of("new type", lambda t: (t(5), t.__supertype__ is int))(typing.NewType("UserId", int))
if sys.version_info >= (3, 10):
    P = kind_of("parameter specification", lambda p: p.__name__)(typing.ParamSpec("P"))

kind_of("bound method", lambda f: f())(Plain(2).show)
kind_of("bound class method", lambda f: f(1))(Described.u)
kind_of("object of a slotted class", lambda o: (o.x, o.y))(MoreSlots(1))
kind_of("object with a reference to itself", lambda o: o.me is o)(types.SimpleNamespace())
KINDS["object with a reference to itself"][0].me = KINDS["object with a reference to itself"][0]


def use_there(use, thing):
    before = fingerprint(thing)
    value = use(thing)
    return value, before, fingerprint(thing)


def same(thing):
    return thing


def make_there(cls, arguments):
    return cls(*arguments)


def fingerprint(thing):
    """What a class or function consists of, as text."""
    if isinstance(thing, type):
        ignored = (*CACHES, "__doc__", "__weakref__", "__dict__", "__annotate_func__", "__annotations_cache__")
        names = sorted(name for name in vars(thing) if name not in ignored)
        return thing.__qualname__, thing.__module__, [base.__name__ for base in thing.__mro__], names
    if isinstance(thing, types.FunctionType):
        return thing.__qualname__, thing.__module__, thing.__defaults__, sorted(vars(thing))
    return type(thing).__name__


CACHES = ("_abc_impl", "__slotnames__")  # Python's own


def whole_state():
    """Of this program: that every name and every class's attribute is the same object as before."""
    state = {name: id(value) for name, value in globals().items()}
    for name, value in globals().items():
        if isinstance(value, type) and value.__module__ == "__main__":
            state.update({(name, key): id(part) for key, part in vars(value).items() if key not in CACHES})
        elif isinstance(value, types.FunctionType):
            state.update({(name, key): id(part) for key, part in vars(value).items()})
            state[name, "globals"] = value.__globals__ is globals()
    return state, list(journal), list(Meta.made), sorted(Plugin.plugins)


def changes(name, before):
    now = whole_state()
    if now != before:
        changed = [key for key in {**now[0], **before[0]} if now[0].get(key) != before[0].get(key)]
        yield name, "changed this program:", changed, now[1:], "instead of", before[1:]


INSTANCES = [(Plain, (1,)), (Slotted, (1,)), (MoreSlots, (1,)), (SlotsBelow, (1,)), (PrivateSlots, (1,)), (Row, (1,))]
INSTANCES += [
    (Pair, (1, 2)),
    (Old, (1, 2)),
    (Letter, (1,)),
    (Planet, ((2.0, 3),)),
    (Mode, (3,)),
    (Square, ()),
    (Tagged, ()),
]
INSTANCES += [
    (One, ()),
    (Described, (1,)),
    (Derived, (1,)),
    (Multiplier, (2,)),
    (OwnState, (1,)),
    (Attributes, ({"a": 1},)),
]
INSTANCES += [
    (cls, (1,)) for cls in map(globals().get, ("SlottedRow", "MoreSlottedRow", "FrozenRow", "WeakRow")) if cls
]


def wrong(pool):
    for name, (thing, use) in KINDS.items():
        here, before = use(thing), fingerprint(thing)
        state = whole_state()
        there, *fingerprints = pool.apply(use_there, (use, thing))
        if there != here:
            yield name, "gives", there, "instead of", here
        if fingerprints != [before, before]:
            yield name, "is there", fingerprints, "instead of", before
        back = pool.apply(same, (thing,))
        if isinstance(thing, (type, types.FunctionType, type(cached))) and back is not thing:
            yield name, "came back as another one"
        if type(back) is not type(thing):
            yield name, "came back as", type(back)
        yield from changes(name, state)
    for cls, arguments in INSTANCES:
        state = whole_state()
        made, returned = pool.apply(make_there, (cls, arguments)), pool.apply(same, (cls(*arguments),))
        if type(made) is not cls or type(returned) is not cls:
            yield cls, "made there is", type(made), "sent there and back", type(returned)
        for each in (made, returned):
            if repr(each).partition(" at 0x")[0] != repr(cls(*arguments)).partition(" at 0x")[0]:
                yield cls, "object came back as", each
        yield from changes(cls, state)


def main():
    with LambdaPool(1, "algorithms") as pool:
        for line in wrong(pool):
            print(*line)
    print(len(KINDS), "kinds")


if __name__ == "__main__":
    main()
