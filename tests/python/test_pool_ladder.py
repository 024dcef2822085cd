"""memory=[...] with deploy: what runs out of memory is run again with more, and nothing else is."""

import lambdapool
import pytest
from lambdapool import LambdaExecutor, LambdaPool, OutOfMemory

MODULE = """
import os
import socket


def hungry(item):
    number, megabytes, port = item
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"%d" % number)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)
    block = bytearray(megabytes << 20)
    block[:: 4096] = b"x" * len(block[:: 4096])
    return number, int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"])
"""


@pytest.fixture(autouse=True)
def here(enter, tmp_path, monkeypatch):
    enter("local")
    monkeypatch.setenv("LAMBDAPOOL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "hungry.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    return {"lambda_function": "hungry", "deploy": str(tmp_path / "hungry.py")}


def test_of_many_items_only_those_that_need_more_memory_are_run_again(here, ear):
    import hungry

    needy = {3, 77, 150, 233, 310, 402, 499}
    with LambdaPool(4, memory=[128, 384], **here) as pool:
        items = [(number, 250 if number in needy else 1, ear.port) for number in range(500)]
        result = pool.map_async(hungry.hungry, items)
        assert result.get(300) == [(number, 384 if number in needy else 128) for number in range(500)]
        assert result.report.retries["out_of_memory"] == 7
        assert result.report.items == 500
    assert sorted(map(int, ear.heard)) == sorted([*range(500), *needy])


def test_what_runs_out_with_the_most_has_failed(here, ear):
    import hungry

    with LambdaExecutor(max_workers=1, memory=[128, 192, 256], **here) as executor:
        assert executor.submit(hungry.hungry, (0, 1, ear.port)).result(60) == (0, 128)
        assert executor.submit(hungry.hungry, (1, 150, ear.port)).result(60) == (1, 192)
        with pytest.raises(OutOfMemory):
            executor.submit(hungry.hungry, (2, 1000, ear.port)).result(60)
    assert ear.heard.count("2") == 3


def test_others_call_the_version_with_the_least(here):
    with LambdaPool(1, memory=[128, 256], **here):
        pass
    [function] = lambdapool.list()
    assert function.memory == 128


def test_the_project_file_has_a_ladder_too(here, ear, tmp_path, monkeypatch):
    pytest.importorskip("tomllib")
    import hungry

    settings = "[functions.hungry]\npaths = ['hungry.py']\nmemory = %s\n"
    (tmp_path / "lambdapool.toml").write_text(settings % "[128, 320]")
    monkeypatch.chdir(tmp_path)
    with LambdaPool(1, "hungry", deploy=True) as pool:
        assert pool.map(hungry.hungry, [(0, 1, ear.port), (1, 200, ear.port)]) == [(0, 128), (1, 320)]
    with LambdaPool(1, "hungry", deploy=True, memory=256) as pool:
        assert pool.apply(hungry.hungry, ((2, 1, ear.port),)) == (2, 256)
    (tmp_path / "lambdapool.toml").write_text(settings % "[320, 128]")
    with pytest.raises(ValueError, match="memory must be"):
        LambdaPool(1, "hungry", deploy=True)


@pytest.mark.parametrize("memory", [[], [512, 512], [1024, 512], [128, "256"]])
def test_a_ladder_goes_up(here, memory):
    with pytest.raises((ValueError, TypeError), match="memory must be"):
        LambdaPool(1, memory=memory, **here)
    del here["deploy"]
    with pytest.raises(ValueError, match="goes with deploy="):
        LambdaPool(1, memory=[128, 256], **here)
