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
HEAD_BYTES = 8


class Compiled:
    """`path`: the file, which is only ever replaced as a whole; what is damaged or another interpreter's counts as
    not there."""

    def __init__(self, path):
        self._path = path
        self._codes = {}  # by their sources; those that were wanted last at the end
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

    def code(self, source, path):
        """Compiled now where it has not been before."""
        code = self._codes.pop(source, None)
        if code is None:
            code = compile(source, path, "exec", dont_inherit=True)
            self.is_new = True
            if len(self._codes) >= FILES_MAX:
                del self._codes[next(iter(self._codes))]
        self._codes[source] = code
        return code

    def take(self, source, path):
        """For one module alone, since it bears its name; None where there is none, or no more."""
        code = self._codes.pop(source, None)
        if code is not None:
            _imp._fix_co_filename(code, path)
        return code

    def copy(self, source, path):
        """As code(), but its own, which bears the name."""
        code = marshal.loads(marshal.dumps(self.code(source, path)))
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
    return MAGIC_NUMBER + binascii.crc32(data).to_bytes(4, "little")


def load(name, path):
    """One of our own modules."""
    with open(path, "rb") as file:
        source = file.read()
    module = types.ModuleType("lambdapool_" + name)
    module.__file__, module.SOURCE = path, source.decode()
    sys.modules[module.__name__] = module
    code = compiled.code(source, path)
    _imp._fix_co_filename(code, path)
    exec(code, module.__dict__)
    return module


if __name__ == "__main__":
    directory, first = sys.argv[1:3]
    del sys.argv[:2]
    compiled = Compiled(os.path.join(directory, sys.implementation.cache_tag))
    load("fork_server", first).main(compiled, load)
