"""What a template keeps: the packages that a function's workers have imported, imported once for all of them.

A template is an interpreter in the place of a worker of one function, from which that function's next workers
are forked. It imports what is installed (what a .dist-info lists) and nothing of the function's own: those
modules are run by each worker, as on Lambda, because what they make meanwhile (a random generator, a
connection, an identifier) is each worker's own. And it serves only where the packages have left nothing behind
that a fork would break or share in silence; else the workers start as they do without one.
"""

import gc
import importlib
import importlib.util
import os
import sys
import time
import types

ENOUGH_SECONDS = 5  # half of the init phase: no import begins later
SAID_BYTES_MAX = 64 << 10
FILES_BYTES_MAX = 4 << 20


class Unfit(Exception):
    """Why no worker can be forked from here; after the import of which module, where one is to blame."""

    def __init__(self, reason, module=""):
        super().__init__(reason)
        self.module = module


class Packages:
    """What is installed among a function's files (`root`, its code) and in its layers (`opt`)."""

    def __init__(self, root, opt):
        version = "python%d.%d" % sys.version_info[:2]
        places = [root, opt + "/python/lib/" + version + "/site-packages", opt + "/python"]
        self.places = [place for place in places if os.path.isdir(place)]
        self._inside = (os.path.join(root, ""), os.path.join(opt, ""))
        self._files = set()
        for place in self.places:
            for name in os.listdir(place):
                if name.endswith(".dist-info"):
                    self._add(place, os.path.join(place, name))

    def _add(self, place, info):
        """What was installed from a path or a repository (it has a direct_url.json) counts as the function's own."""
        record = os.path.join(info, "RECORD")
        if not os.path.isfile(record) or os.path.exists(os.path.join(info, "direct_url.json")):
            return
        import csv  # late, as what follows: the first worker of a fork server waits for none of it

        with open(record, encoding="utf-8", newline="") as file:
            self._files.update(os.path.normpath(os.path.join(place, row[0])) for row in csv.reader(file) if row)

    def holds(self, file):
        return os.path.normpath(file) in self._files

    def is_own(self, file):
        """Of the function's own modules."""
        return file.startswith(self._inside) and not self.holds(file)

    def can_import(self, name):
        parent = name.rpartition(".")[0]
        if parent and parent not in sys.modules:
            return False  # looking for it would import the parent
        try:
            spec = importlib.util.find_spec(name)
        except Exception:
            return False
        if spec is None:
            return False
        if spec.origin is None:  # a namespace, which runs nothing
            return spec.submodule_search_locations is not None
        return self.holds(spec.origin)


def with_parents(names):
    """Each module after the packages that it is in; the order is else kept."""
    seen = {}
    for name in names:
        parts = name.split(".")
        for length in range(1, len(parts) + 1):
            seen.setdefault(".".join(parts[:length]))
    return list(seen)


def import_packages(names, packages, clock=time.monotonic):
    """Imports those of `names` that are installed. One that begins with "-" is left out, with what is in it: it
    has proved unfit. Raises Unfit as soon as no worker could be forked any more."""
    unfit = [name[1:] for name in names if name.startswith("-")]
    wanted = with_parents(name for name in names if not name.startswith("-"))
    until, own, descriptors = clock() + ENOUGH_SECONDS, os.getpid(), open_descriptors()
    gc.freeze()  # what is found afterwards is new
    for name in wanted:
        left_out = any(name == other or name.startswith(other + ".") for other in unfit)
        if left_out or name in sys.modules or not packages.can_import(name):
            continue
        if clock() > until:
            break
        try:
            importlib.import_module(name)
        except BaseException as error:
            if os.getpid() != own:
                os._exit(1)
            raise Unfit("importing it raised %s: %s" % (type(error).__name__, error), name) from None
        if os.getpid() != own:
            os._exit(0)
        refuse_what_a_fork_breaks(name, descriptors)
    for module in list(sys.modules.values()):
        if packages.is_own(file_of(module)):
            raise Unfit("a package imports %s, which is the function's own" % file_of(module))


def refuse_what_a_fork_breaks(name, descriptors):
    """Where a fork would lack, break or share something that a worker of its own has."""
    try:
        os.waitpid(-1, os.WNOHANG)
        raise Unfit("it started a process", name)
    except ChildProcessError:
        pass
    if open_descriptors() != descriptors:
        raise Unfit("it left a file or a socket open", name)
    if threads() > 1:
        try_fork()
    if threads() > 1:  # those of OpenBLAS end before a fork, and come back where they are needed
        raise Unfit("it started threads", name)
    generators = random_generators()
    if generators:
        raise Unfit("it has a random generator of its own (%s)" % type(generators[0]).__name__, name)
    gc.freeze()


def open_descriptors():
    return {fd for fd in map(int, os.listdir("/proc/self/fd")) if is_open(fd)}


def is_open(fd):
    try:
        os.fstat(fd)
        return True
    except OSError:
        return False  # it was the listing's own


