"""The agent of functions that lambdapool has deployed, imported in advance: that takes a worker longer than all else
before its first task.

The fork server is no place for a function's own code, so it runs no agent but the one that this program deploys, which
it knows by its bytes. And of that only what depends on nothing of a worker: the package's __init__, which does, is run
by each, and nothing is in anybody's sys.modules before it.
"""

import importlib
import importlib.util
import os
import sys
from importlib.machinery import SourceFileLoader

PACKAGE, BESIDE = "lambdapool_agent", "lambdapool_by_value"
VENDOR = PACKAGE + "/vendor/"
IMPORTED = ("envelope", "handler", "last_words", "preload")  # by __init__
PLACES_MAX = 8


class Agents:
    """One for each place that workers see their function at: /var/task, or the code itself. `digests`: lines with the
    SHA-256 and the name of each of the agent's files."""

    def __init__(self, compiled, digests):
        self._compiled = compiled
        self._known = {name: digest for digest, name in map(str.split, digests.splitlines())}
        self._ours = set()  # directories of functions that have it
        self._modules = {}  # by the place: the modules by their names

    def prepare(self, code, place):
        if not self._known or not all(sha256_of(os.path.join(code, name)) == self._known[name] for name in self._known):
            return
        self._ours.add(code)
        if place not in self._modules and len(self._modules) < PLACES_MAX:
            self._modules[place] = {}  # once, whatever becomes of it
            self._modules[place] = self._import(code, place)

    def _import(self, code, place):
        finder, before = Finder(self._loaders(code, place)), set(sys.modules)
        sys.meta_path.insert(0, finder)
        try:
            sys.modules[PACKAGE] = importlib.util.module_from_spec(finder.find_spec(PACKAGE))
            for name in IMPORTED:
                importlib.import_module(PACKAGE + "." + name)
        finally:
            sys.meta_path.remove(finder)
            new = {name: sys.modules.pop(name) for name in set(sys.modules) - before if name in finder.loaders}
        return new

    def _loaders(self, code, place):
        loaders = {}
        for file in self._known:
            name = file[len(VENDOR) :] if file.startswith(VENDOR) else file
            name = name[: -len("/__init__.py" if name.endswith("/__init__.py") else ".py")].replace("/", ".")
            with open(os.path.join(code, file), "rb") as source:
                loaders[name] = Loader(name, os.path.join(place, file), self._compiled, source.read())
        return loaders

    def rehearse(self):
        """In a process that will be a worker."""
        for modules in self._modules.values():
            if modules:
                modules[PACKAGE + ".handler"].rehearse()

    def hand_on(self, request):
        """In a worker that has its environment and its search path."""
        modules = self._modules.get(request["environment"]["LAMBDA_TASK_ROOT"])
        if modules and request["code"] in self._ours and request["handler"].startswith(PACKAGE + "."):
            # A function's own would be found first.
            own = (os.path.join(place, BESIDE + end) for place in sys.path for end in ("", ".py"))
            if not any(map(os.path.exists, own)):
                sys.meta_path.insert(0, Finder({PACKAGE: Handover(modules)}))


class Finder:
    def __init__(self, loaders):
        self.loaders = loaders

    def find_spec(self, name, path=None, target=None):
        loader = self.loaders.get(name)
        return loader and importlib.util.spec_from_file_location(name, loader.path, loader=loader)


class Loader(SourceFileLoader):
    """Of a source that is seen at `path`, but may lie elsewhere."""

    def __init__(self, name, path, compiled, source):
        super().__init__(name, path)
        self._compiled, self._source = compiled, source

    def get_code(self, name):
        return self._compiled.code(self._source, self.path)


class Handover(Loader):
    """Of the package, once."""

    def __init__(self, modules):
        package = modules[PACKAGE]
        vars(self).update(vars(package.__loader__))
        self._package, self._modules = package, modules

    def create_module(self, spec):
        return self._package

    def exec_module(self, module):
        sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder) is not Finder]
        sys.modules.update(self._modules)
        super().exec_module(module)


def sha256_of(path):
    import hashlib  # late: it takes milliseconds

    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return None
