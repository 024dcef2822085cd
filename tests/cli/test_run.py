"""`lambdapool run`: scripts of many layouts, unmodified, each as its user has it. One line says what was deployed."""

import os
import re
import subprocess
import sys
import zipfile

import pytest

MAP = "from lambdapool import LambdaPool\nwith LambdaPool(2) as pool:\n    print(pool.map(%s, [1, 2]))\n"
PYPROJECT = "[project]\nname = 'mine'\nversion = '1'\n"

# layout -> (files, what is run, what it prints)
LAYOUTS = {
    "a single file": ({"s.py": "k = 3\ndef f(x): return x * k\n" + MAP % "f"}, ["s.py"], "[3, 6]"),
    "a lambda": ({"s.py": MAP % "lambda x: x + 1"}, ["s.py"], "[2, 3]"),
    "a module beside it": ({"s.py": "import m\n" + MAP % "m.f", "m.py": "def f(x): return -x\n"}, ["s.py"], "[-1, -2]"),
    "a module that imports another": (
        {"s.py": "from m import f\n" + MAP % "f", "m.py": "import n\ndef f(x): return n.k * x\n", "n.py": "k = 7\n"}, ["s.py"], "[7, 14]",
    ),
    "a package": ({"s.py": "from p.a import f\n" + MAP % "f", "p/__init__.py": "", "p/a.py": "def f(x): return x * 5\n"}, ["s.py"], "[5, 10]"),
    "relative imports": (
        {
            "s.py": "from p.q.a import f\n" + MAP % "f", "p/__init__.py": "", "p/b.py": "k = 4\n", "p/q/__init__.py": "",
            "p/q/a.py": "from ..b import k\nfrom . import c\ndef f(x): return x * k + c.n\n", "p/q/c.py": "n = 1\n",
        },
        ["s.py"], "[5, 9]",
    ),
    "the src layout": (
        {"pyproject.toml": PYPROJECT, "s.py": "from mine import f\n" + MAP % "f", "src/mine/__init__.py": "def f(x): return x * 6\n"},
        ["s.py"], "[6, 12]",
    ),
    "a script in a folder of its own": (
        {"pyproject.toml": PYPROJECT, "scripts/s.py": "from mine.m import f\n" + MAP % "f", "mine/__init__.py": "", "mine/m.py": "def f(x): return x * 8\n"},
        ["scripts/s.py"], "[8, 16]",
    ),
    "a namespace package": ({"s.py": "from space.part.m import f\n" + MAP % "f", "space/part/m.py": "def f(x): return x * 9\n"}, ["s.py"], "[9, 18]"),
    "data in a package": (
        {
            "s.py": "from p import f\n" + MAP % "f", "p/table.txt": "11",
            "p/__init__.py": "import pathlib\nK = int(pathlib.Path(__file__).with_name('table.txt').read_text())\ndef f(x): return x * K\n",
        },
        ["s.py"], "[11, 22]",
    ),
    "data beside a module": (
        {
            "s.py": "from m import f\n" + MAP % "f", "data/table.txt": "12",
            "m.py": "import os\nHERE = os.path.dirname(os.path.abspath(__file__))\nK = int(open(os.path.join(HERE, 'data', 'table.txt')).read())\ndef f(x): return x * K\n",
        },
        ["s.py"], "[12, 24]",
    ),
    "imports inside a function": (
        {"s.py": "def f(x):\n    from m import k\n    return x * k\n" + MAP % "f", "m.py": "k = 13\n"}, ["s.py"], "[13, 26]",
    ),
    "arguments of its own": ({"s.py": "import sys\nk = int(sys.argv[2])\ndef f(x): return x * k\n" + MAP % "f"}, ["s.py", "--times", "14"], "[14, 28]"),
    "a main guard and classes": (
        {"s.py": "class A:\n    def __init__(self, k): self.k = k\n    def f(self, x): return x * self.k\nif __name__ == '__main__':\n    " + (MAP % "A(15).f").replace("\n    print", "\n        print").replace("\nwith", "\n    with")},
        ["s.py"], "[15, 30]",
    ),
    "an executor": (
        {"s.py": "import m\nfrom lambdapool import LambdaExecutor\nwith LambdaExecutor(max_workers=2) as e: print(list(e.map(m.f, [1, 2])))\n", "m.py": "def f(x): return x * 16\n"},
        ["s.py"], "[16, 32]",
    ),
    "a function that the script names": (
        {"s.py": "import m\nfrom lambdapool import LambdaPool\nwith LambdaPool(2, 'named') as pool: print(pool.map(m.f, [1, 2]))\n", "m.py": "def f(x): return x * 17\n"},
        ["s.py"], "[17, 34]",
    ),
    "two functions that the script names": (
        {"s.py": "import m\nfrom lambdapool import LambdaPool\nwith LambdaPool(2, 'a') as p, LambdaPool(2, lambda_function='b') as q: print(p.map(m.f, [1]) + q.map(m.f, [2]))\n", "m.py": "def f(x): return x * 18\n"},
        ["s.py"], "[18, 36]",
    ),
    "a module that imports lambdapool": (
        {"s.py": "import m\nm.main()\n", "m.py": "from lambdapool import LambdaPool\ndef f(x): return x * 19\ndef main():\n    with LambdaPool(2) as pool: print(pool.map(f, [1, 2]))\n"},
        ["s.py"], "[19, 38]",
    ),
    "a decorated function": ({"s.py": "import lambdapool\n@lambdapool.function\ndef f(x): return x * 20\nprint(list(f.map([1, 2])))\n"}, ["s.py"], "[20, 40]"),
    "a requirements file": ({"s.py": "def f(x):\n    import things\n    return x * things.k\n" + MAP % "f", "requirements.txt": "./things-1-py3-none-any.whl\n"}, ["s.py"], "[21, 42]"),
    "a pyproject's dependencies": (
        {"pyproject.toml": PYPROJECT + "dependencies = ['things @ file://HERE/things-1-py3-none-any.whl']\n", "s.py": "def f(x):\n    import things\n    return x * things.k\n" + MAP % "f"},
        ["s.py"], "[21, 42]",
    ),
    "a script's own block": (
        {"s.py": "# /// script\n# dependencies = ['things @ file://HERE/things-1-py3-none-any.whl']\n# ///\ndef f(x):\n    import things\n    return x * things.k\n" + MAP % "f"},
        ["s.py"], "[21, 42]",
    ),
    "paths and settings by options": (
        {"s.py": "import os\ndef f(x): return open('notes.txt').read(), os.environ['AWS_LAMBDA_FUNCTION_MEMORY_SIZE']\n" + MAP % "f", "notes.txt": "n"},
        ["--with", "notes.txt", "--memory", "320", "--function", "optional", "s.py"], "[('n', '320'), ('n', '320')]",
    ),
}


