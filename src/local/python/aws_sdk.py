"""Shows Python's AWS SDK to functions that have not packaged it, as Lambda does: that of the interpreter they run in.

The fork server finds it before it forgets where it was started from. In a worker a finder, asked after all others,
answers for the SDK's own modules and for nothing else that is installed beside them.
"""

import importlib.machinery
import os
import site
import sys

NAMES = frozenset(["boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"])
HIDDEN = ("/tmp/", "/opt/", "/var/task/")  # by a worker's own root
RUNTIME = "/var/runtime"  # where Lambda has it

interpreter, places = sys.executable, []


def installed():
    """The directories in which the interpreter's packages are, in its order. It was started without them (-S), and
    then takes itself for the base of its virtual environment."""
    environment = os.path.dirname(os.path.dirname(sys.executable))
    alone, found = False, []
    try:
        with open(os.path.join(environment, "pyvenv.cfg"), encoding="utf-8", errors="replace") as file:
            settings = [[part.strip() for part in line.lower().split("=", 1)] for line in file]
        alone = ["include-system-site-packages", "true"] not in settings
        found.append(os.path.join(environment, "lib", "python%d.%d" % sys.version_info[:2], "site-packages"))
    except OSError:
        pass  # not of a virtual environment
    if not alone:
        found += [site.getusersitepackages(), *site.getsitepackages()]
    return [os.path.realpath(place) for place in found if os.path.isdir(place) and os.access(place, os.R_OK | os.X_OK)]


def find():
    global interpreter, places
    interpreter = sys.executable
    places = [place for place in installed() if not NAMES.isdisjoint(bare_name(name) for name in os.listdir(place))]


def bare_name(file):
    return file.partition(".")[0]


def move_into(root, bind):
    """For a worker that is about to enter `root`; `bind(from, to)` mounts. Of places that the root hides, the first
    is mounted."""
    global places
    hidden = [place for place in places if (place + "/").startswith(HIDDEN)]
    if hidden:
        bind(hidden[0], root + RUNTIME)
    places = [RUNTIME if place in hidden[:1] else place for place in places if place not in hidden[1:]]


class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if path is not None or name not in NAMES:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, places)
        # Who only asks whether it is there (importlib.util.find_spec) is told no.
        if spec is None and name[:4] == "boto" and sys._getframe(1).f_back.f_code.co_name == "_find_and_load_unlocked":
            raise ModuleNotFoundError(absence(name), name=name)
        return spec


def absence(name):
    return (
        "No module named '%s': the function's package has none, and neither has the Python that runs it, %s, from "
        "which the local Lambda takes it. Install it there (%s -m pip install boto3) and start the local Lambda "
        "anew, or package it with the function." % (name, interpreter, interpreter)
    )


def offer():
    sys.meta_path.append(Finder)
