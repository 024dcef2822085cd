"""check.py FILE...: whether wheels are what they say, and work where they say that.

Each is looked at by auditwheel, abi3audit, twine and check-wheel-contents; installed by pip and by uv from an index on
loopback into fresh environments of each Python here that it is for; and the README's first example runs in them.
"""

import functools
import http.server
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import tree
from packaging.utils import parse_wheel_filename

ROOT = Path(__file__).resolve().parent.parent.parent
TOOLS = Path(sys.executable).parent
BYTES_MAX = 5_000_000
C_LIBRARY = {"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1"}
EXAMPLE = """
from lambdapool import LambdaPool
from algorithms.algorithms import fibonacci

with LambdaPool(workers=10, lambda_function="algorithms") as pool:
    print(pool.map(fibonacci, range(20)))
"""
FIBONACCIS = "[0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987, 1597, 2584, 4181]"


def run(*command, **options):
    """Its output; exits with it where the command fails."""
    ran = subprocess.run(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    )
    if ran.returncode != 0:
        sys.exit(f"check: {' '.join(map(str, command))} failed:\n{ran.stdout}")
    return ran.stdout


def look_at(wheel):
    """What needs no installation."""
    size = wheel.stat().st_size
    if size > BYTES_MAX:
        sys.exit(f"check: {wheel.name} has {size} bytes, above {BYTES_MAX}")
    promised = re.search(r"manylinux_2_(\d+)_", wheel.name)
    if not promised:
        sys.exit(f"check: {wheel.name} does not say how old a glibc may be")
    shown = run(TOOLS / "auditwheel", "show", wheel)
    real = re.search(r'consistent with the following platform tag: "manylinux_2_(\d+)_', " ".join(shown.split()))
    if not real or int(real[1]) > int(promised[1]):
        sys.exit(f"check: {wheel.name} needs a newer glibc than it says:\n{shown}")
    if "abi3" in wheel.name:
        run(TOOLS / "abi3audit", "--strict", wheel)
    run(TOOLS / "twine", "check", "--strict", wheel)
    run(TOOLS / "check-wheel-contents", "--config", ROOT / "pyproject.toml", wheel)
    print(f"{wheel.name}: {size / 1e6:.2f} MB, glibc 2.{real[1]} or newer")


def pythons():
    """The CPythons of this machine from 3.9 on, newest patch release of each: {(3, 9): path}."""
    asked = os.environ.get("LAMBDAPOOL_PYTHONS", "").split()
    names = [f"python3.{minor}" for minor in range(9, 20)]
    candidates = asked or [*names, *sorted(map(str, Path.home().glob(".pyenv/versions/3.*/bin/python")))]
    found = {}
    for candidate in candidates:
        tell = "import sys; print(*sys.version_info[:2], sys.implementation.name, sys.executable)"
        try:
            told = subprocess.run([candidate, "-c", tell], capture_output=True, text=True)
        except OSError:
            continue
        if told.returncode == 0:
            major, minor, name, path = told.stdout.split(None, 3)
            if name == "cpython" and int(minor) >= 9:
                found[int(major), int(minor)] = path.strip()
    return dict(sorted(found.items()))


def fits(wheel, version):
    tags = {str(tag.interpreter) + "-" + tag.abi for tag in parse_wheel_filename(wheel.name)[3]}
    own = "cp%d%d" % version
    return f"{own}-{own}" in tags or (version >= (3, 12) and "cp312-abi3" in tags)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def serve(directory):
    """A simple index (PEP 503) of DIRECTORY/simple/PROJECT/ on a free port of loopback: its URL."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=directory))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return "http://127.0.0.1:%d/simple/" % server.server_port


def make_index(directory, wheels):
    ours = directory / "simple" / "lambdapool"
    ours.mkdir(parents=True)
    for wheel in wheels:
        (ours / wheel.name).symlink_to(wheel)
    needed = directory / "simple" / "cloudpickle"
    run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", needed, "cloudpickle==3.1.2")
    return serve(str(directory))


def environment_of(directory, index):
    """Nothing of this machine's user, and no other index."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not re.match(r"AWS_|LAMBDAPOOL_|PIP_|UV_|PYTHON|VIRTUAL|SSL_CERT|REQUESTS_", name)
    }
    home = directory / "home"
    home.mkdir(exist_ok=True)
    kept.update(HOME=str(home), LAMBDAPOOL_TARGET="local", PIP_CONFIG_FILE=os.devnull, PIP_INDEX_URL=index)
    kept.update(PIP_DISABLE_PIP_VERSION_CHECK="1", UV_DEFAULT_INDEX=index, UV_NO_CONFIG="1")
    kept.update(UV_CACHE_DIR=str(directory / "uv-cache"), UV_PYTHON_DOWNLOADS="never")
    return kept


def example_in(bin_directory, environment, directory):
    """The README's first example, from `lambdapool create` on."""
    home = dict(environment, LAMBDAPOOL_HOME=str(directory / "local"), PYTHONPATH=str(ROOT / "examples"))
    run(bin_directory / "lambdapool", "create", "algorithms", ROOT / "examples" / "algorithms", env=home, cwd=directory)
    printed = run(bin_directory / "python", "-c", EXAMPLE, env=home, cwd=directory)
    if printed.strip() != FIBONACCIS:
        sys.exit(f"check: the example printed {printed!r}")
    version = run(bin_directory / "python", "-m", "lambdapool", "--version", env=home, cwd=directory)
    if version != run(bin_directory / "lambdapool", "--version", env=home, cwd=directory):
        sys.exit(f"check: python -m lambdapool says {version!r}")