def wheel_in(folder):
    with zipfile.ZipFile(folder / "things-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("things.py", "k = 21\n")
        wheel.writestr("things-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: things\nVersion: 1\n")
        wheel.writestr("things-1.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("things-1.dist-info/RECORD", "")


@pytest.fixture
def run(tmp_path, lambdapool, target):
    folder = tmp_path / "here"
    folder.mkdir()

    def run(*arguments, files=(), before=()):
        for name, text in dict(files).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("HERE/things", "%s/things" % folder))
            if "things-1" in text:
                wheel_in(folder)
        environment = dict(
            os.environ, PYTHONPATH=str(lambdapool.parents[1] / "python"), LAMBDAPOOL_TARGET=target, LAMBDAPOOL_HOME=str(tmp_path / "home"),
            XDG_CACHE_HOME=str(tmp_path / "cache"), VIRTUAL_ENV=sys.prefix,
        )
        for name in ("LAMBDAPOOL_FUNCTION", "LAMBDAPOOL_STALE"):
            environment.pop(name, None)
        return subprocess.run(
            [str(lambdapool), *before, "run", *arguments],
            cwd=folder, env=environment, capture_output=True, text=True, timeout=120,
        )

    return run


def version(target, number):
    """As a pattern: Lambda counts them, and a revision of Cloud Run has a tag."""
    return str(number) if target == "local" else "v[0-9a-f]{12}"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_script_runs_unmodified(run, layout):
    files, arguments, expected = LAYOUTS[layout]
    if any("pyproject" in name or "/// script" in text for name, text in files.items()) and sys.version_info < (3, 11):
        pytest.importorskip("tomli")
    done = run(*arguments, files=files)
    assert (done.returncode, done.stdout) == (0, expected + "\n"), done.stderr
    told = done.stderr.splitlines()
    assert told and all(line.startswith("lambdapool: deployed ") for line in told), done.stderr


@pytest.mark.on_both_targets
def test_a_second_run_deploys_nothing_and_an_edit_does(run, target):
    files = {"s.py": "import m\n" + MAP % "m.f", "m.py": "def f(x): return -x\n"}
    assert run("s.py", files=files).stdout == "[-1, -2]\n"
    again = run("s.py")
    assert (again.stdout, again.stderr) == ("[-1, -2]\n", "")
    edited = run("s.py", files={"m.py": "def f(x): return 0\n"})
    assert edited.stdout == "[0, 0]\n" and re.search("version %s of" % version(target, 2), edited.stderr)


@pytest.mark.on_both_targets
def test_a_program_runs_and_calls_itself(run, lambdapool, target):
    done = run("--timeout", "30", str(lambdapool.parent / "algorithms"))
    assert done.returncode == 0 and "fibonacci" in done.stdout, done.stderr
    assert re.search("as version %s of function algorithms" % version(target, 1), done.stderr)


@pytest.mark.on_both_targets
@pytest.mark.parametrize("layout", ["a package", "arguments of its own"])
def test_a_script_runs_on_either_target(run, layout):
    files, arguments, expected = LAYOUTS[layout]
    done = run(*arguments, files=files)
    assert (done.returncode, done.stdout) == (0, expected + "\n"), done.stderr


def test_project_and_region_go_on_to_what_is_run(run):
    names = "('GOOGLE_CLOUD_PROJECT', 'GOOGLE_CLOUD_REGION')"
    script = MAP % "abs" + "import os\nprint([os.environ[name] for name in %s])\n" % names
    where = ("--target", "gcp-local", "--project", "mine", "--region", "europe-west1")
    done = run("s.py", files={"s.py": script}, before=where)
    assert (done.returncode, done.stdout) == (0, "[1, 2]\n['mine', 'europe-west1']\n"), done.stderr


def test_its_exit_code_is_the_scripts(run):
    done = run("s.py", files={"s.py": "import sys\nsys.exit(7)\n"})
    assert done.returncode == 7


@pytest.mark.parametrize(
    "arguments, error",
    [
        ([], "say what to run: lambdapool run script.py, or ./program"),
        (["nothing.py"], "there is no script or program nothing.py"),
        (["bad.py"], "bad.py is no Python (line 1): "),
        (["--memory", "1", "good.py"], "memory"),
        (["--wiht", "x", "good.py"], "No such option: --wiht"),
    ],
)
def test_what_cannot_be_run_is_told(run, arguments, error):
    done = run(*arguments, files={"bad.py": "def f(:\n", "good.py": ""})
    assert done.returncode in (1, 2) and error in done.stderr and done.stdout == ""
