"""keep_failed: what was sent for a task that failed, and `lambdapool replay`, which runs it here."""

import os
import shutil
import subprocess
import sys

import lambdapool_tasks as tasks
import pytest
from conftest import PATHS, PROGRAM
from flaky_tasks import Flaky
from lambdapool import LambdaExecutor, LambdaPool, WorkerDied


@pytest.fixture(autouse=True)
def local(enter):
    enter("local")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "failed"


@pytest.fixture
def pool():
    with LambdaPool(2, "algorithms") as pool:
        yield pool


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def replay(file, *options, typed="", path=PATHS):
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(path), VIRTUAL_ENV=sys.prefix)
    command = [str(PROGRAM), "replay", str(file), *options]
    done = subprocess.run(command, env=environment, input=typed, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def test_an_item_that_failed_is_run_again_here(pool, folder):
    with pytest.raises(ValueError):
        pool.map(tasks.fails_on_three, range(10), chunksize=5, keep_failed=folder)
    assert names(folder) == ["algorithms-3-ValueError.task"]
    code, out, err = replay(folder / "algorithms-3-ValueError.task")
    assert code == 1 and out == ""
    assert "item 3 of function algorithms, which failed with ValueError: three" in err
    assert 'raise ValueError("three")' in err


def test_code_by_value_is_that_of_the_file(pool, folder):
    factor = 7

    def scaled(x, y):
        return x * y * factor if x < 2 else 1 // 0

    with pytest.raises(ZeroDivisionError):
        pool.starmap(scaled, [(1, 2), (3, 4)], keep_failed=str(folder))
    [name] = names(folder)
    code, _, err = replay(folder / name)
    assert code == 1 and "in scaled" in err and "ZeroDivisionError" in err


def test_a_worker_s_death_keeps_the_item_that_was_running(pool, folder):
    with pytest.raises(WorkerDied):
        pool.map(tasks.exit_at_six, range(8), chunksize=4, keep_failed=folder)
    assert names(folder) == ["algorithms-6-WorkerDied.task"]
    assert replay(folder / "algorithms-6-WorkerDied.task")[0] == 3


def test_single_tasks_are_kept_by_their_pool(folder):
    with LambdaExecutor("algorithms", 1, keep_failed=folder) as executor:
        for _ in range(2):
            with pytest.raises(ValueError):
                executor.submit(tasks.raises, ValueError, "why").result(60)
        executor.submit(tasks.square, 3).result(60)
    assert names(folder) == ["algorithms-task-ValueError-2.task", "algorithms-task-ValueError.task"]
    told = replay(folder / "algorithms-task-ValueError.task")[2]
    assert "lambdapool: a task of function algorithms, which failed with ValueError: why" in told


def test_data_that_travels_apart_is_in_the_file(pool, folder):
    data = bytearray(b"x" * 3_000_000)
    with pytest.raises(TypeError):
        pool.map(len, [memoryview(data).nbytes, data], keep_failed=folder)
    assert names(folder) == ["algorithms-0-TypeError.task"]
    with pytest.raises(ValueError):
        pool.map(tasks.raise_value_error, [data], keep_failed=folder)
    assert (folder / "algorithms-0-ValueError.task").stat().st_size > 3_000_000
    assert "no bytearray" in replay(folder / "algorithms-0-ValueError.task")[2]


def test_what_is_shared_is_in_the_file(pool, folder):
    shared = pool.share({"rows": bytearray(b"y" * 200_000), "name": "of all"})
    with pytest.raises(ValueError):
        pool.map(tasks.raise_value_error, [shared], keep_failed=folder)
    assert (folder / "algorithms-0-ValueError.task").stat().st_size > 200_000
    assert "ValueError: no {'rows'" in replay(folder / "algorithms-0-ValueError.task")[2]


def test_with_the_deployed_code_what_is_here_does_not_matter(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("LAMBDAPOOL_HOME", str(tmp_path / "home"))
    module = tmp_path / "priced.py"
    module.write_text("def price(n):\n    raise LookupError('as it was deployed, %d' % n)\n")
    made = [str(PROGRAM), "create", "priced", str(module)]
    assert subprocess.run(made, capture_output=True, timeout=120).returncode == 0
    monkeypatch.syspath_prepend(str(tmp_path))
    import priced

    with LambdaPool(1, "priced") as pool, pytest.raises(LookupError):
        pool.map(priced.price, [7], keep_failed=folder)
    file = folder / "priced-0-LookupError.task"
    module.write_text("def price(n):\n    return n\n")
    here = replay(file)
    assert here[:2] == (0, "7\n") and "priced.py has been edited since" in here[2]
    there = replay(file, "--deployed")
    assert there[0] == 1 and "LookupError: as it was deployed, 7" in there[2] and "edited" not in there[2]
    monkeypatch.setenv("LAMBDAPOOL_HOME", str(tmp_path / "nothing"))
    assert "function priced does not exist" in replay(file, "--deployed")[2]


def test_the_deployed_code_has_its_layers(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("LAMBDAPOOL_HOME", str(tmp_path / "home"))
    for name, text in (("rates", "RATE = 1\nOF = 'first'\n"), ("names", "NAME = 'of a layer'\n")):
        (tmp_path / (name + ".py")).write_text(text)
        made = [str(PROGRAM), "layer", "publish", name, str(tmp_path / (name + ".py"))]
        assert subprocess.run(made, capture_output=True, timeout=120).returncode == 0
        (tmp_path / (name + ".py")).unlink()
    module = tmp_path / "billed.py"
    module.write_text(
        "def bill(n):\n    import names, rates\n    raise LookupError('%s, %d' % (names.NAME, n * rates.RATE))\n"
    )
    made = [str(PROGRAM), "create", "billed", str(module), "--layers", "rates,names"]
    assert subprocess.run(made, capture_output=True, timeout=120).returncode == 0
    monkeypatch.syspath_prepend(str(tmp_path))
    import billed

    with LambdaPool(1, "billed") as pool, pytest.raises(LookupError):
        pool.map(billed.bill, [7], keep_failed=folder)
    file = folder / "billed-0-LookupError.task"
    assert "LookupError: of a layer, 7" in replay(file, "--deployed")[2]
    assert "No module named 'names'" in replay(file)[2]


@pytest.mark.skipif(shutil.which("gdb") is None, reason="without gdb")
def test_gdb_shows_where_the_interpreter_crashed(pool, folder):
    def crash(item):
        import os
        import signal

        os.kill(os.getpid(), signal.SIGSEGV)

    with pytest.raises(WorkerDied):
        pool.map(crash, [1], keep_failed=folder)
    typed = "set pagination off\nset debuginfod enabled off\nrun\nbt 5\nkill\nquit\n"
    _, out, err = replay(folder / "algorithms-0-WorkerDied.task", "--gdb", typed=typed)
    assert "received signal SIGSEGV" in out and "#0 " in out, out + err


def test_a_python_without_lambdapool_is_told(folder, tmp_path):
    folder.mkdir()
    (folder / "x.task").write_text('{"language": "python", "format": 1}\n')
    environment = {"PATH": os.environ["PATH"], "VIRTUAL_ENV": str(tmp_path)}
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3").symlink_to(os.path.realpath(sys.executable))
    command = [str(PROGRAM), "replay", str(folder / "x.task")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "has no package lambdapool: activate the virtual environment that has it" in done.stderr


def test_pdb_stops_where_the_function_begins_and_where_it_fails(pool, folder):
    with pytest.raises(ValueError):
        pool.map(tasks.fails_on_three, [3], keep_failed=folder)
    code, out, _ = replay(folder / "algorithms-0-ValueError.task", "--pdb", typed="p x + 100\nc\np x + 200\nq\n")
    assert code == 1 and "103" in out and "203" in out


def test_what_is_tried_again_is_kept_only_at_its_end(pool, folder, tmp_path):
    with pytest.raises(ConnectionRefusedError):  # nobody counts there
        pool.map(Flaky(1, {1}), [1], retry_on=ConnectionRefusedError, backoff=0.01, keep_failed=folder)
    assert names(folder) == ["algorithms-0-ConnectionRefusedError.task"]


def test_nothing_is_kept_of_what_never_ran(folder):
    from lambdapool import FunctionNotFound

    with LambdaPool(1, "no-such-function") as pool, pytest.raises(FunctionNotFound):
        pool.map(tasks.square, range(3), keep_failed=folder)
    assert names(folder) == []


def test_a_folder_that_cannot_be_written_is_told_once_and_harms_nothing(pool, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.warns(RuntimeWarning, match="cannot be kept in"), pytest.raises(ValueError, match="three"):
        pool.map(tasks.fails_on_three, range(5), keep_failed=file)
    with pytest.raises(TypeError, match="keep_failed must be the path"):
        pool.map(tasks.square, [1], keep_failed=3)


def test_a_file_that_is_none_is_told(tmp_path):
    file = tmp_path / "other.task"
    assert "there is no file" in replay(file)[2]
    for content in (b"", b"hello", b'{"language": 1}\n', b'{"language": "python", "format": 1, "bytes": [9, 9]}\n'):
        file.write_bytes(content)
        code, _, err = replay(file)
        assert code != 0 and ("no task that keep_failed" in err or "ends before" in err or "not in" in err), err


def test_what_could_not_be_sent_is_not_kept(pool, folder):
    import threading

    with pytest.raises(TypeError, match="cannot pickle"):
        pool.map(tasks.square, [1, threading.Lock()], chunksize=1, keep_failed=folder)
    assert names(folder) == []
