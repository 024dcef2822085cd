"""The AWS SDK as Lambda's own runtime for Python has it: boto3 and what it is made of, for code that brings none.

It is the one that is installed for the interpreter, or else one in the home, which is put there once, when a function
first asks for it, with the user's own pip or uv. The fork server does that (Sdk); workers look for it (Finder).
"""

import fcntl
import os
import re
import signal
import site
import sys
import time
from importlib import machinery

NAMES = frozenset(("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"))
WANTED = ("boto3", "botocore")  # what it is installed for
IMPORTS = re.compile(rb"\b(?:import|from)\b[^\n#]*\b(?:boto3|botocore)\b")
MOUNTED = "/var/runtime"  # of a worker's own root (supervisor/root.c makes it)
PACKAGES, FAILED = "packages", "failed"  # in the directory of the home
SETTINGS = "installing"  # beside this file: lambdapool's variables for pip and uv, NAME=VALUE, each with a zero byte
VERSION = "%d.%d" % sys.version_info[:2]
WAITING = "boto3 is being installed for the local Lambda, once for all of its functions of Python %s" % VERSION
SECONDS_MAX = 300  # of an installation
FAILED_SECONDS = 60  # that a failure is taken for the answer
FILES_MAX, BYTES_MAX = 2000, 16 << 20  # of a function's code, that are looked through


def environments_of_interpreter():
    """(executable, the directories that have its packages) of a virtual environment, where it is one, and of what is
    below. To be called before sys.executable is changed."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    places = [*site.getsitepackages([sys.base_prefix, sys.base_exec_prefix]), site.getusersitepackages()]
    top = os.path.dirname(os.path.dirname(sys.executable))
    is_virtual = os.path.exists(os.path.join(top, "pyvenv.cfg"))
    return [(sys.executable, site.getsitepackages([top]))] * is_virtual + [(base, places)]


def has(directory, name):
    return any(os.path.exists(os.path.join(directory, name + end)) for end in ("/__init__.py", ".py"))


def failure(directory):
    """Why the last installation failed; None where none has, or not lately."""
    try:
        with open(os.path.join(directory, FAILED), encoding="utf-8") as file:
            lately = os.fstat(file.fileno()).st_mtime > time.time() - FAILED_SECONDS
            return file.read() if lately else None
    except OSError:
        return None


class Sdk:
    """`home`: the directory of the home that is for this. `join` is called in the process that installs."""

    def __init__(self, home, join=None):
        self.environments = environments_of_interpreter()
        self.waiting = WAITING.encode() + b"\n"
        self._join = join
        found = [place for place in self.environments[0][1] if all(has(place, name) for name in WANTED)]
        self.directory = found[0] if found else os.path.join(home, VERSION)
        self.packages = "." if found else PACKAGES
        self.server = os.getpid()
        self._installer = None
        self._asked_for = {}

    def is_there(self):
        return os.path.isdir(os.path.join(self.directory, self.packages))

    def is_busy(self):
        return self._installer is not None

    def to_bind(self):
        """(a directory, which is there before anything is in it; where workers see it in a root of their own)."""
        if self.packages == PACKAGES:
            os.makedirs(self.directory, 0o700, exist_ok=True)
        return self.directory, MOUNTED

    def is_awaited(self, request, find_packages):
        """Whether this worker or template is to be started only when the installation, which then runs, has ended: so
        that its time doesn't count as the function's."""
        if self.is_there() or failure(self.directory) is not None:
            return False
        place = request["code"], request["opt"]
        if place not in self._asked_for:
            try:
                self._asked_for[place] = imports_it(request["code"], find_packages(*place))
            except Exception:  # whoever needs it will ask
                self._asked_for[place] = False
        if self._asked_for[place]:
            self.begin()
        return self._asked_for[place] and self.is_busy()

    def is_needless(self, code, opt):
        """Whether that is known, without looking through the code."""
        return self._asked_for.get((code, opt)) is False or self.is_there()

    def begin(self):
        """Unless it runs already, or nothing is to be done."""
        if self.is_busy() or self.is_there() or failure(self.directory) is not None:
            return
        pid = os.fork()
        if pid == 0:
            try:
                for number in (signal.SIGCHLD, signal.SIGUSR1):
                    signal.signal(number, signal.SIG_DFL)
                signal.set_wakeup_fd(-1)
                self._join(self.server)
                os.closerange(3, 256)  # workers' ends, which tell that a worker has ended
                install(self.directory, self.environments)
            except BaseException as error:
                note_failure(self.directory, "%s: %s" % (type(error).__name__, error))
            finally:
                os._exit(0)
        self._installer = pid

    def ended(self, pid):
        if pid == self._installer:
            self._installer = None

    def enter(self, has_root):
        """In a worker or a template, of which each worker has the finder too."""
        self.finder = MOUNTED if has_root else self.directory, self.packages, self.server
        sys.meta_path.append(Finder(*self.finder))


def imports_it(code, packages):
    """Whether a function's own modules do, and neither its packages nor its layers have it."""
    if any(has(place, "boto3") for place in packages.places):
        return False
    files = size = 0
    for top, directories, names in os.walk(code):
        directories[:] = [name for name in directories if not name.startswith(("lambdapool_agent", "__pycache__", "."))]
        for path in (os.path.join(top, name) for name in names if name.endswith(".py")):
            if packages.holds(path):
                continue
            files, size = files + 1, size + os.path.getsize(path)
            if files > FILES_MAX or size > BYTES_MAX:
                return False
            with open(path, "rb") as file:
                if IMPORTS.search(file.read()):
                    return True
    return False


