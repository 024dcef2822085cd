"""lambdapool watch: the edit loop."""

import os
import re
import signal
import subprocess
import sys
import threading

import pytest

pytestmark = pytest.mark.on_both_targets

CALL = "import sys, mod, lambdapool; print(lambdapool.LambdaPool(1, sys.argv[1], stale='ignore').apply(mod.f, (1,)))"


@pytest.fixture
def watch(lambdapool, clean_environment, tmp_path):
    """Starts `lambdapool watch ARGS...` in the test's directory; whatever still runs at the end is killed."""
    running = []

    def start(*arguments):
        process = subprocess.Popen(
            [lambdapool, "watch", *arguments], cwd=tmp_path, env=clean_environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        guard = threading.Timer(120, process.kill)
        guard.start()
        running.append((process, guard))
        return process

    yield start
    for process, guard in running:
        guard.cancel()
        process.kill()
        process.communicate()


@pytest.fixture
def python_call(clean_environment, tmp_path):
    """What a Python program prints that stands beside the code."""

    def call(code, *arguments):
        paths = os.pathsep.join([os.path.join(os.environ["LAMBDAPOOL_BUILD"], "python"), str(tmp_path)])
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], cwd=tmp_path, env={**clean_environment, "PYTHONPATH": paths},
            capture_output=True, text=True, timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return call


def write(path, text):
    path.parent.mkdir(exist_ok=True)
    beside = path.with_name(path.name + "~")  # as editors do it
    beside.write_text(text)
    os.replace(beside, path)


def test_each_change_is_deployed_with_a_line(watch, python_call, tmp_path):
    write(tmp_path / "mod.py", "def f(x): return x + 1\n")
    process = watch("mod.py", "--function", "edited")
    line = r"\d\d:\d\d:\d\d Deployed edited \([\d.]+ KB\) in \d+\.\d\d s\n"
    assert re.fullmatch(line, process.stdout.readline())
    assert python_call(CALL, "edited") == "2\n"
    write(tmp_path / "mod.py", "def f(x): return x + 20\n")
    assert re.fullmatch(line, process.stdout.readline())
    assert python_call(CALL, "edited") == "21\n"
    (tmp_path / "mod.py").unlink()
    assert re.fullmatch(r"\d\d:\d\d:\d\d Not deployed: .*mod\.py.*\n", process.stdout.readline())
    write(tmp_path / "mod.py", "def f(x): return x + 300\n")
    assert re.fullmatch(line, process.stdout.readline())
    assert python_call(CALL, "edited") == "301\n"
    process.send_signal(signal.SIGINT)
    assert (process.wait(120), process.stdout.read()) == (130, "")


def test_what_is_there_already_is_not_deployed_again(watch, run, tmp_path):
    write(tmp_path / "pack" / "code.py", "A = 1\n")
    assert run("create", "edited", "pack").returncode == 0
    process = watch("pack", "--function", "edited")
    assert process.stdout.readline().endswith("Function edited has this code; waiting for changes\n")
    write(tmp_path / "pack" / "more.py", "B = 1\n")
    assert "Deployed edited" in process.stdout.readline()


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["none.py", "--function", "edited"], "Error: there is no file or directory none.py.\n"),
        (["--function", "edited"], "Error: Missing argument 'PATHS'"),
        (["mod.py"], "Error: Missing option '--function'"),
        (["mod.py", "--function", "not a name"], "Error: function name 'not a name' may only"),
    ],
)
def test_what_cannot_be_watched_is_refused(watch, tmp_path, arguments, said):
    write(tmp_path / "mod.py", "A = 1\n")
    process = watch(*arguments)
    output, _ = process.communicate(timeout=120)
    assert output.startswith(said) and output.count("\n") == 1 and process.returncode in (1, 2)
