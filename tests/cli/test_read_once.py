"""Requirements from a pipe, as `-r <(pip freeze)` gives them: they are read once, and kept for as long as that takes."""

import os
import signal
import subprocess

import pytest
from test_run import wheel_in

pytestmark = pytest.mark.on_both_targets

SCRIPT = """\
from lambdapool import LambdaPool
def f(x):
    import things
    return x * things.k
with LambdaPool(1, "one") as one, LambdaPool(1, "two") as two: print(one.apply(f, (2,)), two.apply(f, (2,)))
"""


@pytest.fixture
def bash(lambdapool, clean_environment, tmp_path):
    wheel_in(tmp_path)
    (tmp_path / "m.py").write_text("k = 1\n")

    def bash(line):
        return subprocess.run(
            ["bash", "-c", line.replace("lambdapool", str(lambdapool)).replace("PIPE", "<(echo ./%s)" % WHEEL)],
            cwd=tmp_path,
            env=clean_environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return bash


WHEEL = "things-1-py3-none-any.whl"


@pytest.mark.parametrize(
    "line",
    [
        "lambdapool create f m.py -r PIPE && lambdapool update f m.py -r PIPE",
        "lambdapool create f m.py && lambdapool update f m.py -r PIPE",
    ],
)
def test_requirements_can_come_from_a_pipe(bash, line):
    done = bash(line)
    assert (done.returncode, done.stderr) == (0, "")
    assert "things" in done.stdout


@pytest.mark.on_lambda_alone("layers")
def test_a_layer_s_requirements_can_too(bash):
    test_requirements_can_come_from_a_pipe(bash, "lambdapool layer publish things -r PIPE")


def test_a_script_of_several_functions_reads_them_once(bash, tmp_path):
    (tmp_path / "s.py").write_text(SCRIPT)
    done = bash("lambdapool run -r PIPE s.py")
    assert done.returncode == 0 and done.stdout == "42 42\n", done.stderr


def test_who_reads_again_and_again_refuses_them(bash, run, tmp_path):
    done = bash("lambdapool watch --function f m.py -r PIPE")
    assert done.returncode == 1 and "can be read but once" in done.stderr
    done = run("create", "f", "m.py", "-r", tmp_path)
    assert f"requirements file '{tmp_path}' is not a file" in done.stderr


def test_a_named_pipe_is_no_file_of_requirements(bash, run, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    assert run("create", "f", "m.py").returncode == 0
    (tmp_path / "s.py").write_text(SCRIPT)
    for line in ("create g m.py -r fifo", "update f m.py -r fifo"):
        done = bash("lambdapool " + line)
        assert done.returncode == 1 and done.stderr.endswith("requirements file 'fifo' is not a file.\n"), (line, done)
    done = bash("lambdapool run -r fifo s.py")
    assert done.returncode == 1 and "requirements must be a file" in done.stderr, done


@pytest.mark.on_lambda_alone("layers, roles and tune are Lambda's")
def test_nor_anything_else_that_is_read(bash, run, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    assert run("create", "f", "m.py").returncode == 0
    for line, told in (
        ("layer publish l m.py -r fifo", "requirements file 'fifo' is not a file."),
        ("layer publish l fifo", "fifo is neither a file nor a directory"),
        ("create g fifo", "fifo is neither a file nor a directory"),
        ("tune f --payload fifo", "there is no file fifo that can be read"),
        ("replay fifo", "there is no file fifo that can be read"),
        ("stats f", "the prices in fifo (LAMBDAPOOL_PRICES) cannot be read"),
    ):
        done = bash("LAMBDAPOOL_PRICES=fifo lambdapool " + line)
        assert done.returncode == 1 and told in done.stderr and done.stderr.count("\n") == 1, (line, done)


@pytest.mark.parametrize("verb", ["create", "update"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_wait_for_a_pipe(lambdapool, clean_environment, run, tmp_path, verb, number):
    (tmp_path / "m.py").write_text("k = 1\n")
    assert run("create", "there", "m.py").returncode == 0
    reads, writes = os.pipe()
    command = [str(lambdapool), verb, "there" if verb == "update" else "f", "m.py", "-r", "/dev/fd/%d" % reads]
    with subprocess.Popen(
        command, cwd=tmp_path, env=clean_environment, pass_fds=[reads], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        os.close(reads)
        with open(writes, "wb", buffering=0) as pipe:
            left = b"#" * (1 << 20)  # more than a pipe holds: written once it is read
            while left:
                left = left[pipe.write(left) :]
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, b"Error: interrupted: nothing was changed.\n"), out
