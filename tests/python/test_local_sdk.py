"""boto3 in functions that bring none, as Lambda's runtime has it (src/local/python/sdk.py). Nothing here is of a network:
what is installed is a wheel made here, by the pip of the Python that runs this."""

import base64
import io
import json
import os
import subprocess
import sys
import threading
import zipfile

import pytest
from conftest import PROGRAM
from local_lambda import ROLE, RUNTIME, client_of, served, zipped

pytest.importorskip("pip")

SEEN = "import importlib, sys\ndef handler(event, context):\n    "
TELL = "return [boto3.VERSION, boto3.__file__]\n"
MENTIONS = "import boto3\ndef handler(event, context):\n    " + TELL
# As code sent by value does it: nothing in the package names it.
BY_NAME = SEEN + "boto3 = importlib.import_module(event)\n    " + TELL
ASKS = SEEN + "return [importlib.util.find_spec(name) is not None for name in event]\n"


def write_wheel(directory, name, needs=""):
    info = f"{name}-9.8.7.dist-info"
    files = {
        f"{name}/__init__.py": "VERSION = 'installed'\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 9.8.7\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: this\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(directory / f"{name}-9.8.7-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory):
    """A virtual environment that has nothing."""
    place = tmp_path_factory.mktemp("interpreter")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    return place


@pytest.fixture
def wheels(tmp_path, interpreter, monkeypatch):
    directory = tmp_path / "wheels"
    directory.mkdir()
    write_wheel(directory, "boto3", "Requires-Dist: botocore\n")
    write_wheel(directory, "botocore")
    for name, value in {
        "VIRTUAL_ENV": interpreter,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": directory,
        "PIP_LOG": tmp_path / "pip.log",
        "PIP_CONFIG_FILE": os.devnull,
    }.items():
        monkeypatch.setenv(name, str(value))
    return directory


def installations(tmp_path):
    log = tmp_path / "pip.log"
    return log.read_text().count("Successfully installed") if log.exists() else 0


