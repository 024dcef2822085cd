"""Never the wrong code: what is loaded here and what runs there are the same source, or nothing runs."""

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import BUILD, PROGRAM
from lambdapool import loaded_source
from lambdapool.deployed_code import DeployedCode

USE = """
import sys, warnings
sys.path.insert(0, %(here)r)
import %(module)s
from lambdapool import CodeMismatch, LambdaPool
with LambdaPool(2, "stale") as pool:
    try:
        print(pool.map(%(module)s.f, [1, 2, 3]), pool.apply(%(module)s.f, (10,)))
    except CodeMismatch as error:
        print("refused:", error)
"""


class Project:
    def __init__(self, folder, environment):
        self.folder, self._environment = folder, environment

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        os.utime(path, ns=(next_time(), next_time()))

    def command(self, *arguments):
        done = subprocess.run(
            [str(PROGRAM), *arguments],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr

    def use(self, module="code", here=None, code=USE, **variables):
        code = code % {"module": module, "here": str(here or self.folder)}
        command = [sys.executable, "-c", "import sys; sys.path.insert(0, %r)\n" % str(BUILD / "python") + code]
        environment = dict(self._environment, **variables)
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done


_time = [1_700_000_000]


def next_time():
    """Files are seconds apart, however fast they are written."""
    _time[0] += 1
    return _time[0] * 10**9


@pytest.fixture(params=["local", "gcp-local"])
def target(request):
    return request.param


@pytest.fixture
def project(tmp_path, target):
    environment = dict(os.environ, LAMBDAPOOL_TARGET=target, LAMBDAPOOL_HOME=str(tmp_path / "home"))
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment.pop("LAMBDAPOOL_STALE", None)
    (tmp_path / "here").mkdir()
    return Project(tmp_path / "here", environment)


def test_an_edited_module_is_refused_with_the_command_that_mends_it(project):
    project.write("mod.py", "def f(x): return x + 1\n")
    project.command("create", "stale", "mod.py")
    assert project.use("mod").stdout == "[2, 3, 4] 11\n"
    project.write("mod.py", "def f(x): return x + 2\n")
    said = project.use("mod").stdout
    assert said.startswith("refused: the function stale has other code than this program: mod.py (here of 20")
    assert "`lambdapool update stale mod.py`; nothing was run" in said
    warned = project.use("mod", LAMBDAPOOL_STALE="warn")
    assert warned.stdout == "[2, 3, 4] 11\n" and "what is there is run all the same" in warned.stderr
    ignored = project.use("mod", LAMBDAPOOL_STALE="ignore")
    assert ignored.stdout == "[2, 3, 4] 11\n" and "Warning" not in ignored.stderr
    project.command("update", "stale", "mod.py")
    assert project.use("mod").stdout == "[3, 4, 5] 12\n"


def test_a_module_that_the_function_only_imports_counts_too(project):
    project.write("pack/__init__.py", "from .code import f\n")
    project.write("pack/code.py", "from .constants import K\ndef f(x): return x + K\n")
    project.write("pack/constants.py", "K = 1\n")
    project.command("create", "stale", "pack")
    assert project.use("pack").stdout == "[2, 3, 4] 11\n"
    project.write("pack/constants.py", "K = 2\n")
    assert "other code than this program: pack/constants.py" in project.use("pack").stdout


def test_two_checkouts_differ_and_other_line_ends_do_not(project, tmp_path):
    project.write("mod.py", "def f(x):\n    return x + 1\n")
    project.command("create", "stale", "mod.py")
    project.write("windows/mod.py", "def f(x):\r\n    return x + 1\r\n")
    assert project.use("mod", here=project.folder / "windows").stdout == "[2, 3, 4] 11\n"
    project.write("other/mod.py", "def f(x):\n    return x + 3\n")
    said = project.use("mod", here=project.folder / "other").stdout
    assert "`lambdapool update stale other/mod.py`" in said


def test_what_is_only_there_or_installed_or_by_value_is_not_compared(project):
    project.write("mod.py", "def f(x): return x + 1\n")
    project.write("unused.py", "raise SystemExit\n")
    project.command("create", "stale", "mod.py", "unused.py")
    project.write("unused.py", "changed = True\n")
    assert project.use("mod").stdout == "[2, 3, 4] 11\n"
    project.write("site-packages/mod.py", "def f(x): return x + 100\n")
    assert project.use("mod", here=project.folder / "site-packages").stdout == "[2, 3, 4] 11\n"
    by_value = (
        "from lambdapool import LambdaPool\nwith LambdaPool(1, 'stale') as pool: print(pool.map(lambda x: x + 7, [1]))"
    )
    assert project.use(code=by_value).stdout == "[8]\n"


def test_a_module_made_at_run_time_is_not_compared(project):
    project.write("mod.py", "def f(x): return x + 1\n")
    project.command("create", "stale", "mod.py")
    made = (
        "import sys, types\nmod = sys.modules['mod'] = types.ModuleType('mod')\nexec('def f(x): return x', mod.__dict__)\n"
        "mod.f.__module__ = 'mod'\nfrom lambdapool import LambdaPool\n"
        "with LambdaPool(1, 'stale') as pool: print(pool.map(mod.f, [1]))"
    )
    assert project.use(code=made).stdout == "[2]\n"


EDITING = """
import sys
sys.path.insert(0, %(here)r)
import mod, os, pathlib
from lambdapool import CodeMismatch, LambdaPool
def use():
    with LambdaPool(1, "stale") as pool:
        try:
            return pool.map(mod.f, [1])
        except CodeMismatch as error:
            return str(error)
if "looked" in sys.argv or %(module)r == "looked": print(use())
pathlib.Path(mod.__file__).write_text("def f(x): return x + 1000\\n")
os.utime(mod.__file__, (1_800_000_000, 1_800_000_000))
print(use())
"""


def test_what_counts_is_what_the_interpreter_loaded(project):
    project.write("mod.py", "def f(x): return x + 1\n")
    project.command("create", "stale", "mod.py")
    said = project.use("unlooked", code=EDITING).stdout
    assert said.startswith("mod.py was edited after this program had imported it: start the program anew")
    project.write("mod.py", "def f(x): return x + 1\n")
    assert project.use("looked", code=EDITING).stdout == "[2]\n[2]\n"


LATE = """
import sys
sys.path.insert(0, %(here)r)
import mod
from lambdapool import CodeMismatch, LambdaPool
with LambdaPool(1, "stale") as pool:
    print(pool.map(mod.f, [1]))
    import late
    uses = [lambda: pool.map(mod.f, [1]), lambda: pool.apply_async(mod.f, [1]).get(), lambda: pool.apply(mod.f, [1])]
    for use in uses + uses[1:]:
        try:
            print(use())
        except CodeMismatch as error:
            print(error)
"""


def test_a_module_that_is_loaded_later_is_compared_then(project):
    project.write("mod.py", "def f(x): return x + 1\n")
    project.write("late.py", "x = 1\n")
    project.command("create", "stale", "mod.py", "late.py")
    project.write("late.py", "x = 2\n")
    first, *refusals = project.use(code=LATE).stdout.splitlines()
    assert first == "[2]" and len(refusals) == 5
    assert all("other code than this program: late.py" in each for each in refusals)


REDEPLOYED = """
import sys, subprocess
sys.path.insert(0, %(here)r)
import mod
from lambdapool import CodeMismatch, LambdaExecutor
with LambdaExecutor("stale", 2) as executor:
    print(list(executor.map(mod.f, [1, 2])), executor.submit(mod.f, 3).result())
    subprocess.run(%(module)s, check=True, stdout=subprocess.DEVNULL)
    for use in (lambda: list(executor.map(mod.f, [1, 2])), lambda: executor.submit(mod.f, 3).result()):
        try:
            print(use())
        except CodeMismatch as error:
            print("refused")
"""


def test_what_somebody_deploys_while_a_pool_runs_is_noticed(project):
    project.write("mod.py", "def f(x): return x + 1\n")
    project.write("theirs/mod.py", "def f(x): return x + 100\n")
    project.command("create", "stale", "mod.py")
    update = repr([str(PROGRAM), "update", "stale", "theirs/mod.py"])
    assert project.use(update, code=REDEPLOYED).stdout == "[2, 3] 4\nrefused\nrefused\n"


def test_a_mode_that_is_none_is_refused(project):
    from lambdapool import LambdaExecutor, LambdaPool

    with pytest.raises(ValueError, match="stale must be one of error, warn, ignore, update, not 'never'"):
        LambdaPool(1, "f", target="local", stale="never")
    with pytest.raises(TypeError, match="stale must be a str, not bool"):
        LambdaExecutor("f", 1, target="local", stale=True)


def test_the_project_file_says_how_strict_it_is(project):
    if sys.version_info < (3, 11):
        pytest.importorskip("tomli")
    project.write("mod.py", "def f(x): return x + 1\n")
    project.write("lambdapool.toml", "[functions.stale]\npaths = ['mod.py']\nstale = 'ignore'\n")
    project.command("create", "stale")
    project.write("mod.py", "def f(x): return x + 2\n")
    assert project.use("mod").stdout == "[2, 3, 4] 11\n"
    assert "other code" in project.use("mod", LAMBDAPOOL_STALE="error").stdout
    project.write("lambdapool.toml", "[functions.stale]\npaths = ['mod.py']\nstale = 'never'\n")
    refused = subprocess.run([str(PROGRAM), "update"], cwd=project.folder, env=project._environment, capture_output=True, text=True)
    assert refused.returncode == 1 and "lambdapool.toml:3: stale is one of error, warn, ignore, update, not 'never'" in refused.stderr


VERSIONS = """
import sys, types
sys.path.insert(0, %(here)r)
import %(module)s
sys.modules["somepackage"] = types.ModuleType("somepackage")
sys.modules["somepackage"].__version__ = "2.1.0"
from lambdapool import LambdaPool
with LambdaPool(1, "stale") as pool:
    print(pool.map(%(module)s.f, [1]), pool.map(%(module)s.f, [2]))
"""


def test_another_major_version_of_a_package_is_told(project, tmp_path):
    project.write("mod.py", "def f(x): return x + 1\n")
    wheel_of(project.folder, "somepackage", "1.4")
    project.write("requirements.txt", "./somepackage-1.4-py3-none-any.whl\n")
    project.command("create", "stale", "mod.py", "-r", "requirements.txt")
    done = project.use("mod", code=VERSIONS)
    assert done.stdout == "[2] [3]\n"
    assert done.stderr.count("somepackage is version 1.4 there and 2.1.0 here") == 1


def wheel_of(folder, name, version):
    information = "%s-%s.dist-info/" % (name, version)
    with zipfile.ZipFile(folder / ("%s-%s-py3-none-any.whl" % (name, version)), "w") as wheel:
        wheel.writestr(name + ".py", "__version__ = %r\n" % version)
        wheel.writestr(information + "METADATA", "Metadata-Version: 2.1\nName: %s\nVersion: %s\n" % (name, version))
        wheel.writestr(information + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(information + "RECORD", "")


UPDATING = USE.replace('LambdaPool(2, "stale")', 'LambdaPool(2, "stale", stale="update")')


def test_update_brings_what_is_here_and_goes_on(project):
    project.write("mod.py", "def f(x): return x + 1\n")
    project.write("table.csv", "1\n")
    project.command("create", "stale", "mod.py", "table.csv")
    project.write("mod.py", "import os\ndef f(x): return x + 2 + len(os.listdir(os.path.dirname(__file__))) * 0\n")
    done = project.use("mod", code=UPDATING)
    assert done.stdout == "[3, 4, 5] 12\n"
    assert "lambdapool: the function stale has other code than this program: mod.py (here of 20" in done.stderr
    assert done.stderr.endswith(": updating it\n")
    again = project.use("mod", code=UPDATING)
    assert (again.stdout, again.stderr) == ("[3, 4, 5] 12\n", "")
    listing = project.use(
        code="import sys, lambdapool\nwith lambdapool.LambdaPool(1, 'stale') as pool:\n"
        "    print(pool.apply(lambda: open('table.csv').read()))"
    )
    assert listing.stdout == "1\n\n"


def test_update_takes_the_paths_of_the_project_file(project):
    if sys.version_info < (3, 11):
        pytest.importorskip("tomli")
    project.write("mod.py", "def f(x): return x + 1\n")
    project.command("create", "stale", "mod.py")
    project.write("mod.py", "def f(x):\n    import extra\n    return x + extra.K\n")
    project.write("elsewhere/extra.py", "K = 7\n")
    project.write("lambdapool.toml", "[functions.stale]\npaths = ['mod.py', 'elsewhere/extra.py']\nstale = 'update'\n")
    assert project.use("mod").stdout == "[8, 9, 10] 17\n"


def test_what_an_update_would_lose_is_told_instead(project):
    project.write("mod.py", "def f(x): return x + 1\n")
    wheel_of(project.folder, "somepackage", "1.4")
    project.write("requirements.txt", "./somepackage-1.4-py3-none-any.whl\n")
    project.command("create", "stale", "mod.py", "-r", "requirements.txt")
    project.write("mod.py", "def f(x): return x + 2\n")
    said = project.use("mod", code=UPDATING).stdout
    assert "`lambdapool update stale -r FILE mod.py`; nothing was run, and could not be updated: " in said
    assert "would lose" in said
    project.write("mod.py", "def f(x): return x + 1\n")
    project.write("other.csv", "1\n")
    project.command("update", "stale", "mod.py", "other.csv", "-r", "")
    os.unlink(project.folder / "other.csv")
    project.write("mod.py", "def f(x): return x + 2\n")
    said = project.use("mod", code=UPDATING).stdout
    assert "could not be updated: other.csv, which it has, is not found here" in said


BACK_AND_FORTH = """
import sys, subprocess
sys.path.insert(0, %(here)r)
import mod
from lambdapool import LambdaExecutor
with LambdaExecutor("stale", 2, stale="update") as executor:
    for _ in range(3):
        print(list(executor.map(mod.f, range(20))) == [x + 1 for x in range(20)])
        subprocess.run(%(module)s, check=True, stdout=subprocess.DEVNULL)
"""


def test_what_somebody_deploys_meanwhile_is_replaced(project):
    project.write("mod.py", "def f(x): return x + 1\n")
    project.write("theirs/mod.py", "def f(x): return x + 100\n")
    project.command("create", "stale", "mod.py")
    update = repr([str(PROGRAM), "update", "stale", "theirs/mod.py"])
    assert project.use(update, code=BACK_AND_FORTH).stdout == "True\nTrue\nTrue\n"


def test_a_version_is_never_updated(project):
    from lambdapool import LambdaPool

    with pytest.raises(ValueError, match="changes what a function's plain name calls, and f:7 is called"):
        LambdaPool(1, "f:7", target="local", stale="update")


def test_no_more_calls_than_workers_ask_for_the_code(project):
    project.write("code.py", "def f(x):\n    return x\n")
    project.command("create", "stale", "code.py")
    used = project.use(
        code="""
import sys
sys.path.insert(0, %(here)r)
import %(module)s
from lambdapool import LambdaPool
with LambdaPool(2, "stale") as pool:
    assert pool.map(%(module)s.f, range(100), chunksize=1) == list(range(100))
    print(pool.report().calls)
"""
    )
    assert int(used.stdout) <= 102


def test_threads_that_learn_of_the_code_at_once_compare_it_one_after_the_other():
    names = [name for name in list(sys.modules) if name.isidentifier()][:60]
    files = {name + ".py": loaded_source.hash_of(sys.modules[name]) or "none here" for name in names}
    manifest = json.dumps({"files": files}).encode()
    code = DeployedCode("f", "error")
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # many threads in each other's way, as on a loaded machine
    try:
        with ThreadPoolExecutor(8) as threads:
            learnt = list(threads.map(code.learn, [manifest] * 80))
    finally:
        sys.setswitchinterval(interval)
    assert learnt == [None] * 80
    assert code.expected() == hashlib.sha256(manifest).hexdigest()[:16]
