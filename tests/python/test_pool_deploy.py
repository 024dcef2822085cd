"""Deploying on call: deploy=, the decorator, and what a second run asks for."""

import json
import os
import re
import subprocess
import sys

import pytest
from conftest import BUILD, PROGRAM


class Here:
    """A user's folder and machine: scripts are run in it, each in a process of its own."""

    def __init__(self, folder, target="local"):
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.environment = dict(
            os.environ,
            PYTHONPATH=str(BUILD / "python"),
            LAMBDAPOOL_TARGET=target,
            LAMBDAPOOL_HOME=str(folder.parent / "home"),
            XDG_CACHE_HOME=str(folder.parent / "cache"),
        )
        for name in ("LAMBDAPOOL_STALE", "LAMBDAPOOL_FUNCTION"):
            self.environment.pop(name, None)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, code, **variables):
        self.write("script.py", code)
        return subprocess.run(
            [sys.executable, "script.py"], cwd=self.folder, env=dict(self.environment, **variables),
            capture_output=True, text=True, timeout=120,
        )

    def said(self, code, **variables):
        done = self.run(code, **variables)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def command(self, *arguments):
        done = subprocess.run(
            [str(PROGRAM), *arguments],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(params=["local", "gcp-local"])
def target(request):
    return request.param


@pytest.fixture
def here(tmp_path, target):
    return Here(tmp_path / "here", target)


@pytest.fixture
def versions(target):
    """The first and the second version, as the line on standard error names them."""
    return ("1", "2") if target == "local" else (r"v[0-9a-f]{12}", r"v[0-9a-f]{12}")


USE = """
import mod
from lambdapool import LambdaPool
with LambdaPool(2, "deployed", deploy="mod.py"%s) as pool:
    print(pool.map(mod.f, [1, 2]))
"""


def test_what_is_here_is_deployed_and_found_again_and_older_code_is_a_call_away(here, versions):
    here.write("mod.py", "def f(x): return x + 1\n")
    first = here.run(USE % "")
    assert first.stdout == "[2, 3]\n"
    assert re.fullmatch(r"lambdapool: deployed mod.py \(.*\) as version %s of function deployed\n" % versions[0], first.stderr)
    second = here.run(USE % "")
    assert (second.stdout, second.stderr) == ("[2, 3]\n", "")
    here.write("mod.py", "def f(x): return x + 2\n")
    edited = here.run(USE % "")
    assert edited.stdout == "[3, 4]\n" and re.search("as version %s of function" % versions[1], edited.stderr)
    here.write("mod.py", "def f(x): return x + 1\n")
    rolled_back = here.run(USE % "", LAMBDAPOOL_DEPLOY_TRUST="0")
    assert (rolled_back.stdout, rolled_back.stderr) == ("[2, 3]\n", "")
    assert len(json.loads(here.command("list", "--output", "json"))) == 1


@pytest.mark.parametrize("target", ["gcp-local"], indirect=True)
def test_what_calls_several_versions_at_a_time_is_refused_on_cloud_run(here):
    here.write("mod.py", "def f(x): return x\n")
    ladder = here.run(USE % ", memory=[512, 1024]")
    assert "ValueError: several sizes of memory are versions that one pool calls" in ladder.stderr
    assert json.loads(here.command("list", "--output", "json")) == []
    tuning = here.run(USE.replace("map(mod.f, [1, 2])", "tune(mod.f, [1, 2])") % "")
    assert "ValueError: versions with several sizes of memory are called by one address" in tuning.stderr


@pytest.mark.parametrize("target", ["gcp-local"], indirect=True)
def test_old_tags_go_and_those_of_others_stay(here):
    home = here.folder.parent / "home" / "run" / "services" / "local" / "us-central1" / "deployed.json"
    for number in range(5):
        here.write("mod.py", "def f(x): return x + %d\n" % number)
        assert here.said(USE % "") == "[%d, %d]\n" % (1 + number, 2 + number)
    kept = json.loads(home.read_text())
    first, *rest = [one["tag"] for one in kept["service"]["traffic"] if "tag" in one]
    kept["service"]["traffic"].append(dict(kept["service"]["traffic"][1], tag="stable"))
    for revision in kept["revisions"].values():
        revision["created"] = "2026-01-01T00:00:00Z"
    home.write_text(json.dumps(kept))
    here.write("mod.py", "def f(x): return x + 7\n")
    assert here.said(USE % "") == "[8, 9]\n"
    traffic = json.loads(home.read_text())["service"]["traffic"]
    tags = [one["tag"] for one in traffic if "tag" in one]
    assert tags[:-1] == [*rest, "stable"] and len(rest) == 4 and first not in tags


def test_settings_make_a_version_too(here):
    here.write("mod.py", "import os\ndef f(x): return next(os.environ[n] for n in ('AWS_LAMBDA_FUNCTION_MEMORY_SIZE', 'LAMBDAPOOL_MEMORY_MB') if n in os.environ)\n")
    assert here.said(USE % ", memory=256") == "['256', '256']\n"
    assert here.said(USE % ", memory=512, timeout=30") == "['512', '512']\n"
    assert here.said(USE % ", memory=256") == "['256', '256']\n"


def test_two_checkouts_each_run_their_own(here, target, tmp_path):
    there = Here(tmp_path / "there", target)
    code = USE.replace("print(pool.map(mod.f, [1, 2]))", "print({v for _ in range(25) for v in pool.map(mod.f, [0] * 20, chunksize=5)})") % ""
    here.write("mod.py", "def f(x): return 'here'\n")
    there.write("mod.py", "def f(x): return 'there'\n")
    for one in (here, there):
        one.write("script.py", code)
    running = [
        subprocess.Popen([sys.executable, "script.py"], cwd=one.folder, env=one.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for one in (here, there)
    ]
    said = [process.communicate(timeout=120) for process in running]
    assert [out for out, _ in said] == ["{'here'}\n", "{'there'}\n"], said


@pytest.mark.parametrize("target", ["local"], indirect=True)  # a service of Cloud Run is asked for its address
def test_a_second_run_sends_no_request_but_calls(here):
    """Counted by a served local Lambda that logs each request."""
    server = subprocess.Popen(
        [str(PROGRAM), "serve", "--port", "0", "--verbose"],
        env=here.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    try:
        url = server.stdout.readline().split(" at ")[1].split()[0]
        aws = {
            "LAMBDAPOOL_TARGET": "aws", "AWS_ENDPOINT_URL_LAMBDA": url, "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any", "AWS_REGION": "us-east-1",
        }
        here.write("mod.py", "def f(x): return x + 1\n")
        here.write("lambdapool.toml", "[functions.deployed]\npaths = ['mod.py']\nrole = 'arn:aws:iam::000000000000:role/any'\n")
        use = USE.replace('deploy="mod.py"%s', "deploy=True")
        assert here.said(use, **aws) == "[2, 3]\n"
        assert here.said(use.replace("[1, 2]", "[7]"), **aws) == "[8]\n"
    finally:
        server.terminate()
        lines = server.communicate(timeout=60)[1].splitlines()
    asked = [line for line in lines if "invocations " not in line]
    calls = [index for index, line in enumerate(lines) if "invocations " in line]
    assert asked and all(index < calls[0] for index, line in enumerate(lines) if line in asked), lines


def test_a_version_that_is_gone_is_asked_for_again(here):
    here.write("mod.py", "def f(x): return x + 1\n")
    assert here.said(USE % "") == "[2, 3]\n"
    here.command("delete", "deployed")
    done = here.run(USE % "")
    assert done.stdout == "[2, 3]\n", done.stderr


@pytest.mark.parametrize(
    "arguments, error",
    [
        ("'deployed', deploy='nothing.py'", "FileNotFoundError: deploy: there is no file or directory 'nothing.py'"),
        ("'deployed', deploy=3", "TypeError: deploy must be a path, a list of paths, or True, not 3"),
        ("'deployed:3', deploy='mod.py'", "ValueError: deploy makes versions of a function, so lambda_function must be a name, not 'deployed:3'"),
        ("'deployed', memory=256", "ValueError: memory is a setting of what is deployed: it goes with deploy="),
        ("'deployed', deploy='mod.py', memory='256'", "TypeError: memory must be an int, not str"),
        ("'deployed', deploy='mod.py', requirements=['numpy']", "TypeError: requirements must be the path of a requirements file"),
        ("'deployed', deploy=True", "ValueError: deploy=True takes what lambdapool.toml says, and there is none here or above"),
        ("'deployed', deploy='mod.py', memory=1", "memory"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(here, arguments, error):
    here.write("mod.py", "def f(x): return x\n")
    done = here.run("from lambdapool import LambdaPool\nLambdaPool(2, %s)\n" % arguments)
    assert done.returncode == 1 and error in done.stderr.splitlines()[-1]


def test_the_project_file_says_what_is_deployed(here):
    if sys.version_info < (3, 11):
        pytest.importorskip("tomli")
    here.write("src/mod.py", "import os\ndef f(x): return os.environ['STAGE'], next(os.environ[n] for n in ('AWS_LAMBDA_FUNCTION_MEMORY_SIZE', 'LAMBDAPOOL_MEMORY_MB') if n in os.environ)\n")
    here.write("lambdapool.toml", "[functions.deployed]\npaths = ['src/mod.py']\nmemory = 320\nenv = { STAGE = 'test' }\n")
    code = "import sys\nsys.path.insert(0, 'src')\n" + USE.replace('deploy="mod.py"%s', "deploy=True").replace('2, "deployed"', "2")
    assert here.said(code) == "[('test', '320'), ('test', '320')]\n"


def test_an_executor_deploys_too(here):
    here.write("mod.py", "def f(x): return x + 1\n")
    code = "import mod\nfrom lambdapool import LambdaExecutor\nwith LambdaExecutor('deployed', deploy=['mod.py']) as e: print(e.submit(mod.f, 1).result())\n"
    assert here.said(code) == "2\n"


DECORATED = """
import lambdapool, helper

@lambdapool.function(memory=256, timeout=20)
def f(x):
    return helper.double(x) + offset

@lambdapool.function
def recursive(n):
    return 1 if n == 0 else n * recursive(n - 1)

offset = 1
if __name__ == "__main__":
    print(f(3), f.remote(3), f.submit(4).result(), list(f.map([5, 6])), recursive.remote(5))
    import shared
    print(shared.g.remote(2), shared.g(2))
"""


def test_a_decorated_function_runs_without_a_name_or_a_pool(here):
    here.write("helper.py", "def double(x): return 2 * x\n")
    here.write("shared.py", "import lambdapool, helper\n@lambdapool.function\ndef g(x): return helper.double(x) * 100\n")
    assert here.said(DECORATED) == "7 7 9 [11, 13] 120\n400 400\n"


def test_what_cannot_be_decorated_is_told():
    import lambdapool

    with pytest.raises(TypeError, match="lambdapool.function is for functions"):
        lambdapool.function(int)
    with pytest.raises(TypeError, match="not for methods"):

        class Thing:
            @lambdapool.function
            def method(self):
                ...

        Thing().method


def test_a_module_that_imports_lambdapool_can_be_imported_there(here):
    here.write("mod.py", "from lambdapool import LambdaPool, WorkerDied\ndef f(x): return x + 1\ndef g(): return LambdaPool(1, 'x')\n")
    assert here.said(USE % "") == "[2, 3]\n"
    failed = here.run(USE.replace("pool.map(mod.f, [1, 2])", "pool.apply(mod.g)") % "")
    assert "lambdapool.LambdaPool is not there: a function has lambdapool only where its package has" in failed.stderr