def zipped_files(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, source in files.items():
            archive.writestr(name, source)
    return buffer.getvalue()


def make(client, name, code, **more):
    client.create_function(
        FunctionName=name, Runtime=RUNTIME, Role=ROLE, Handler="main.handler", Code={"ZipFile": code},
        **{"Timeout": 300, **more},
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name)


def invoke(client, name, event=None):
    """(what it returned, its log)."""
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
    return json.load(answer["Payload"]), base64.b64decode(answer["LogResult"]).decode()


def test_a_package_that_imports_it_has_it_before_its_time_begins(tmp_path, wheels):
    home = tmp_path / "home"
    left = home / "sdk" / RUNTIME[6:] / "fresh-killed"
    (left / "boto3").mkdir(parents=True)
    with served(home) as endpoint:
        client = client_of(endpoint)
        make(client, "first", zipped(MENTIONS), Timeout=3)
        (version, file), log = invoke(client, "first")
        assert version == "installed" and file.endswith("packages/boto3/__init__.py")
        assert log.startswith("boto3 is being installed") and log.count("installed") == 1
        make(client, "fresh", zipped(MENTIONS), Environment={"Variables": {"PYTHONHASHSEED": "1"}})
        make(client, "asks", zipped(ASKS))
        for name in ("fresh", "first"):
            assert invoke(client, name)[0] == [version, file]
        assert invoke(client, "asks", ["boto3", "botocore", "pip", "six"])[0] == [True, True, False, False]
    assert installations(tmp_path) == 1 and not left.exists()


def test_code_that_comes_later_waits_for_it(tmp_path, wheels):
    with served(tmp_path / "home") as endpoint:
        client = client_of(endpoint)
        make(client, "later", zipped(BY_NAME))
        (version, _), log = invoke(client, "later", "boto3")
        assert version == "installed" and "boto3 is being installed" in log
        assert "boto3 is being" not in invoke(client, "later", "boto3")[1]
    assert installations(tmp_path) == 1


def test_a_package_that_has_its_own_has_no_other(tmp_path, wheels):
    with served(tmp_path / "home") as endpoint:
        client = client_of(endpoint)
        make(client, "own", zipped_files({"main.py": MENTIONS, "boto3/__init__.py": "VERSION = 'its own'\n"}))
        assert invoke(client, "own")[0][0] == "its own"
        make(client, "none", zipped(ASKS))
        assert invoke(client, "none", ["json", "six"])[0] == [True, False]
    assert installations(tmp_path) == 0


def test_where_it_cannot_be_had_the_error_says_why(tmp_path, wheels):
    (wheels / "boto3-9.8.7-py3-none-any.whl").unlink()
    with served(tmp_path / "home") as endpoint:
        client = client_of(endpoint)
        make(client, "later", zipped(BY_NAME))
        error, _ = invoke(client, "later", "boto3")
        assert error["errorType"] == "ModuleNotFoundError"
        assert error["errorMessage"].startswith(
            "No module named 'boto3': it is part of Lambda's runtime, and could not be installed for the local one (`"
        )
        assert "No matching distribution found for boto3" in error["errorMessage"]
        assert error["errorMessage"].endswith("; put boto3 into the requirements")
        make(client, "asks", zipped(ASKS))
        assert invoke(client, "asks", ["boto3"])[0] == [False]
        make(client, "mentions", zipped(MENTIONS))
        error, _ = invoke(client, "mentions")
        assert error["errorType"] == "Runtime.ImportModuleError" and "No matching" in error["errorMessage"]


def test_a_template_whose_packages_import_it_has_it(tmp_path, wheels):
    main = "import sys\nwas_there = 'thing' in sys.modules\nimport thing\n"
    main += "def handler(event, context):\n    import botocore\n    return [was_there, thing.boto3.VERSION]\n"
    record = "thing.py,,\nthing-1.dist-info/RECORD,,\n"
    code = zipped_files({"main.py": main, "thing.py": "import boto3\n", "thing-1.dist-info/RECORD": record})
    with served(tmp_path / "home") as endpoint:
        client = client_of(endpoint)
        make(client, "f", code)
        assert invoke(client, "f")[0] == [False, "installed"]
        client.update_function_configuration(FunctionName="f", Environment={"Variables": {"ANOTHER": "1"}})
        client.get_waiter("function_updated_v2").wait(FunctionName="f")
        assert invoke(client, "f")[0] == [True, "installed"]
    assert installations(tmp_path) == 1


def test_two_services_install_once(tmp_path, wheels):
    home = tmp_path / "home"
    with served(home) as one, served(home) as other:
        clients = [client_of(one), client_of(other)]
        make(clients[0], "f", zipped(BY_NAME))
        found = [None, None]

        def ask(index):
            found[index] = invoke(clients[index], "f", "botocore")[0][0]

        threads = [threading.Thread(target=ask, args=(index,)) for index in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == ["installed", "installed"]
    assert installations(tmp_path) == 1


def test_the_interpreters_own_is_taken_and_told(tmp_path, wheels, monkeypatch):
    home, place = tmp_path / "home", tmp_path / "interpreter"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    packages = place / "lib" / RUNTIME / "site-packages"
    for name in ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six", "stranger"):
        (packages / name).mkdir()
        (packages / name / "__init__.py").write_text("VERSION = 'the interpreter\\'s'\n")
    (packages / "boto3-7.6.5.dist-info").mkdir()
    monkeypatch.setenv("VIRTUAL_ENV", str(place))
    with served(home) as endpoint:
        client = client_of(endpoint)
        make(client, "f", zipped(MENTIONS))
        assert invoke(client, "f")[0][0] == "the interpreter's"
        make(client, "asks", zipped(ASKS))
        assert invoke(client, "asks", ["six", "stranger"])[0] == [True, False]
    assert installations(tmp_path) == 0
    environment = dict(os.environ, LAMBDAPOOL_HOME=str(home), LAMBDAPOOL_TARGET="local")
    done = subprocess.run(
        [str(PROGRAM), "doctor", "--output", "json"], env=environment, stdout=subprocess.PIPE, check=True
    )
    told = {finding["topic"]: finding["text"] for finding in json.loads(done.stdout)["findings"]}
    assert f"{RUNTIME[6:]}: 7.6.5 in {packages}" in told["boto3"]


def test_a_function_cannot_read_what_pip_is_told(tmp_path, wheels, monkeypatch):
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "http://somebody:secret@127.0.0.1/simple")
    with served(tmp_path / "home") as endpoint:
        client = client_of(endpoint)
        make(client, "reads", zipped('def handler(event, context):\n    return open("/proc/self/environ").read()\n'))
        assert "LANG=C.UTF-8" in invoke(client, "reads")[0] and "secret" not in invoke(client, "reads")[0]
