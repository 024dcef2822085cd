"""Results that do not fit an answer of Lambda's, without a bucket: in the stream of the answer (docs/data.md)."""

import os
import subprocess
import sys
import threading

import data_tasks
import lambdapool_tasks as tasks
import pytest
from lambdapool import LambdaExecutor, LambdaPool, PayloadTooLarge

pytest.importorskip("boto3")
from local_lambda import RUNTIME
from test_pool_as_on_aws import PROVIDED, as_aws, functions
from test_pool_stdout import Screen, show_on

MB = 1 << 20
LIMIT = 200 * MB
WAIT = 200  # seconds: none of it where all is well
pytestmark = pytest.mark.parametrize("function", ["local", "aws"])  # the local Lambda's own client; the loop on AWS


@pytest.fixture(scope="module")
def endpoint(local_environment):
    home = local_environment["LAMBDAPOOL_HOME"]
    with functions(home, local=(RUNTIME, 2048), aws=(PROVIDED, 2048)) as endpoint:
        yield endpoint


@pytest.fixture(autouse=True)
def on_aws(endpoint):
    with as_aws(endpoint):
        yield


@pytest.mark.parametrize("size", [0, 1, 6 * MB - 1, 6 * MB, 6 * MB + 1, 20 * MB])
def test_of_each_size_they_come_in_each_way(function, size):
    blob = data_tasks.make_random
    with LambdaPool(2, function) as pool:
        assert len(pool.apply(blob, (size,))) == size
        assert len(pool.apply_async(blob, (size,)).get(WAIT)) == size
        assert [len(made) for made in pool.map(blob, [size, size], chunksize=2)] == [size] * 2
        assert [len(made) for made in pool.imap(blob, [size, 3])] == [size, 3]
    with LambdaExecutor(function, 1) as executor:
        assert len(executor.submit(blob, size).result(WAIT)) == size


def test_what_arrives_is_what_was_returned(function):
    with LambdaPool(1, function) as pool:
        for seed in (1, 2):
            assert pool.apply(data_tasks.noise, (9 * MB, seed)) == data_tasks.noise(9 * MB, seed)
        texts, numbers = pool.apply(data_tasks.texts_and_numbers, (400_000,))
        assert (texts, numbers) == data_tasks.texts_and_numbers(400_000)
        with pytest.raises(ValueError) as told:
            pool.apply(data_tasks.raise_large, (7 * MB,))
        assert len(told.value.args[0]) == 7 * MB


def test_an_array_arrives_where_its_caller_may_write_to_it(function):
    with LambdaPool(1, function) as pool:
        made = pool.apply(data_tasks.make_random_block, (7 * MB,))
        view = memoryview(made.data)
        assert view.nbytes == 7 * MB and len(set(view[:MB])) == 256
        view[0] = (view[0] + 1) % 256
        assert pool.apply(tasks.square, (3,)) == 9


def test_a_named_run_keeps_them(function, tmp_path, monkeypatch):
    monkeypatch.setenv("LAMBDAPOOL_RUNS", str(tmp_path))
    with LambdaPool(1, function) as pool:
        made = pool.map(data_tasks.make_random, [7 * MB, 1], name="large")
        blocks = pool.map(data_tasks.make_random_block, [7 * MB], name="blocks")
        assert pool.map(data_tasks.make_random, [7 * MB, 1], name="large") == made
        assert bytes(pool.map(data_tasks.make_random_block, [7 * MB], name="blocks")[0].data) == bytes(blocks[0].data)


def test_what_a_task_prints_is_shown_beside_its_result(function, monkeypatch):
    screen = Screen()
    show_on(screen, monkeypatch)
    with LambdaPool(1, function, stdout=True) as pool:
        assert len(pool.apply(data_tasks.print_and_make, (7 * MB,))) == 7 * MB
    assert [line.partition(" | ")[2] for line in screen.lines] == ["it is made"]


def test_beyond_lambdas_limit_of_a_stream_the_error_is_as_clear_as_below(function):
    with LambdaPool(1, function) as pool:
        assert len(pool.apply(data_tasks.noise, (LIMIT - 4096, 1))) == LIMIT - 4096
        for size in (LIMIT - 1, LIMIT, LIMIT + 1):
            with pytest.raises(PayloadTooLarge, match="streamed response of 209715200 bytes; .*LAMBDAPOOL_BUCKET") as told:
                pool.apply(data_tasks.noise, (size, 1))
            assert LIMIT - 1 <= int(str(told.value).split(" bytes")[0].split()[-1]) < LIMIT + 1024
        assert pool.apply(tasks.square, (3,)) == 9


def test_imap_is_at_most_a_window_ahead_of_who_takes_them(function):
    """What was pulled is running, or a result in memory."""
    ahead, taken, lock = [], [0], threading.Lock()

    def sizes():
        for pulled in range(16):
            with lock:
                ahead.append(pulled - taken[0])
            yield 7 * MB

    with LambdaPool(1, function) as pool:
        for made in pool.imap(data_tasks.make_random, sizes()):
            assert len(made) == 7 * MB
            with lock:
                taken[0] += 1
    assert len(ahead) == 16 and max(ahead) < 4 and max(ahead[4:]) < 2


PEAK = """
import resource, sys
sys.path.append(sys.argv[2])
import data_tasks
from lambdapool import LambdaPool
with LambdaPool(1, sys.argv[1]) as pool:
    pool.apply(data_tasks.length, ("x",))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    made = pool.apply(getattr(data_tasks, sys.argv[3]), (150 << 20, 1))
    print(len(made), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


@pytest.mark.parametrize("task", ["noise", "noise_block"])
def test_a_client_holds_a_large_result_once(function, task):
    command = [sys.executable, "-c", PEAK, function, os.path.dirname(data_tasks.__file__), task]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT)
    assert done.returncode == 0, done.stderr
    size, grown = map(int, done.stdout.split())
    assert size == 150 * MB and grown < 1.5 * size