def threads():
    return len(os.listdir("/proc/self/task"))


def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20


def try_fork():
    """What libraries have asked to be called at a fork is called once, while somebody watches the clock."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    if os.waitpid(pid, 0)[1] != 0:
        raise Unfit("a fork of it does not live")


def random_generators():
    """New ones, which siblings would have in the same state. The ones that the modules random and numpy.random
    have are seeded anew (`reseed`); those of the names of temporary files look after themselves."""
    import random

    kinds, known = [random.Random], [random._inst]
    numpy_random, mtrand = sys.modules.get("numpy.random"), sys.modules.get("numpy.random.mtrand")
    if numpy_random and mtrand:
        kinds += [numpy_random.Generator, numpy_random.RandomState]
        known.append(mtrand._rand)
    objects, kinds = gc.get_objects(), tuple(kinds)
    if "tempfile" in sys.modules:
        of_names = sys.modules["tempfile"]._RandomNameSequence
        known += [vars(one).get("_rng") for one in objects if type(one) is of_names]
    found = [one for one in objects if issubclass(type(one), kinds) and type(one) is not random.SystemRandom]
    return [one for one in found if not any(one is other for other in known)]


def reseed():
    """Python does it for the module random itself."""
    if "numpy.random.mtrand" in sys.modules:
        sys.modules["numpy.random"].seed()


def size_of_tree(top):
    total = 0
    for directory, _, names in os.walk(top):
        total += sum(os.lstat(os.path.join(directory, name)).st_size for name in names)
    return total


class Kept:
    """What a worker has of the template that it is forked from, beside its memory."""

    def __init__(self):
        self.outside = None  # a descriptor of the host's root, where the template has a root of its own
        self._has_files = False  # in /tmp
        self._said = b""
        self._variables = {}

    def gather(self, request):
        """Once everything is imported; raises Unfit."""
        memory_mb = int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"])
        if resident_mb() >= memory_mb:
            raise Unfit("its packages take %d MB, and the function has %d" % (resident_mb(), memory_mb))
        tmp = "/tmp" if request["root"] else request["tmp"]
        self._has_files = bool(os.listdir(tmp))
        if self._has_files and not (request["root"] and size_of_tree(tmp) <= FILES_BYTES_MAX):
            raise Unfit("its packages leave files in the temporary directory")
        self._said = os.pread(1, SAID_BYTES_MAX, 0)
        wanted, found = request["environment"], dict(os.environ)
        names = (set(wanted) | set(found)) - {"LAMBDAPOOL_OPT"}
        self._variables = {name: found.get(name) for name in names if found.get(name) != wanted.get(name)}
        try_fork()
        reseed()

    def copy_files(self, tmp):
        if self._has_files:
            import shutil

            shutil.copytree("/tmp", tmp, symlinks=True, dirs_exist_ok=True)

    def hand_on(self):
        """In the worker. What imports have printed belongs to the log of each, as without a template."""
        os.environ.pop("LAMBDAPOOL_OPT", None)
        for name, value in self._variables.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        os.write(1, self._said)
        if "tempfile" in sys.modules:
            sys.modules["tempfile"].tempdir = None  # it is each worker's own
        reseed()


class Imports:
    """Of a worker: tells which modules of the function's package and layers it has imported, when there are
    more of them, so that the next workers come from a template that has them."""

    def __init__(self, client):
        self._client = client
        self._inside = (os.path.join(os.environ["LAMBDA_TASK_ROOT"], ""), os.path.join(client.opt_directory(), ""))
        self._modules = self._names = 0

    def news(self):
        """A request to the local Lambda; b"" where there is nothing new."""
        if len(sys.modules) == self._modules:
            return b""
        self._modules = len(sys.modules)
        names = [name for name, module in list(sys.modules.items()) if file_of(module).startswith(self._inside)]
        if len(names) == self._names:
            return b""
        self._names = len(names)
        body = "\n".join(names).encode("utf-8", "replace")
        return (self._client.POST % ("lambdapool/imported", "text/plain", "", len(body))).encode() + body


def file_of(module):
    """ "" for what has none. Asks nothing of a module that would run code to answer."""
    file = module.__dict__.get("__file__") if isinstance(module, types.ModuleType) else None
    return file if isinstance(file, str) else ""


class Bytecode:
    """Keeps what the modules of a package compile to in a directory of the home, since the package has none and
    cannot be written to. The interpreter's own modules have theirs beside them, as always."""

    def __init__(self, directory, packages):
        self._directory, self._packages = directory, packages
        self._machinery = importlib._bootstrap_external
        self._elsewhere = self._machinery.cache_from_source

    def __enter__(self):
        sys.dont_write_bytecode = False
        self._machinery.cache_from_source = self._place
        return self

    def __exit__(self, *_):
        sys.dont_write_bytecode = True
        self._machinery.cache_from_source = self._elsewhere

    def _place(self, path, *arguments, **options):
        place = self._elsewhere(path, *arguments, **options)
        return self._directory + place if self._packages.holds(path) else place
