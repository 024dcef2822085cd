"""What Python sources compile to, kept from one fork server to the next in a file of the home: compiling took each
fresh one 13 ms of CPU. Runs the fork server, which is kept as well.

What counts is a source's bytes, so other code is never taken for it.
"""

import _imp
import binascii
import marshal
import os
import sys
import types
from _frozen_importlib_external import MAGIC_NUMBER

FILES_MAX = 100
HEAD_BYTES, FORMAT = 8, 2


class Compiled:
    """`path`: the file, which is only ever replaced as a whole; what is damaged or another interpreter's counts as
    not there."""

    def __init__(self, path):
        self._path = path
        self._codes = {}  # marshalled, by their sources; those that were wanted last at the end
        self.is_new = False  # some of it is not in the file
        try:
            with open(path, "rb") as file:
                head, data = file.read(HEAD_BYTES), file.read()
            if head == head_of(data):
                self._codes = marshal.loads(data)
        except (OSError, EOFError, TypeError, ValueError):
            pass

    def __contains__(self, source):
        return source in self._codes

    def keep(self, source, path):
        """Compiled now where it has not been before."""
        data = self._codes.pop(source, None)
        if data is None:
            data = marshal.dumps(compile(source, path, "exec", dont_inherit=True))
            self.is_new = True
            if len(self._codes) >= FILES_MAX:
                del self._codes[next(iter(self._codes))]
        self._codes[source] = data

    def code(self, source, path):
        """A module's own, since it bears its name."""
        self.keep(source, path)
        return self.take(source, path)

    def take(self, source, path):
        """The same where it has been compiled; else None."""
        if source not in self._codes:
            return None
        code = marshal.loads(self._codes[source])
        _imp._fix_co_filename(code, path)
        return code

    def save(self):
        self.is_new = False
        fresh = "%s.%d" % (self._path, os.getpid())
        try:
            os.makedirs(os.path.dirname(fresh), 0o700, exist_ok=True)
            data = marshal.dumps(self._codes)
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:
                file.write(head_of(data) + data)
            os.replace(fresh, self._path)
        except OSError:  # the next one compiles it again
            try:
                os.unlink(fresh)
            except OSError:
                pass


def head_of(data):
    return MAGIC_NUMBER + binascii.crc32(data, FORMAT).to_bytes(4, "little")


def read_modules(path):
    """Sources by their names: a line with name and size, and then as many bytes, of each."""
    with open(path, "rb") as file:
        return {name.decode(): file.read(int(size)) for name, size in map(bytes.split, file)}


def load(name):
    """One of our own modules."""
    path, source = os.path.join(directory, name + ".py"), modules[name]
    module = types.ModuleType("lambdapool_" + name)
    module.__file__, module.SOURCE = path, source.decode()
    sys.modules[module.__name__] = module
    exec(compiled.code(source, path), module.__dict__)
    return module


if __name__ == "__main__":
    kept, path = sys.argv[1:3]
    del sys.argv[:2]
    compiled = Compiled(os.path.join(kept, sys.implementation.cache_tag))
    directory, modules = os.path.dirname(path), read_modules(path)
    load("fork_server").main(compiled, load, modules["agent_digests"].decode())