def install_and_try(installer, python, index):
    """Seconds from nothing to installed, and to the example's output."""
    with tempfile.TemporaryDirectory(prefix="lambdapool-check-") as name:
        directory = Path(name)
        environment = environment_of(directory, index)
        venv = directory / "venv"
        begin = time.monotonic()
        if installer == "pip":
            run(python, "-m", "venv", venv, env=environment)
            run(venv / "bin" / "pip", "install", "--quiet", "lambdapool", env=environment, cwd=directory)
        else:
            run(TOOLS / "uv", "venv", "--quiet", "--python", python, venv, env=environment)
            to = ["--python", venv / "bin" / "python"]
            run(TOOLS / "uv", "pip", "install", "--quiet", *to, "lambdapool", env=environment, cwd=directory)
        installed = time.monotonic() - begin
        example_in(venv / "bin", environment, directory)
        return installed, time.monotonic() - begin


def try_authorities(python, index):
    """A wheel's TLS where another distribution keeps its authorities: the command line's test."""
    with tempfile.TemporaryDirectory(prefix="lambdapool-check-") as name:
        directory = Path(name)
        environment = environment_of(directory, index)
        run(TOOLS / "uv", "venv", "--quiet", "--python", python, directory / "venv", env=environment)
        to = ["--python", directory / "venv" / "bin" / "python"]
        run(TOOLS / "uv", "pip", "install", "--quiet", *to, "lambdapool", env=environment, cwd=directory)
        environment["LAMBDAPOOL_PROGRAM"] = str(directory / "venv" / "bin" / "lambdapool")
        tests = ROOT / "tests" / "cli" / "test_authorities.py"
        print(
            "authorities:",
            run(ROOT / ".venv" / "bin" / "python", "-m", "pytest", "-q", tests, env=environment).splitlines()[-1],
        )


def other_layouts(python, index):
    """The program finds its code in a folder of packages and in a user's packages, too."""
    with tempfile.TemporaryDirectory(prefix="lambdapool-check-") as name:
        directory = Path(name)
        environment = environment_of(directory, index)
        pip = [TOOLS / "python", "-m", "pip", "--python", python, "install", "--quiet"]
        run(*pip, "--target", directory / "folder", "lambdapool", env=environment)
        run(directory / "folder" / "bin" / "lambdapool", "--version", env=environment)
        own = dict(environment, PYTHONUSERBASE=str(directory / "user"))
        run(*pip, "--user", "--break-system-packages", "--ignore-installed", "lambdapool", env=own)
        run(directory / "user" / "bin" / "lambdapool", "--version", env=own)


# The same within a root tree, where a first line says what goes wrong.
IN_TREE = """
set -e
python3 -m venv /trial/venv
/trial/venv/bin/pip install --quiet lambdapool
cd /trial
venv/bin/lambdapool create algorithms examples/algorithms > /dev/null
PYTHONPATH=examples venv/bin/python -c "$EXAMPLE"
"""


def try_in_tree(suite, architecture, machine, index):
    root = tree.make(ROOT / "build" / "wheels" / "trees", suite, architecture)
    trial = root / "trial"
    shutil.rmtree(trial, ignore_errors=True)
    shutil.copytree(ROOT / "examples" / "algorithms", trial / "examples" / "algorithms")
    environment = environment_of(trial, index)
    environment.update(HOME="/trial/home", LAMBDAPOOL_HOME="/trial/local", EXAMPLE=EXAMPLE)
    environment.update(PATH="/usr/sbin:/usr/bin:/sbin:/bin", TMPDIR="/tmp")
    begin = time.monotonic()
    printed = run(*tree.command_in(root, machine, "/bin/bash", "-c", IN_TREE), env=environment)
    if not printed.endswith(FIBONACCIS + "\n"):
        sys.exit(f"check: in {root}: {printed}")
    return time.monotonic() - begin


def try_in_trees(wheels, index):
    for suite, architecture, machine, version in tree.TREES:
        what = "Debian %s, %s, CPython %d.%d" % (suite, architecture, *version)
        hindrance = tree.what_hinders(machine)
        if hindrance or not any(fits(wheel, version) and machine in wheel.name for wheel in wheels):
            print(f"{what}: not tried ({hindrance or 'no wheel for it'})")
        else:
            print(f"{what}: the example's output after %.1f s" % try_in_tree(suite, architecture, machine, index))


def main():
    files = [Path(name).resolve() for name in sys.argv[1:]]
    wheels = [file for file in files if file.suffix == ".whl"]
    for source in [file for file in files if file.name.endswith(".tar.gz")]:
        run(TOOLS / "twine", "check", "--strict", source)
        print(f"{source.name}: {source.stat().st_size / 1e6:.2f} MB")
    for wheel in wheels:
        look_at(wheel)
    here = [wheel for wheel in wheels if os.uname().machine in wheel.name]
    with tempfile.TemporaryDirectory(prefix="lambdapool-index-") as name:
        index = make_index(Path(name), wheels)
        newest = None
        for version, python in pythons().items():
            if not any(fits(wheel, version) for wheel in here):
                print("CPython %d.%d: no wheel for it" % version)
                continue
            for installer in ("pip", "uv"):
                times = install_and_try(installer, python, index)
                print(
                    "CPython %d.%d, %s: installed after %.1f s, the example's output after %.1f s"
                    % (*version, installer, *times)
                )
            other_layouts(python, index)
            newest = python
        if newest:
            try_authorities(newest, index)
        try_in_trees(wheels, index)


main()
