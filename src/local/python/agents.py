"""The agent of functions that lambdapool has deployed, imported in advance: that takes a worker longer than all else
before its first task.

The fork server is no place for a function's own code, so it runs no agent but the one that this program deploys, which
it knows by its bytes. And of that only what depends on nothing of a worker: the package's __init__, which does, is run
by each, and nothing is in anybody's sys.modules before it.
"""

import importlib
import importlib.util
import json
import os
import pickle
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
        self._standard = set(sys.path)  # where the standard library is
        self._ours = set()  # directories of functions that have it
        self._handovers = {}  # by the place

    def prepare(self, code, place):
        if not self._known or not all(sha256_of(os.path.join(code, name)) == self._known[name] for name in self._known):
            return
        self._ours.add(code)
        if place not in self._handovers and len(self._handovers) < PLACES_MAX:
            self._handovers[place] = None  # once, whatever becomes of it
            self._handovers[place] = Handover(self._import(code, place))

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

    def rehearse(self, client):
        """In a process that is going to be a worker."""
        for modules in (handover.modules for handover in self._handovers.values() if handover):
            loader = modules[PACKAGE + ".coroutine"].__loader__
            loader.exec_module(importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader)))
            client.rehearse(modules[PACKAGE + ".handler"].lambda_handler, task_for(modules[PACKAGE + ".envelope"]))

    def hand_on(self, request):
        """In a worker that has its environment and its search path."""
        handover = self._handovers.get(request["environment"]["LAMBDA_TASK_ROOT"])
        if handover and request["code"] in self._ours and request["handler"].startswith(PACKAGE + "."):
            # A function's own would be found first.
            places = (place for place in sys.path if place not in self._standard)
            own = (os.path.join(place, BESIDE + end) for place in places for end in ("", ".py"))
            if not any(map(os.path.exists, own)):
                sys.meta_path.insert(0, Finder({PACKAGE: handover}))


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
        self.modules, self._package, self._code = modules, package, super().get_code(PACKAGE)

    def get_code(self, name):
        return self._code

    def create_module(self, spec):
        return self._package

    def exec_module(self, module):
        sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder) is not Finder]
        sys.modules.update(self.modules)
        super().exec_module(module)


def task_for(envelope):
    head = {"lambdapool": 1, "codec": envelope.CODEC, "peer": envelope.PEER, "encoding": "raw", "echo": ""}
    return json.dumps(head).encode() + b"\0" + pickle.dumps(int, 5) + pickle.dumps(("map", [0]), 5)


def sha256_of(path):
    import hashlib  # late: it takes milliseconds

    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return None
