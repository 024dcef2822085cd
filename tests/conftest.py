"""What the Python suites share: the real program, a home of one's own, and a served local Lambda.

Everything runs on loopback, in the test's own temporary directory, and sees none of the user's AWS settings.
"""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("LAMBDAPOOL_BUILD", ROOT / "build"))


def pytest_configure(config):
    config.addinivalue_line("markers", "on_both_targets: a test of a module that runs on local and on gcp-local")
    config.addinivalue_line("markers", "on_lambda_alone(reason): one of these that makes no sense on Cloud Run")
    # A shell ignores Ctrl-C on behalf of what it runs in the background, and programs under test inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_generate_tests(metafunc):
    marks = metafunc.definition
    if not marks.get_closest_marker("on_both_targets") or "target" not in metafunc.fixturenames:
        return
    alone = marks.get_closest_marker("on_lambda_alone")
    metafunc.parametrize("target", ["local"] if alone else ["local", "gcp-local"], indirect=True)


@pytest.fixture
def target(request):
    """Where a test's functions are: local, and where a module is marked on_both_targets gcp-local as well."""
    return getattr(request, "param", "local")


@pytest.fixture(scope="session")
def lambdapool():
    """The path of the program under test: the build's, or an installed one that LAMBDAPOOL_PROGRAM names."""
    program = Path(os.environ.get("LAMBDAPOOL_PROGRAM", BUILD / "bin" / "lambdapool"))
    if not program.exists():
        pytest.fail(f"{program} is not built (LAMBDAPOOL_BUILD names the build directory)")
    return program


@pytest.fixture
def home(tmp_path):
    """Where this test's local functions live."""
    return tmp_path / "lambdapool-home"


@pytest.fixture
def clean_environment(home, tmp_path, target):
    """This process's environment without anything that says who or where AWS or Google is; own home."""
    user = tmp_path / "user"
    user.mkdir(exist_ok=True)
    environment = {
        name: value for name, value in os.environ.items() if not re.match(r"AWS_|LAMBDAPOOL_|VIRTUAL_ENV|PYTHON|GOOGLE_|CLOUDSDK_|GCLOUD_", name)
    }
    environment.update(
        HOME=str(user),
        LAMBDAPOOL_HOME=str(home),
        LAMBDAPOOL_TARGET=target,
        VIRTUAL_ENV=sys.prefix,
        AWS_EC2_METADATA_DISABLED="true",
    )
    return environment


@pytest.fixture
def run(lambdapool, clean_environment, tmp_path):
    """Runs `lambdapool ARGS...` in tmp_path; the completed process, its output as text."""

    def run(*arguments, cwd=tmp_path, timeout=120, **environment):
        return subprocess.run(
            [lambdapool, *map(str, arguments)],
            cwd=cwd,
            env={**clean_environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    return run


@pytest.fixture
def aws():
    """A fake of AWS's services, which also remembers what it was asked: fake_aws.FakeAws."""
    from fake_aws import FakeAws  # beside the tests of the command line, for which it is

    fake = FakeAws()
    yield fake
    fake.close()


@pytest.fixture
def run_aws(run, aws):
    """Runs `lambdapool ARGS...` with that fake as its AWS."""
    return lambda *arguments, **environment: run(*arguments, **{**aws.environment, **environment})


@pytest.fixture
def start_aws(lambdapool, clean_environment, aws, tmp_path):
    """Starts `lambdapool ARGS...` with that fake as its AWS. `meanwhile(process, request)` sees each request before
    it is answered."""

    def start(*arguments, meanwhile):
        process = None
        aws.hooks.insert(0, lambda request: meanwhile(process, request))  # before any that answers
        with aws.lock:  # no request is answered before `process` is known
            process = subprocess.Popen(
                [lambdapool, *arguments],
                cwd=tmp_path,
                env={**clean_environment, **aws.environment},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
        return process

    return start


class Served:
    """A running `lambdapool serve`."""

    def __init__(self, process, environment):
        self.process = process
        self.first_line = process.stdout.readline()
        match = re.match(r"lambdapool: serving the local Lambda at (http://127\.0\.0\.1:(\d+))", self.first_line)
        if not match:
            process.kill()
            raise AssertionError(f"serve said {self.first_line!r}: {process.communicate()}")
        self.endpoint, self.port = match[1], int(match[2])
        self.environment = {
            **{name: value for name, value in environment.items() if name != "LAMBDAPOOL_TARGET"},
            "AWS_ENDPOINT_URL_LAMBDA": self.endpoint,
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "key",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REGION": "us-east-1",
        }

    def client(self, **keys):
        boto3 = pytest.importorskip("boto3")
        config = pytest.importorskip("botocore.config").Config(retries={"max_attempts": 1}, read_timeout=600)
        options = dict(aws_access_key_id="any", aws_secret_access_key="key", region_name="us-east-1")
        return boto3.session.Session().client(
            "lambda", endpoint_url=self.endpoint, config=config, **{**options, **keys}
        )


@pytest.fixture
def start_serve(lambdapool, clean_environment):
    """Starts `lambdapool serve ARGS...` (default: a free port); whatever still runs at the end is killed."""
    running = []

    def start(*arguments, **environment):
        process = subprocess.Popen(
            [lambdapool, "serve", *map(str, arguments)],
            env={**clean_environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return Served(process, clean_environment)

    yield start
    for process in running:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(120)
            except subprocess.TimeoutExpired:
                process.kill()
        process.communicate()


@pytest.fixture
def serve(start_serve):
    """A served local Lambda: .endpoint, .port, .client() (boto3), .environment (for any AWS client)."""
    return start_serve()


@pytest.fixture
def described(serve, target):
    """Reads what the target keeps of a function, by another client: tests/cli/described.py."""
    from described import on_lambda, on_run

    return lambda name: (on_lambda if target == "local" else on_run)(serve, name)


@pytest.fixture
def algorithms(tmp_path):
    """The product document's example package; the directory that contains it."""
    package = tmp_path / "algorithms"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "algorithms.py").write_text(
        "def fibonacci(n):\n"
        "    '''A naive implementation of computing n'th fibonacci number\n"
        "    '''\n"
        "    if n==0: return 0\n"
        "    if n==1: return 1\n"
        "    return fibonacci(n-1) + fibonacci(n-2)\n"
    )
    return tmp_path