def install(directory, environments):
    """Once, whoever else does the same. The name PACKAGES is given to what is whole only."""
    import shutil
    import tempfile

    os.makedirs(directory, 0o700, exist_ok=True)
    with open(os.path.join(directory, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.isdir(os.path.join(directory, PACKAGES)) or failure(directory) is not None:
            return
        for name in os.listdir(directory):
            if name.startswith("fresh-"):  # of one that was killed
                shutil.rmtree(os.path.join(directory, name), ignore_errors=True)
        fresh = tempfile.mkdtemp(prefix="fresh-", dir=directory)
        why = run_installer(fresh, environments)
        if why is None:
            os.rename(fresh, os.path.join(directory, PACKAGES))
        else:
            shutil.rmtree(fresh, ignore_errors=True)
            note_failure(directory, why)


def note_failure(directory, why):
    path = os.path.join(directory, FAILED)
    with open(path + ".new", "w", encoding="utf-8", errors="replace") as file:
        file.write(why)
    os.replace(path + ".new", path)


def run_installer(fresh, environments):
    """None, or why there is nothing to use in `fresh`."""
    import subprocess

    command = installer(environments)
    if command is None:
        return "%s has no pip, and there is no uv on the PATH" % environments[0][0]
    # What the user has set for environments would contradict a directory to install into.
    variables = dict(os.environ, **settings(), PIP_USER="0", PIP_REQUIRE_VIRTUALENV="0")
    variables.setdefault("PIP_RETRIES", "1")
    try:
        done = subprocess.run(
            [*command, "--target", fresh, "boto3"],
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS_MAX,
            cwd="/",
        )
    except subprocess.TimeoutExpired:
        return "`%s boto3` has not ended within %d seconds" % (" ".join(command), SECONDS_MAX)
    lines = [line.strip() for line in done.stdout.decode("utf-8", "replace").splitlines() if line.strip()]
    if done.returncode != 0:
        last = lines[-1] if lines else "exit status %d" % done.returncode
        return "`%s boto3` failed: %s" % (" ".join(command), last)
    if not all(has(fresh, name) for name in WANTED):
        return "`%s boto3` has installed no boto3" % " ".join(command)
    return None


def settings():
    """They may hold passwords, and workers can read with what environment their fork server was started."""
    with open(os.path.join(os.path.dirname(__file__), SETTINGS), "rb") as file:
        return dict(os.fsdecode(line).split("=", 1) for line in file.read().split(b"\0") if line)


def installer(environments):
    """The command that installs what follows; None where there is none."""
    for executable, places in environments:
        if any(os.path.isdir(os.path.join(place, "pip")) for place in places):
            quiet = ["--quiet", "--no-input", "--disable-pip-version-check"]
            return [executable, "-m", "pip", "install", *quiet]
    import shutil

    uv = shutil.which("uv")
    return uv and [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", environments[0][0]]


class Finder:
    """The last in sys.meta_path, so that all else goes first, with eyes for the SDK's modules alone."""

    def __init__(self, directory, packages, server):
        self._directory, self._server = directory, server
        self._place = os.path.join(directory, packages)

    def find_spec(self, name, path=None, target=None):
        if path is not None or name not in NAMES:
            return None
        why = None
        if name in WANTED and not os.path.isdir(self._place):
            why = self._wait()
        if why is None:
            return machinery.PathFinder.find_spec(name, [self._place]) if os.path.isdir(self._place) else None
        if sys._getframe(2).f_globals.get("__name__") == "importlib.util":
            return None  # somebody who can do without it asks whether it is there
        raise ModuleNotFoundError(
            "No module named '%s': it is part of Lambda's runtime, and could not be installed for the local one (%s); "
            "put boto3 into the requirements" % (name, why),
            name=name,
        )

    def _wait(self):
        """Has it installed. Returns why it is not there at the end."""
        print(WAITING, flush=True)
        until, asked = time.monotonic() + SECONDS_MAX + 30, None
        while time.monotonic() < until:
            if os.path.isdir(self._place):
                return None
            why = failure(self._directory)
            if why is not None:
                return why
            if asked is None or time.monotonic() - asked > 1:  # again, because somebody may kill the installation
                os.kill(self._server, signal.SIGUSR1)
                asked = time.monotonic()
            time.sleep(0.02)
        return "the installation does not end"


def describe(home):
    """For lambdapool doctor: one line, which begins with "!" where workers would get none."""
    sdk = Sdk(home)
    place = os.path.join(sdk.directory, sdk.packages)
    if sdk.is_there():
        infos = [name for name in os.listdir(place) if re.match(r"boto3-[^-]*\.(dist|egg)-info$", name)]
        version = infos[0].split("-")[1].rpartition(".")[0] if infos else "of unknown version"
        return "%s in %s" % (version, os.path.normpath(place))
    command = installer(sdk.environments)
    if command is None:
        return "!none, nor a way to install it: %s has no pip, and no uv is on the PATH" % sdk.environments[0][0]
    why = failure(sdk.directory)
    if why is not None:
        return "!none: " + why
    return "none yet (it is installed when a function first imports it)"


if __name__ == "__main__":
    print(describe(sys.argv[1]), end="")
