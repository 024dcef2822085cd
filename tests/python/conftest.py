"""Tests of the Python package and of the agent. The package is the one built in $LAMBDAPOOL_BUILD/python
(default: build/python). What pools talk to is the local Lambda, and a stub that shares no code with it."""

import os
import pathlib
import socket
import subprocess
import sys
import threading

import pytest

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("LAMBDAPOOL_BUILD", REPOSITORY / "build"))
PROGRAM = BUILD / "bin" / "lambdapool"

# What tests here import, and the programs that they run.
PATHS = [str(path) for path in (HERE, HERE / "deployed", REPOSITORY / "python" / "agent", BUILD / "python")]
sys.path[:0] = PATHS


def package_is_built():
    return any((BUILD / "python" / "lambdapool").glob("_native*"))


def pytest_ignore_collect(collection_path, config):
    needs_package = collection_path.name.startswith(("test_pool", "test_executor", "test_deploying"))
    return True if needs_package and not package_is_built() else None


def identity():
    return {
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.fixture(scope="session")
def stub():
    from stub_service import StubService

    service = StubService()
    yield service
    service.stop()


@pytest.fixture(scope="session")
def stub_environment(stub):
    # The stub's agent comes from no package, so it has no manifest to compare with.
    return dict(identity(), LAMBDAPOOL_TARGET="aws", AWS_ENDPOINT_URL_LAMBDA=stub.url, LAMBDAPOOL_STALE="ignore")


TASKS = ("lambdapool", "forking", "raising", "initialized", "data", "file", "flaky")
DEPLOYED = [str(HERE / "deployed" / (kind + "_tasks.py")) for kind in TASKS]


def deployed_on(target, home):
    """The environment in which the program has deployed the function `algorithms`."""
    environment = {"LAMBDAPOOL_TARGET": target, "LAMBDAPOOL_HOME": str(home)}
    made = subprocess.run(
        [str(PROGRAM), "create", "algorithms", *DEPLOYED, "--timeout", "300", "--memory", "256"],
        env=dict(os.environ, **environment),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert made.returncode == 0, made.stderr
    return environment


@pytest.fixture(scope="session")
def local_environment(tmp_path_factory):
    return deployed_on("local", tmp_path_factory.mktemp("lambdapool-home"))


@pytest.fixture(scope="session")
def gcp_environment(tmp_path_factory):
    return deployed_on("gcp-local", tmp_path_factory.mktemp("gcp-home"))


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    """The URL of a served local Lambda."""
    from local_lambda import served

    with served(tmp_path_factory.mktemp("home")) as endpoint:
        yield endpoint


SERVICES = ["stub", "local", "gcp"]


@pytest.fixture
def enter(request, monkeypatch):
    """enter(name): the environment becomes one in which pools find the function `algorithms`."""

    def enter_service(name):
        if name == "local" and os.environ.get("LAMBDAPOOL_TEST_LOCAL") == "0":
            pytest.skip("without the local Lambda")
        environment = request.getfixturevalue(name + "_environment")
        for variable in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "LAMBDAPOOL_HOME"):
            monkeypatch.delenv(variable, raising=False)
        for variable, value in environment.items():
            monkeypatch.setenv(variable, value)
        return environment

    return enter_service


@pytest.fixture(params=SERVICES)
def service(request, enter):
    return enter(request.param)


@pytest.fixture(scope="module")
def served_endpoint(local_environment):
    """Of the home that local_environment has."""
    from local_lambda import served

    with served(local_environment["LAMBDAPOOL_HOME"]) as endpoint:
        yield endpoint


@pytest.fixture
def enter_endpoint(request, enter, monkeypatch):
    """enter_endpoint(): the environment becomes one of a local service at an endpoint."""

    def enter_endpoint():
        enter("local")
        variables = {"LAMBDAPOOL_TARGET": "aws", "AWS_ENDPOINT_URL_LAMBDA": request.getfixturevalue("served_endpoint")}
        for name, value in {**identity(), **variables}.items():
            monkeypatch.setenv(name, value)

    return enter_endpoint


@pytest.fixture(params=["local", "endpoint"])
def local_or_endpoint(request, enter, enter_endpoint):
    """The local service of this process, or one at an endpoint, whose answers are streamed."""
    enter_endpoint() if request.param == "endpoint" else enter(request.param)
    return request.param


@pytest.fixture(params=["local", "endpoint", "gcp"])
def early_service(request, enter, enter_endpoint):
    """One of these, or the local Cloud Run: who tells outcomes and output of a call ahead of its answer."""
    enter_endpoint() if request.param == "endpoint" else enter(request.param)
    return request.param


class Ear:
    """Hears what tasks tell (lambdapool_tasks.tell)."""

    def __init__(self):
        self.heard = []
        self._holds = lambda told: False
        self._held = []
        self._changed = threading.Condition()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def wait_for(self, count, timeout=120):
        with self._changed:
            return self._changed.wait_for(lambda: len(self.heard) >= count, timeout)

    def hold(self, which):
        """Tasks that tell what `which(told)` is true for go on only after release()."""
        self._holds = which

    def release(self):
        with self._changed:
            self._holds = lambda told: False
            held, self._held = self._held, []
        for connection in held:
            connection.close()

    def close(self):
        self.release()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _listen(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with self._changed, connection.makefile("rb") as stream:
                told = stream.read().decode()
                self.heard.append(told)
                if self._holds(told):
                    self._held.append(connection)
                else:
                    connection.close()
                self._changed.notify_all()


@pytest.fixture
def ear():
    ear = Ear()
    yield ear
    ear.close()


@pytest.fixture
def pool(service):
    from lambdapool import LambdaPool

    with LambdaPool(workers=2, lambda_function="algorithms") as pool:
        yield pool


@pytest.fixture
def executor(service):
    from lambdapool import LambdaExecutor

    with LambdaExecutor(lambda_function="algorithms", max_workers=2) as executor:
        yield executor
