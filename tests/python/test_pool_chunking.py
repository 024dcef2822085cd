"""The sizes of chunks, decided from what the workers say."""

import pytest
from lambdapool.chunking import AdaptiveChunks, FixedChunks


def test_starts_with_single_items():
    chunks = AdaptiveChunks(workers=10)
    assert [chunks.next_size(10_000) for _ in range(20)] == [1] * 20


def test_stays_with_single_items_that_take_long():
    chunks = AdaptiveChunks(workers=10)
    for _ in range(5):
        chunks.observe(1, 0.5, 100)
        assert chunks.next_size(10_000) == 1


def test_grows_step_by_step_to_some_tens_of_milliseconds():
    chunks = AdaptiveChunks(workers=2)
    sizes = [1]
    for _ in range(6):
        chunks.observe(sizes[-1], sizes[-1] * 1e-5, sizes[-1] * 10)
        sizes.append(chunks.next_size(10**9))
    assert sizes == [1, 8, 64, 512, 3000, 3000, 3000]


def test_leaves_something_for_every_worker():
    chunks = AdaptiveChunks(workers=4)
    chunks.observe(1000, 1e-6, 1000)
    left = 1000
    while left:
        size = chunks.next_size(left)
        assert 1 <= size <= max(1, -(-left // 8))
        left -= size


def test_large_results_make_small_chunks():
    chunks = AdaptiveChunks(workers=1)
    chunks.observe(100, 1e-6, 100 * 256 * 1024)
    assert chunks.next_size(10_000) == 2


def test_a_slow_item_counts_at_once_and_a_fast_one_little_by_little():
    chunks = AdaptiveChunks(workers=1)
    chunks.observe(100, 100 * 1e-4, 1)
    assert chunks.next_size(10**6) == 300
    chunks.observe(1, 1.0, 1)
    assert chunks.next_size(10**6) == 1
    chunks.observe(100, 100 * 1e-4, 1)
    assert chunks.next_size(10**6) == 1


@pytest.mark.parametrize("size, remaining, gives", [(5, 12, 5), (5, 3, 3), (1, 1, 1)])
def test_an_explicit_size_is_honoured(size, remaining, gives):
    chunks = FixedChunks(size)
    chunks.observe(1, 100.0, 10**9)
    assert chunks.next_size(remaining) == gives
