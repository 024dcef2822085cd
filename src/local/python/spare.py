"""What the fork server does in advance for workers to come, in small pieces while nobody asks for one.

The first worker has not waited for it. Modules of the standard library that the agent imports, and the agent's own,
compiled: each function has its own copy, which each of its workers would compile again. What counts is a source's
bytes, so other code is never taken for it.
"""

import collections
import importlib
import importlib.machinery
import os

MODULES = ("hashlib", "ast", "pickletools", "mmap", "faulthandler")
AGENT = "lambdapool_agent"
FILES_MAX, BYTES_MAX = 50, 1 << 20


class Spare:
    """`finish` is called when there is no more to do for now. `compiled`: of compiled.py."""

    def __init__(self, finish, compiled):
        self._finish = finish
        self._tasks = collections.deque((importlib.import_module, name) for name in MODULES)
        self._seen = set()
        self._compiled = compiled

    def look_at(self, code):
        """The files of a function of which a worker was asked for."""
        if code not in self._seen and len(self._seen) < FILES_MAX:
            self._seen.add(code)
            self._tasks.append((self._find, os.path.join(code, AGENT)))

    def work(self):
        """Does a piece of it. False: there is no more."""
        if not self._tasks:
            return False
        step, what = self._tasks.popleft()
        try:
            step(what)
        except Exception:
            pass  # whoever needs it will see
        if not self._tasks:
            if self._compiled.is_new:
                self._compiled.save()
            self._finish()
        return True

    def _find(self, top):
        files = [os.path.join(place, name) for place, _, names in os.walk(top) for name in names if name[-3:] == ".py"]
        if len(files) <= FILES_MAX and sum(map(os.path.getsize, files)) <= BYTES_MAX:
            self._tasks.extend((self._compile, file) for file in files)

    def _compile(self, path):
        with open(path, "rb") as file:
            source = file.read()
        self._compiled.code(source, path)

    def hand_on(self):
        """In a worker: its imports find what is compiled."""
        loader, compiled = importlib.machinery.SourceFileLoader, self._compiled
        compile_anew = loader.source_to_code

        def source_to_code(self, data, path, **options):
            code = compiled.take(data, path) if type(data) is bytes else None
            return compile_anew(self, data, path, **options) if code is None else code

        loader.source_to_code = source_to_code
