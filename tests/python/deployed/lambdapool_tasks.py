"""The functions that the tests run in pools. It is deployed to the function under test, and importable by
the tests, so that plain pickle can refer to it."""

import os
import socket
import sys
import threading
import time


def square(x):
    return x * x


def add(a, b=10):
    return a + b


def raises(kind, *args):
    raise kind(*args)


def raise_value_error(x):
    raise ValueError("no %r" % (x,))


def fails_on_three(x):
    if x == 3:
        raise ValueError("three")
    return x


class Adder:
    def __init__(self, n):
        self.n = n

    def __call__(self, x):
        return self.n + x

    def add(self, x):
        return self.n + x

    @classmethod
    def make(cls, n):
        return cls(n)


class Picky(Exception):
    """Its constructor takes more than its args hold: plain pickle cannot bring it back."""

    def __init__(self, code, reason):
        super().__init__("%s because %s" % (code, reason))
        self.code = code


class Unpicklable(Exception):
    def __init__(self, message):
        super().__init__(message)
        self.lock = threading.Lock()


class Vicious(Exception):
    """Nothing about it works."""

    def __str__(self):
        raise RuntimeError("no str")

    __repr__ = __str__

    def __reduce__(self):
        raise RuntimeError("no reduce")


class BreaksOnLoad:
    """Pickles here, does not unpickle anywhere."""

    def __reduce__(self):
        return _break, ()


def _break():
    raise RuntimeError("broken on load")


def raise_picky():
    raise Picky(7, "so")


def raise_unpicklable():
    raise Unpicklable("has a lock")


def raise_vicious():
    raise Vicious(threading.Lock())


def return_lock():
    return threading.Lock()


def return_breaking():
    return BreaksOnLoad()


def blob(size):
    return os.urandom(size)


def exit_hard(code):
    os._exit(code)


def identity(value):
    return value


def sleep(seconds):
    time.sleep(seconds)
    return seconds


def tell(item, port):
    """Lets the test see that it runs: over loopback, since a worker's files are its own."""
    with socket.create_connection(("127.0.0.1", port), timeout=200) as connection:
        connection.sendall(str(item).encode())
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)  # until it was heard


def tell_and_sleep(item, port, seconds):
    tell(item, port)
    time.sleep(seconds)
    return item


def tell_pair(pair):
    return tell_and_sleep(*pair, 0)


def tell_and_exit(item, port):
    tell(item, port)
    os._exit(3)


def tell_and_raise(item, port):
    tell(item, port)
    raise ValueError(item)


def exit_at_six(item):
    if item == 6:
        os._exit(3)
    return item


class Marked:
    """Weak references to it are possible."""


def make_marked(item):
    return Marked()


class FalseError(Exception):
    """As false as an exception can be."""

    def __bool__(self):
        return False

    def __len__(self):
        return 0


def tell_and_make_blob(item, port, size):
    tell(item, port)
    return blob(size)


def talk(item, port=None):
    """Prints, tells its item, which may hold it, and prints on, in other ways."""
    print("begins", item)
    if port is not None:
        tell(item, port)
    sys.stderr.write("err %d\n" % item)
    os.system("echo child")
    return item


def print_and_return(x):
    print("hello from a task")
    return x


def raise_stop_iteration(x):
    raise StopIteration(x)


def print_and_raise(error):
    print("about to fail")
    raise error


def print_and_exit():
    print("about to exit", flush=True)
    os._exit(3)


def make_pool():
    from lambdapool import LambdaPool

    return LambdaPool(1, "algorithms")


_word = None


def remember_and_tell(word, port):
    global _word
    _word = word
    tell(word, port)


def remembered(_):
    return _word


def builtin(name):
    import builtins

    return getattr(builtins, name)


def process_id(_):
    return os.getpid()


def refuse_to_be_read(kind):
    if "pytest" not in sys.modules:
        raise kind("not here")


class Unreadable:
    """Cannot be unpickled in a worker."""

    def __init__(self, kind):
        self.kind = kind

    def __reduce__(self):
        return refuse_to_be_read, (self.kind,)


_counted = 0


def count_here(_):
    global _counted
    _counted += 1
    return os.getpid(), _counted


def tell_where_asked(what):
    """`what`: an item, and a port where it is to be told, or 0."""
    item, port = what
    if port:
        tell_and_sleep(item, port, 0)
    return item


def exit_where_asked(what):
    item, port = what
    if port:
        tell_and_exit(item, port)
    return item


def raise_where_asked(what):
    item, message = what
    if message:
        raise ValueError(message)
    return item


def length_of(text):
    return len(text)


def append_to(items):
    items.append(1)
    return len(items)


def zeros(size):
    return bytes(size)


def print_where_asked(what):
    item, asked = what
    if asked:
        print("task %d" % item)
    return item


def return_where_asked(what):
    """Something that cannot be sent ("lock"), or not be read ("breaking"); else the item."""
    item, kind = what
    return {"lock": return_lock, "breaking": return_breaking}.get(kind, lambda: item)()


def print_and_return_where_asked(what):
    item, kind, prints = what
    if prints:
        print("printed by %d" % item)
    return return_where_asked((item, kind))
