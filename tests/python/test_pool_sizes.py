"""Arguments and results around each limit of Lambda's: of a call, and of a stream. With a bucket there is none."""

import hashlib

import data_tasks
import pytest
from lambdapool import LambdaPool

pytest.importorskip("boto3")
from local_lambda import RUNTIME, client_of
from test_pool_as_on_aws import as_aws, functions

MB = 1 << 20
BUCKET = "data-of-any-size"


@pytest.fixture(scope="module")
def endpoint(local_environment):
    with functions(local_environment["LAMBDAPOOL_HOME"], sizes=(RUNTIME, 2048)) as endpoint:
        client_of(endpoint, "s3").create_bucket(Bucket=BUCKET)
        yield endpoint


@pytest.fixture
def pool(endpoint, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    monkeypatch.setenv("LAMBDAPOOL_BUCKET", BUCKET)
    with as_aws(endpoint), LambdaPool(1, "sizes") as pool:
        yield pool
    assert client_of(endpoint, "s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


@pytest.mark.parametrize("limit", [6 * MB, 200 * MB], ids=["of a call", "of a stream"])
@pytest.mark.parametrize("beyond", [-1, 0, 1], ids=["below", "at", "beyond"])
def test_nothing_happens_at_a_limit(pool, limit, beyond):
    check_both_ways(pool, limit + beyond)


@pytest.mark.parametrize("size", [0, 1])
def test_nor_where_there_is_next_to_nothing(pool, size):
    check_both_ways(pool, size)


def check_both_ways(pool, size):
    data = data_tasks.noise(size, 1)
    told = size, hashlib.sha256(data).hexdigest()
    assert pool.apply(data_tasks.digest_of_bytes, (data,)) == told
    assert pool.apply(data_tasks.digest, (data_tasks.Block(bytearray(data)),)) == told
    assert pool.apply(data_tasks.noise, (size, 1)) == data
    assert bytes(pool.apply(data_tasks.noise_block, (size, 1)).data) == data
