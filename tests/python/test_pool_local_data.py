"""What a pool on the local target stores of its tasks' data, and what goes with their calls."""

import functools
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lambdapool
import pytest
from data_tasks import Block, digest, length, of_item

KB, MB = 1 << 10, 1 << 20


def block_of(size):
    return Block(bytearray(os.urandom(size)))


def stored():
    """The sizes of what the object store of this program holds."""
    data = Path(os.environ["LAMBDAPOOL_HOME"]).glob("scratch/*/objects/data/*")
    return sorted(file.stat().st_size for file in data)


@pytest.fixture
def pool(enter):
    enter("local")
    with lambdapool.LambdaPool(2, "algorithms") as pool:
        pool.apply(length, (b"",))  # whose code is unknown before, and what is sent is then sent again
        yield pool
    assert stored() == []


def test_equal_bytes_are_one_file(pool):
    one, other = block_of(8 * MB), block_of(8 * MB)
    blocks = [one, Block(bytearray(one.data)), other]
    assert pool.map(digest, blocks, chunksize=1) == [digest(block) for block in blocks]
    assert stored() == [8 * MB, 8 * MB]
    shared = pool.share(Block(bytearray(other.data)))
    assert pool.apply(digest, (shared,)) == digest(other)
    assert stored() == [8 * MB, 8 * MB]


def test_what_many_threads_send_at_once_is_one_file(pool):
    blocks = [Block(bytearray(b"once" * (4 * MB))) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        digests = list(threads.map(lambda block: pool.apply(digest, (block,)), blocks))
    assert digests == [digest(blocks[0])] * 4
    assert stored() == [16 * MB]


def test_what_fits_is_stored_when_it_is_met_again(pool):
    single = [block_of(200 * KB) for _ in range(4)]
    assert pool.map(digest, single) == [digest(block) for block in single]
    assert stored() == []
    assert pool.map(digest, [single[0]] * 8, chunksize=1) == [digest(single[0])] * 8
    assert stored() == [200 * KB]
    in_function = functools.partial(of_item, block_of(300 * KB))
    assert pool.map(in_function, range(8), chunksize=1) == [(300 * KB, i) for i in range(8)]
    assert stored() == [200 * KB, 300 * KB]


def test_what_does_not_fit_together_is_stored_in_parts(pool):
    blocks = [block_of(900 * KB) for _ in range(12)]
    assert pool.map(digest, blocks, chunksize=12) == [digest(block) for block in blocks]
    assert 0 < len(stored()) < 12
