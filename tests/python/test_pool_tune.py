"""pool.tune(): a sample at several sizes of memory."""

import lambdapool
import pytest
from lambdapool import LambdaPool

MODULE = """
def use(megabytes):
    block = bytearray(megabytes << 20)
    block[::4096] = b"x" * len(block[::4096])
    return len(block)


def fail(item):
    raise KeyError(item)
"""


@pytest.fixture
def module(enter, tmp_path, monkeypatch):
    enter("local")
    monkeypatch.setenv("LAMBDAPOOL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "tunable.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    return str(tmp_path / "tunable.py")


def test_sizes_of_memory_are_compared(module):
    import tunable

    with LambdaPool(2, "tunable", deploy=module, memory=320) as pool:
        tuning = pool.tune(tunable.use, [1, 150, 2], [256, 128, 512])
        assert [(row.memory, row.failure) for row in tuning.rows] == [(128, "out of memory"), (256, ""), (512, "")]
        assert {row.memory for row in (tuning.cheapest, tuning.fastest, tuning.balanced)} <= {256, 512}
        assert [row.report.to_dict()["memory_mb"] for row in tuning.rows[1:]] == [256, 512]
        assert tuning.rows[1].report.items == 3 and tuning.rows[1].cost > 0
        table = str(tuning)
        assert "128 MB    out of memory" in table and "cheapest: " in table and "no times of AWS" in table
        assert [row["memory_mb"] for row in tuning.to_dict()["rows"]] == [128, 256, 512]
        assert [function.memory for function in lambdapool.list()] == [320], "others name no version, and call that"
        with pytest.raises(ValueError, match="no size of memory has sufficed"):
            pool.tune(tunable.use, [2000], [128]).cheapest
        with pytest.raises(KeyError):
            pool.tune(tunable.fail, [1], [128])
        with pytest.raises(ValueError, match="sample is empty"):
            pool.tune(tunable.use, [])
        with pytest.raises(ValueError, match="no sizes of memory"):
            pool.tune(tunable.use, [1], [])


def test_a_pool_without_deploy_has_no_versions_to_compare(enter):
    enter("local")
    with LambdaPool(1, "algorithms") as pool, pytest.raises(ValueError, match="must have deploy="):
        pool.tune(len, ["a"])
