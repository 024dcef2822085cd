"""Tasks that raise exceptions of all sorts. Deployed with the others, and importable by the tests."""

import dataclasses
import threading


class Adds(Exception):
    """Its constructor adds to its text."""

    def __init__(self, text):
        super().__init__("added: " + text)


class Wants(Exception):
    """Its constructor does not take its args."""

    def __init__(self, host, *, port):
        super().__init__("%s:%d" % (host, port))
        self.port = port


class Disk(OSError):
    def __init__(self, path):
        super().__init__(28, "No space left", path)
        self.path = path


class Told(OSError):
    def __init__(self, code, extra):
        super().__init__("code %d" % code)
        self.extra = extra


class Slotted(ValueError):
    __slots__ = ("where",)


class Holds(ValueError):
    """What it holds cannot be sent; its class knows how to do without."""

    def __init__(self, text):
        super().__init__(text)
        self.lock = threading.Lock()

    def __reduce__(self):
        return type(self), self.args


class Unsendable(ValueError):
    def __init__(self, text):
        super().__init__(text)
        self.lock = threading.Lock()


class Decode(UnicodeDecodeError):
    def __init__(self, text):
        super().__init__("utf-8", text, 0, 1, "odd")


@dataclasses.dataclass(frozen=True)
class Frozen(Exception):
    code: int


class OwnArgs(Exception):
    args = ("of the class",)

    def __setattr__(self, name, value):
        raise AttributeError("takes no attributes")


def _slotted():
    error = Slotted("slots")
    error.where = "here"
    return error


def _noted():
    error = Wants("h", port=1)
    error.__notes__ = ["a note"]
    return error


MAKE = {
    "plain": lambda: ValueError("plain", 1),
    "adds": lambda: Adds("text"),
    "wants": lambda: Wants("h", port=1),
    "noted": _noted,
    "disk": lambda: Disk("/full"),
    "told": lambda: Told(5, "more"),
    "file": lambda: FileNotFoundError(2, "No such file", "/a", None, "/b"),
    "os error without a number": lambda: OSError("only text"),
    "slotted": _slotted,
    "frozen": lambda: Frozen(5),
    "arguments of its class": lambda: OwnArgs("text"),
    "import": lambda: ImportError("no module", name="m", path="/p"),
    "syntax": lambda: SyntaxError("odd", ("f.py", 3, 4, "x = = 1")),
    "decode": lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "odd"),
    "decode with a constructor of its own": lambda: Decode(b"\xff"),
    "key": lambda: KeyError("k"),
    "stop": lambda: StopIteration(5),
    "exit": lambda: SystemExit(3),
    "exception as an argument": lambda: OSError(5, "failed", Wants("h", port=3)),
}


def raise_made(name):
    raise MAKE[name]()


def raise_with_cause(name):
    try:
        raise_made(name)
    except BaseException as error:
        raise Adds("outer") from error


def raise_with_context(name):
    try:
        raise_made(name)
    except BaseException:
        raise Adds("outer")  # noqa: B904


def raise_from_none(name):
    try:
        raise_made(name)
    except BaseException:
        raise Adds("outer") from None


def raise_group():
    inner = ExceptionGroup("inner", [Wants("h", port=2), Unsendable("locked")])  # noqa: F821
    raise ExceptionGroup("outer", [ValueError(1), Adds("text"), inner])  # noqa: F821


def raise_group_of_interrupts():
    raise BaseExceptionGroup("ended", [KeyboardInterrupt("k"), ValueError(1)])  # noqa: F821


def raise_cycle():
    one, other = Wants("h", port=1), Adds("other")
    one.__context__, other.__context__ = other, one
    raise one


def raise_from_unsendable():
    raise Wants("h", port=1) from Unsendable("locked")


def raise_holds():
    raise Holds("text")


def raise_unsendable():
    raise Unsendable("text")


def made(name):
    return MAKE[name]()


def same(thing):
    return thing


def caused(make, cause):
    """What `raise make() from cause` raises."""
    try:
        raise make() from cause
    except BaseException as error:
        return error


def chain(length):
    """The exception that was raised last of so many, each while the one before was handled."""
    error = None
    for number in range(length):
        following = Wants("h", port=number)
        following.__context__, error = error, following
    return error


def returned(how):
    """An exception as a value."""
    if how == "with an unsendable cause":
        return caused(lambda: Wants("h", port=1), Unsendable("locked"))
    if how == "that can do without":
        return Holds("text")
    if how == "of a long chain":
        return chain(150)
    if how == "unsendable itself":
        return Unsendable("text")
    error = caused(lambda: Adds("outer"), Wants("h", port=1))
    return [error, {"again": error, "other": Disk("/full")}]


def describe_with_cause(error):
    held = [each and describe(each) for each in (error.__cause__, error.__context__)]
    return describe(error), held, error.__suppress_context__


def describe(error):
    """All that an exception tells, but for tracebacks and those it holds."""
    fields = "errno strerror filename filename2 name path msg lineno offset text encoding object start end reason value code where"
    held = {name: _comparable(getattr(error, name)) for name in fields.split() if hasattr(error, name)}
    own = {name: _comparable(value) for name, value in vars(error).items()}
    return type(error).__name__, _comparable(error.args), str(error), own, held


def _comparable(value):
    if isinstance(value, tuple):
        return tuple(map(_comparable, value))
    return describe(value) if isinstance(value, BaseException) else value
