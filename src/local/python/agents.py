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
        """In a process that is going to be a worker, of which function is not known yet."""
        for handover in filter(None, self._handovers.values()):
            rehearse_import(handover, client)
            rehearse_task(handover.modules, client)

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


def rehearse_import(handover, client):
    """Nothing is left of it: a function's own modules are not looked for, and the modules are nobody's again."""
    preload, last_words = (handover.modules[PACKAGE + name] for name in (".preload", ".last_words"))
    import_own_modules, faulthandler = preload.import_own_modules, last_words.faulthandler
    preload.import_own_modules = lambda: import_own_modules(os.devnull)
    path, was_enabled = list(sys.path), faulthandler.is_enabled()
    sys.meta_path.insert(0, Finder({PACKAGE: handover}))
    try:
        client.find_handler(PACKAGE + ".lambda_handler")
    finally:
        preload.import_own_modules, sys.path[:] = import_own_modules, path
        if not was_enabled:
            faulthandler.disable()
        for name in handover.modules:
            sys.modules.pop(name, None)


def rehearse_task(modules, client):
    handler, code = modules[PACKAGE + ".handler"], modules[PACKAGE + ".code"]
    try:
        code._known = code.digest(code.manifest())
        client.rehearse(handler.lambda_handler, task_for(modules[PACKAGE + ".envelope"], code._known))
    finally:
        code._known = code._manifest = None


def task_for(envelope, code):
    head = {
        "lambdapool": 1,
        "codec": envelope.CODEC,
        "peer": envelope.PEER,
        "encoding": "raw",
        "echo": "",
        "code": code,
    }
    return json.dumps(head).encode() + b"\0" + pickle.dumps(int, 5) + pickle.dumps(("call", [((0,), {})]), 5)


def sha256_of(path):
    import hashlib  # late: it takes milliseconds

    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return None
