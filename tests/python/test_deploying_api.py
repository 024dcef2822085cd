"""lambdapool.create, update, delete and list, on a local Lambda of each test's own."""

import datetime
import os
import signal
import subprocess
import sys
import textwrap
import threading

import lambdapool
import pytest


@pytest.fixture(autouse=True)
def local(monkeypatch):
    for name in [name for name in os.environ if name.startswith(("AWS_", "LAMBDAPOOL_"))]:
        monkeypatch.delenv(name)
    with lambdapool.local() as service:
        yield service


@pytest.fixture
def module(tmp_path, monkeypatch):
    """The path of a module that is deployed; `edited` changes it, here and on disk."""
    path = tmp_path / "doubling.py"
    path.write_text("def double(x):\n    return 2 * x\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield path
    sys.modules.pop("doubling", None)


def test_a_function_is_made_called_changed_listed_and_removed(module):
    made = lambdapool.create("doubling", module, memory=256, timeout=7, env={"AA": "1"}, description="doubles")
    assert (made.name, made.memory, made.timeout, made.description) == ("doubling", 256, 7, "doubles")
    assert made.runtime == "python%d.%d" % sys.version_info[:2]
    assert made.lambdapool_version == lambdapool.__version__
    assert abs(datetime.datetime.now(datetime.timezone.utc) - made.last_modified) < datetime.timedelta(hours=1)

    import doubling

    with lambdapool.LambdaPool(2, "doubling") as pool:
        assert pool.map(doubling.double, [1, 2, 3]) == [2, 4, 6]
        changed = lambdapool.update("doubling", timeout=9)
        assert (changed.timeout, changed.code_sha256) == (9, made.code_sha256)
        (listed,) = lambdapool.list()
        assert (listed.name, listed.timeout, listed.arn) == ("doubling", 9, made.arn)
        lambdapool.delete("doubling")
        assert lambdapool.list() == []


def test_new_code_is_what_runs_then(module):
    made = lambdapool.create("f", [module])
    module.write_text("def double(x):\n    return x + x + 0\n")
    changed = lambdapool.update("f", [module])
    assert changed.code_sha256 != made.code_sha256
    assert lambdapool.update("f", [module]) == changed


def test_each_step_is_told(module):
    events = []
    lambdapool.create("f", module, progress=events.append)
    kinds = [event.kind for event in events if event.kind != "waiting"]  # a busy machine makes one wait
    assert kinds == ["begun", "copying", "copying_path", "copied", "uploading", "uploaded"]
    assert (events[2].kind, events[2].text) == ("copying_path", "doubling.py")
    assert str(events[2]) == "Copying doubling.py"
    events.clear()
    lambdapool.update("f", [module], memory=512, progress=events.append)
    assert "unchanged_code" in [event.kind for event in events]
    assert "Changing memory from 128 to 512 MB" in map(str, events)


@pytest.mark.parametrize("kind", ["begun", "copying_path", "uploading", "uploaded"])
def test_what_the_listener_raises_ends_it_and_leaves_nothing(module, kind):
    def listen(event):
        if event.kind == kind:
            raise KeyError(kind)

    with pytest.raises(KeyError, match=kind):
        lambdapool.create("f", module, progress=listen)
    assert [function.name for function in lambdapool.list()] == (["f"] if kind == "uploaded" else [])


@pytest.mark.parametrize(
    "error, words, call",
    [
        (lambdapool.FunctionNotFound, "function nobody does not exist", lambda m: lambdapool.delete("nobody")),
        (lambdapool.FunctionNotFound, "function nobody does not exist", lambda m: lambdapool.update("nobody", memory=128)),
        (lambdapool.ServiceError, "already exists", lambda m: lambdapool.create("there", m)),
        (ValueError, "memory must be between", lambda m: lambdapool.create("f", m, memory=1)),
        (ValueError, "does not exist", lambda m: lambdapool.create("f", "no/such/path")),
        (ValueError, "may only have letters", lambda m: lambdapool.create("a b", m)),
        (ValueError, "there is no target 'mars'", lambda m: lambdapool.list(target="mars")),
        (ValueError, "nothing to update", lambda m: lambdapool.update("there")),
        (ValueError, "'none'", lambda m: lambdapool.update("there", concurrency="all")),
        (TypeError, "memory must be an int, not str", lambda m: lambdapool.create("f", m, memory="128")),
        (TypeError, "memory must be an int, not bool", lambda m: lambdapool.create("f", m, memory=True)),
        (TypeError, "name must be a str", lambda m: lambdapool.create(1, m)),
        (TypeError, "layers must be several", lambda m: lambdapool.create("f", m, layers="numpy")),
        (TypeError, "each value in env must be a str", lambda m: lambdapool.create("f", m, env={"AA": 1})),
        (ValueError, "far too large", lambda m: lambdapool.create("f", m, memory=10**12)),
    ],
)  # fmt: skip
def test_what_is_wrong_is_raised_by_its_class(module, error, words, call):
    lambdapool.create("there", module)
    with pytest.raises(error, match=words) as raised:
        call(module)
    assert type(raised.value) is error
    assert [function.name for function in lambdapool.list()] == ["there"]


def test_what_is_there_may_be_left(module):
    made = lambdapool.create("f", module, memory=256)
    assert lambdapool.create("f", module, memory=512, exists_ok=True) == made


def test_other_threads_run_meanwhile(module):
    ran = threading.Event()
    thread = threading.Thread(target=ran.set)

    def listen(event):
        if event.kind == "begun":
            thread.start()
        if event.kind == "copied":
            assert ran.wait(60)

    lambdapool.create("f", module, progress=listen)
    thread.join()


def test_ctrl_c_ends_a_deployment_and_leaves_nothing(module):
    program = textwrap.dedent(
        """
        import os, signal, sys, lambdapool
        def listen(event):
            if event.kind == "uploading":
                os.kill(os.getpid(), signal.SIGINT)
        try:
            lambdapool.create("f", sys.argv[1], progress=listen)
        except KeyboardInterrupt:
            print("interrupted", [function.name for function in lambdapool.list()])
        """
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program, str(module)], env=environment, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, "interrupted []\n"), done.stderr


def test_a_star_import_leaves_pythons_own_names(module):
    names = {}
    exec("from lambdapool import *", names)
    assert "create" in names and "list" not in names
    assert callable(lambdapool.list) and "list" in dir(lambdapool)


def test_the_signals_of_this_process_are_its_own(module):
    before = signal.getsignal(signal.SIGINT)
    lambdapool.create("f", module)
    assert signal.getsignal(signal.SIGINT) is before
