"""Where a task was when it crashed or its time ran out: the error's logs have it."""

import os
import subprocess

import pytest
import stuck_tasks as tasks
from conftest import HERE, PROGRAM
from lambdapool import FunctionTimedOut, LambdaPool, WorkerDied

FILE = HERE / "deployed" / "stuck_tasks.py"


def line_of(comment):
    lines = FILE.read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if comment in line)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    environment = {"LAMBDAPOOL_TARGET": "local", "LAMBDAPOOL_HOME": str(tmp_path_factory.mktemp("home"))}
    subprocess.run(
        [str(PROGRAM), "create", "stuck", str(FILE), "--timeout", "6", "--memory", "256"],
        env=dict(os.environ, **environment),
        check=True,
        timeout=120,
    )
    return environment


@pytest.fixture
def local(deployed, monkeypatch):
    for name, value in deployed.items():
        monkeypatch.setenv(name, value)


def test_a_timeout_tells_the_line_where_it_was_in_c_code_too(local):
    with LambdaPool(workers=2, lambda_function="stuck") as pool:
        results = [pool.apply_async(tasks.waits), pool.apply_async(tasks.counts)]
        for result, function, comment in zip(results, ("waits", "counts"), ("here it waits", "here it counts")):
            with pytest.raises(FunctionTimedOut) as caught:
                result.get(120)
            assert 'stuck_tasks.py", line %d in %s' % (line_of(comment), function) in caught.value.logs


def test_a_timeout_in_a_child_that_is_replaced_after_so_many_tasks_tells_its_line(local):
    with LambdaPool(workers=1, lambda_function="stuck", maxtasksperchild=2) as pool:
        assert pool.apply(tasks.well) == "well"
        with pytest.raises(FunctionTimedOut) as caught:
            pool.apply(tasks.waits)
        assert "line %d in waits" % line_of("here it waits") in caught.value.logs


def test_a_crash_tells_the_line(local):
    with LambdaPool(workers=1, lambda_function="stuck") as pool:
        with pytest.raises(WorkerDied) as caught:
            pool.apply(tasks.crashes)
        assert "Fatal Python error: Segmentation fault" in caught.value.logs
        assert "line %d in crashes" % line_of("here it crashes") in caught.value.logs
        result = pool.apply_async(tasks.well)
        assert result.get(120) == "well" and "in well" not in result.logs
