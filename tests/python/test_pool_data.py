"""Arguments and results of any size: on the local target, and on aws with moto's S3 and the local Lambda's workers."""

import functools
import hashlib
import json
import os
import subprocess
import sys
import threading

import lambdapool
import pytest
from conftest import BUILD, HERE, PROGRAM, REPOSITORY, identity
from data_tasks import (
    Block,
    count_up,
    digest,
    leftovers,
    length,
    make,
    make_bytes,
    name_and_digest,
    of_item,
    read_only,
    same_object,
)

sys.path.insert(0, str(REPOSITORY / "tests" / "cli"))

MB = 1 << 20
LIMIT = 6 * MB
BUCKET = "data-of-pools"


@pytest.fixture(scope="session")
def moto():
    pytest.importorskip("moto.server")
    from moto_server import MotoServer

    server = MotoServer()
    server.client("s3").create_bucket(Bucket=BUCKET)
    yield server
    server.close()


@pytest.fixture(scope="session")
def served_functions(local_environment):
    from local_lambda import served

    with served(local_environment["LAMBDAPOOL_HOME"]) as url:
        yield url


@pytest.fixture(scope="session")
def large_function(local_environment):
    """The function `large-data`, which has memory for what it makes."""
    arguments = ["create", "large-data", str(HERE / "deployed" / "data_tasks.py"), "--memory", "2048", "--timeout", "300"]
    made = subprocess.run(
        [str(PROGRAM), *arguments], env=dict(os.environ, **local_environment), capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr


class Place:
    """Where a pool finds its function and its bucket."""

    def __init__(self, name, between=None, s3=None):
        self.name, self.between, self.s3 = name, between, s3

    def stored(self):
        return [each["Key"] for each in self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


@pytest.fixture
def aws(moto, served_functions, monkeypatch):
    from s3_between import Between

    between = Between(moto.endpoint)
    for variable in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "LAMBDAPOOL_HOME"):
        monkeypatch.delenv(variable, raising=False)
    settings = dict(
        identity(),
        LAMBDAPOOL_TARGET="aws",
        AWS_ENDPOINT_URL_LAMBDA=served_functions,
        AWS_ENDPOINT_URL_S3=between.url,
        LAMBDAPOOL_BUCKET=BUCKET,
    )
    for variable, value in settings.items():
        monkeypatch.setenv(variable, value)
    yield Place("aws", between, moto.client("s3"))
    between.close()


@pytest.fixture(params=["local", "aws"])
def place(request):
    if request.param == "aws":
        return request.getfixturevalue("aws")
    request.getfixturevalue("enter")("local")
    return Place("local")


@pytest.fixture
def pool(place):
    with lambdapool.LambdaPool(2, "algorithms") as pool:
        yield pool
    if place.s3 is not None:
        assert place.stored() == []


def random_block(size, readonly=False):
    data = os.urandom(min(size, MB)) * (size // MB) + os.urandom(size % MB) if size > MB else os.urandom(size)
    return Block(data if readonly else bytearray(data))


@pytest.mark.parametrize("size", [0, 1, 64 * 1024, LIMIT - 1, LIMIT, LIMIT + 1, 40 * MB])
def test_arguments_of_any_size_arrive(pool, size):
    block = random_block(size)
    assert pool.apply(digest, (block,)) == digest(block)
    assert pool.map(length, [bytes(block.data)]) == [size]


@pytest.mark.parametrize("size", [0, 1, LIMIT - 1, LIMIT, LIMIT + 1, 40 * MB])
def test_results_of_any_size_come_back(pool, size):
    block = pool.apply(make, (size,))
    assert len(block) == size and bytes(block.data) == bytes(block.data[:1]) * size
    assert pool.map(make_bytes, [size, 3]) == [b"x" * size, b"xxx"]
    assert [len(each) for each in pool.imap(make_bytes, [size, 3])] == [size, 3]


def test_large_results_among_small_ones_are_each_calls_own(pool):
    sizes = [n if n % 4 else 2 * LIMIT + n for n in range(1, 13)]
    for _ in range(2):
        assert [len(made) for made in pool.map(make_bytes, sizes, chunksize=1)] == sizes


def test_a_result_can_be_written_to_as_any_other(pool):
    block = pool.apply(make, (LIMIT + 1,))
    block.data[0] = 7


def test_a_large_array_in_the_function_is_stored_once(aws):
    table = random_block(30 * MB)
    with lambdapool.LambdaPool(2, "algorithms") as pool:
        assert pool.map(functools.partial(of_item, table), range(20), chunksize=1) == [(30 * MB, i) for i in range(20)]
        assert len(aws.stored()) == 1
    assert 30 * MB <= aws.between.sent("PUT") <= 1.05 * 30 * MB
    assert aws.between.sent("GET") <= 2 * 30 * MB  # once for each of two environments
    assert aws.stored() == []


def of_client(kind, megabytes):
    """What scripts/large_data.py prints in the present environment."""
    paths = os.pathsep.join([str(BUILD / "python"), str(HERE / "deployed")])
    script = [sys.executable, str(HERE / "scripts" / "large_data.py"), kind, str(megabytes)]
    done = subprocess.run(script, env=dict(os.environ, PYTHONPATH=paths), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_thousand_tasks_over_300_mb_cost_one_transfer_and_no_memory(large_function, place):
    measured = of_client("array", 300)
    assert measured["peak"] <= 1.25 * measured["held"]
    if place.between is not None:
        assert measured["held"] <= place.between.sent("PUT") <= 1.05 * measured["held"]
        assert place.between.sent("GET") <= 4 * measured["held"]  # four environments
        assert place.stored() == []


def test_a_result_of_150_mb_costs_less_than_twice_its_memory(large_function, place):
    measured = of_client("result", 150)
    assert measured["peak"] < 2 * measured["held"]


@pytest.mark.parametrize("size", [200 * MB - 1, 200 * MB, 200 * MB + 1])
def test_nothing_happens_at_200_mb(large_function, enter, size):
    enter("local")
    with lambdapool.LambdaPool(1, "large-data") as pool:
        assert len(pool.apply(make, (size,))) == size
        assert pool.apply(length, (Block(bytearray(size)),)) == size


def test_a_large_array_in_a_closure_is_stored_once(aws):
    table = random_block(20 * MB)
    with lambdapool.LambdaPool(2, "algorithms") as pool:
        assert pool.map(lambda i: (len(table), i), range(10), chunksize=1) == [(20 * MB, i) for i in range(10)]
    assert aws.between.sent("PUT") <= 1.05 * 20 * MB


def test_the_same_array_in_each_tuple_is_stored_once(aws):
    table = random_block(20 * MB)
    with lambdapool.LambdaPool(2, "algorithms") as pool:
        assert pool.starmap(of_item, [(table, i) for i in range(10)]) == [(20 * MB, i) for i in range(10)]
    assert aws.between.sent("PUT") <= 1.05 * 20 * MB


def test_equal_bytes_are_stored_once(aws):
    one = random_block(8 * MB)
    with lambdapool.LambdaPool(2, "algorithms") as pool:
        assert pool.map(digest, [one, Block(bytearray(one.data))], chunksize=1) == [digest(one)] * 2
        assert len(aws.stored()) == 1


def test_an_array_that_changes_between_calls_arrives_as_it_is(pool):
    block = Block(bytearray(8 * MB))
    for byte in (1, 2, 3):
        block.data[:] = bytes([byte]) * (8 * MB)
        assert pool.apply(digest, (block,)) == digest(block)


def test_parts_of_one_buffer_are_told_apart(pool):
    whole = memoryview(random_block(16 * MB).data)
    parts = [Block(whole[start : start + 8 * MB]) for start in (0, 8 * MB, 0, 4 * MB)]
    assert pool.map(digest, parts, chunksize=1) == [digest(part) for part in parts]


def test_a_task_that_writes_to_its_argument_changes_no_others(pool):
    block = Block(bytearray(8 * MB))
    assert pool.map(count_up, [block] * 6, chunksize=1) == [0] * 6
    assert block.data[0] == 0


def test_what_is_read_only_here_is_so_there(pool):
    blocks = [random_block(8 * MB, readonly=True), random_block(8 * MB)]
    assert pool.apply(read_only, (blocks,)) == [True, False]


@pytest.mark.parametrize("size", [10, 100_000, 8 * MB])
def test_what_is_shared_arrives_as_the_object(pool, size):
    block = random_block(size)
    shared = pool.share({"block": block, "name": "n"})
    assert shared.get()["block"] is block
    assert pool.starmap(name_and_digest, [(shared,), (shared,)]) == [("n", digest(block))] * 2
    assert pool.map(functools.partial(name_and_digest, shared, 1), [2])[0][1] == digest(block)


def test_what_is_shared_is_made_once_in_each_worker_and_sent_once(aws):
    with lambdapool.LambdaPool(1, "algorithms") as pool:
        shared = pool.share(random_block(8 * MB))
        assert len({pool.apply(same_object, (shared, i)) for i in range(5)}) == 1
        assert pool.apply(read_only, ([shared],)) == [True]
    assert aws.between.sent("PUT") <= 1.05 * 8 * MB


def test_what_is_shared_is_as_it_was_then(pool):
    block = random_block(8 * MB)
    before = digest(block)
    shared = pool.share(block)
    block.data[0] ^= 1
    assert pool.apply(digest, (shared,)) == before
    assert pool.apply(digest, (block,)) == digest(block)


def test_initializers_and_replaced_processes_get_large_arguments_too(place):
    block = random_block(8 * MB)
    with lambdapool.LambdaPool(1, "algorithms", initializer=len, initargs=("",), maxtasksperchild=1) as pool:
        assert pool.map(functools.partial(of_item, block), range(3), chunksize=1) == [(8 * MB, i) for i in range(3)]
        assert len(pool.apply(make, (8 * MB,))) == 8 * MB


def test_executors_too(place):
    block = random_block(8 * MB)
    with lambdapool.LambdaExecutor(lambda_function="algorithms", max_workers=2) as executor:
        assert executor.submit(digest, block).result() == digest(block)
        assert [len(each) for each in executor.map(make, [8 * MB, 1])] == [8 * MB, 1]


def test_without_a_bucket_the_error_says_what_to_set_and_how_large_it_was(aws, monkeypatch):
    """Of arguments. Results are streamed: test_pool_large_results.py."""
    monkeypatch.delenv("LAMBDAPOOL_BUCKET")
    with lambdapool.LambdaPool(1, "algorithms") as pool:
        with pytest.raises(lambdapool.PayloadTooLarge) as told:
            pool.apply(digest, (random_block(20 * MB),))
        assert "LAMBDAPOOL_BUCKET" in str(told.value)
        assert int(str(told.value).split(" bytes")[0].split()[-1]) > 20 * MB


def test_the_bucket_can_be_named_in_the_project_file(aws, monkeypatch, tmp_path):
    monkeypatch.delenv("LAMBDAPOOL_BUCKET")
    (tmp_path / "lambdapool.toml").write_text('[functions.algorithms]\nbucket = "%s"\n' % BUCKET)
    monkeypatch.chdir(tmp_path)
    block = random_block(8 * MB)
    with lambdapool.LambdaPool(1, "algorithms") as pool:
        assert pool.apply(digest, (block,)) == digest(block)


FAULTS = {
    "an upload that is cut": (lambda method, path: "cut" if method == "PUT" else None, "data-of-pools"),
    "a bucket that is closed": (
        lambda method, path: (403, "AccessDenied") if method == "PUT" else None,
        "AccessDenied",
    ),
    "no such bucket": (lambda method, path: (404, "NoSuchBucket") if method == "PUT" else None, "NoSuchBucket"),
    "a bucket elsewhere": (
        lambda method, path: (301, "PermanentRedirect") if method == "PUT" else None,
        "PermanentRedirect",
    ),
    "an object that is gone": (lambda method, path: (404, "NoSuchKey") if method == "GET" else None, "NoSuchKey"),
    "a URL that has expired": (lambda method, path: (403, "AccessDenied") if method == "GET" else None, "AccessDenied"),
    "other bytes": (lambda method, path: "spoil" if method == "GET" else None, "SHA-256"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_arguments_that_cannot_be_had_are_an_error_with_its_cause(aws, fault):
    harm, word = FAULTS[fault]
    with lambdapool.LambdaPool(1, "algorithms") as pool:
        aws.between.harm = harm
        with pytest.raises(lambdapool.BlobError) as told:
            pool.apply(digest, (random_block(5 * MB),))
        assert word in str(told.value)
        aws.between.harm = lambda method, path: None
        assert pool.apply(length, ("abc",)) == 3
        block = random_block(5 * MB)
        assert pool.apply(digest, (block,)) == digest(block)
    assert aws.stored() == []


@pytest.mark.parametrize(
    "fault", ["an upload that is cut", "a bucket that is closed", "an object that is gone", "other bytes"]
)
def test_results_that_cannot_be_had_are_an_error_with_its_cause(aws, fault):
    harm, word = FAULTS[fault]
    with lambdapool.LambdaPool(1, "algorithms") as pool:
        aws.between.harm = harm
        with pytest.raises(lambdapool.BlobError) as told:
            pool.apply(make, (8 * MB,))
        assert "has run" in str(told.value)
        aws.between.harm = lambda method, path: None
        assert len(pool.apply(make, (8 * MB,))) == 8 * MB
    assert aws.stored() == []


@pytest.fixture(scope="session")
def cpp_program(local_environment):
    """The path of a program that is the function `cpp-data`, too."""
    program = str(BUILD / "tests" / "cpp_program")
    made = subprocess.run(
        [str(PROGRAM), "create", "cpp-data", program, "--timeout", "60", "--memory", "512"],
        env=dict(os.environ, **local_environment),
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    return program


CPP_KINDS = {
    ("argument", "an upload that is cut"): "network",
    ("argument", "a bucket that is closed"): "access_denied",
    ("argument", "no such bucket"): "not_found",
    ("argument", "a bucket elsewhere"): "service",
    ("argument", "an object that is gone"): "function_error",
    ("argument", "a URL that has expired"): "function_error",
    ("argument", "other bytes"): "function_error",
    ("result", "an upload that is cut"): "payload_too_large",
    ("result", "a bucket that is closed"): "payload_too_large",
    ("result", "an object that is gone"): "not_found",
    ("result", "other bytes"): "protocol",
}


@pytest.mark.parametrize("of, fault", CPP_KINDS)
def test_in_cpp_too_data_that_cannot_be_had_is_an_error_with_its_cause(aws, cpp_program, of, fault):
    aws.between.harm, word = FAULTS[fault]
    finished = subprocess.run([cpp_program, "data-fault", "cpp-data", of], capture_output=True, text=True, timeout=120)
    _, told, end = finished.stdout.splitlines()
    assert told.startswith(CPP_KINDS[of, fault] + ": ") and end == "ok"
    assert (word if of == "argument" else "has run") in told
    assert aws.stored() == []


def test_a_moment_of_failure_is_got_over(aws):
    failing = {"PUT", "GET"}

    def once(method, path):
        if method in failing:
            failing.discard(method)
            return 503, "SlowDown"
        return None

    aws.between.harm = once
    block = random_block(8 * MB)
    with lambdapool.LambdaPool(1, "algorithms") as pool:
        assert pool.apply(digest, (block,)) == digest(block)
    assert failing == set()


def test_nothing_is_left_where_the_pool_is_terminated_but_results_that_come_later(aws):
    under_way, go_on = threading.Event(), threading.Event()

    def hold(method, path):
        if method == "PUT" and "/result-" in path:
            under_way.set()
            go_on.wait(300)

    aws.between.harm = hold
    pool = lambdapool.LambdaPool(2, "algorithms")
    pool.apply_async(make, (8 * MB,))
    pool.map_async(functools.partial(of_item, random_block(8 * MB)), range(100), chunksize=1)
    assert under_way.wait(300)
    pool.terminate()
    assert aws.stored() == []
    go_on.set()
    while not aws.stored():
        pass  # the worker goes on
    (left,) = aws.stored()
    assert left.startswith("lambdapool-data/")
    aws.s3.delete_object(Bucket=BUCKET, Key=left)


def test_data_in_a_worker_makes_room_for_other_data(aws):
    with lambdapool.LambdaPool(1, "algorithms") as pool:
        block = random_block(5 * MB)
        assert pool.apply(digest, (block,)) == digest(block)
        assert hashlib.sha256(block.data).hexdigest() in pool.apply(leftovers, (0,))
