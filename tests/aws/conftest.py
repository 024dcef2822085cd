"""A function of its own name for each run, on AWS (LAMBDAPOOL_TEST_AWS=1) or on Google Cloud (LAMBDAPOOL_TEST_GCP=1);
where neither is set, on both local targets."""

import os
import pathlib
import re
import subprocess
import sys
import uuid

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LAMBDAPOOL_BUILD", ROOT / "build"))
ACCOUNTS = [name for name in ("aws", "gcp") if os.environ.get("LAMBDAPOOL_TEST_" + name.upper()) == "1"]

sys.path.insert(0, str(BUILD / "python"))


@pytest.fixture(scope="session", params=ACCOUNTS or ["local", "gcp-local"])
def environment(request, tmp_path_factory):
    if request.param in ACCOUNTS:
        return {**os.environ, "LAMBDAPOOL_TARGET": request.param}
    kept = {name: value for name, value in os.environ.items() if not re.match(r"AWS_|LAMBDAPOOL_", name)}
    home = str(tmp_path_factory.mktemp("home"))
    return {**kept, "LAMBDAPOOL_TARGET": request.param, "LAMBDAPOOL_HOME": home, "VIRTUAL_ENV": sys.prefix}


@pytest.fixture(scope="session")
def run(environment, tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    (folder / "lambdapool_aws_tasks.py").write_text(
        "import os, time\n"
        "def square(n):\n    print('squaring', n)\n    return n * n\n"
        "def sleep(seconds):\n    time.sleep(seconds)\n"
        "def die():\n    os._exit(3)\n"
        "def eat(megabytes):\n    return len(bytearray(b'x') * (megabytes << 20))\n"
    )
    sys.path.insert(0, str(folder))

    def run(*arguments, code=0):
        done = subprocess.run(
            [BUILD / "bin" / "lambdapool", *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == code, done
        return done.stdout

    return run


@pytest.fixture(scope="session")
def function(run):
    """Deployed, on AWS with a role made for it; both are removed at the end, whatever happens."""
    name = "lambdapool-test-" + uuid.uuid4().hex[:12]
    try:
        run("create", name, "lambdapool_aws_tasks.py", "--memory", "512", "--timeout", "10")
        yield name
    finally:
        if name in run("list"):
            run("delete", name)


@pytest.fixture
def pool(function, environment, monkeypatch):
    from lambdapool import LambdaPool

    for name in ("LAMBDAPOOL_TARGET", "LAMBDAPOOL_HOME"):
        if name in environment:
            monkeypatch.setenv(name, environment[name])
    with LambdaPool(workers=4, lambda_function=function) as pool:
        yield pool
