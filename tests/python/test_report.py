"""What a map, or a whole pool, took and cost is known once it is done."""

import json
import re
import subprocess

import lambdapool_tasks as tasks
import pytest
from conftest import PROGRAM
from lambdapool import LambdaExecutor, LambdaPool, LocalError, WorkerDied

REPORT = re.compile(r"REPORT RequestId.*?\tBilled Duration: ([\d.]+) ms\tMemory Size: (\d+) MB")


@pytest.fixture
def local(enter):
    enter("local")


@pytest.fixture
def pool(local):
    with LambdaPool(workers=2, lambda_function="algorithms") as pool:
        yield pool


def test_a_warm_pool_s_map_costs_its_report_lines_to_a_thousandth_of_a_cent(pool):
    pool.map(tasks.square, range(10))
    result = pool.map_async(tasks.square, range(10_000), chunksize=1)
    result.get(120)
    lines = REPORT.findall(result.logs)
    calls = result.report.calls
    assert len(lines) == calls <= 10_000 == result.report.items
    figures = result.report.to_dict()
    gb_seconds = sum(float(ms) / 1000 * int(mb) / 1024 for ms, mb in lines)
    assert figures["gb_seconds"] == pytest.approx(gb_seconds)
    price = {"x86_64": 1.66667e-5, "arm64": 1.33334e-5}[figures["prices"]["architecture"]]
    assert result.report.cost == pytest.approx(calls * 2e-7 + gb_seconds * price, abs=1e-5)


def test_prices_are_those_of_what_the_function_runs_on(local_or_endpoint, monkeypatch, tmp_path):
    def pretend(architecture):  # from this task's outcome on
        from lambdapool_agent import envelope

        envelope._RAW_HEAD = envelope._RAW_HEAD.replace(envelope.ARCHITECTURE, architecture)
        envelope.ARCHITECTURE = architecture

    monkeypatch.setenv("LAMBDAPOOL_RUNS", str(tmp_path / "runs"))
    costs = {}
    with LambdaPool(workers=1, lambda_function="algorithms") as pool:
        pool.map(pretend, ["x86_64"])  # a first call may only say which code the worker has
        for architecture in ("arm64", "x86_64", "s390x"):
            pool.map(pretend, [architecture], name=architecture)
            figures = pool.report().to_dict()
            costs[architecture] = (figures["cost_usd"] - figures["calls"] * 2e-7) / figures["gb_seconds"]
            told = figures["prices"]["architecture"]
            assert told == architecture or architecture == "s390x" and told == "x86_64", "it has no price"
            run = show_run(architecture)
            assert run["cost_usd"] == pytest.approx(run["calls"] * 2e-7 + run["gb_seconds"] * costs[architecture])
    assert costs["arm64"] == pytest.approx(1.33334e-5)
    assert costs["x86_64"] == pytest.approx(1.66667e-5) and costs["s390x"] == pytest.approx(1.66667e-5)


def show_run(name):
    done = subprocess.run([PROGRAM, "runs", "show", name, "--output", "json"], check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def test_a_map_s_report_is_of_its_calls_alone(pool):
    first = pool.map_async(tasks.square, range(10), chunksize=1)
    first.get(60)
    second = pool.map_async(tasks.square, range(30), chunksize=10)
    second.get(60)
    assert (first.report.items, second.report.items, second.report.calls) == (10, 30, 3)
    assert pool.report().items == 40
    assert second.report.task_ms["count"] == 30
    assert {slow["count"] for slow in second.report.slowest} == {10}
    assert pool.map_async(tasks.square, []).report.calls == 0


def test_an_executor_s_map_has_a_report_and_can_be_closed(local):
    with LambdaExecutor("algorithms", 2) as executor:
        results = executor.map(tasks.square, range(20), chunksize=5)
        assert list(results) == [x * x for x in range(20)]
        assert results.report.items == 20 and results.report.calls >= 4
        results = executor.map(tasks.square, range(20), buffersize=2)
        assert next(results) == 0
        results.close()
        with pytest.raises(StopIteration):
            next(results)


def test_a_lazy_map_has_a_report_too(pool):
    results = pool.imap(tasks.square, iter(range(20)), chunksize=2)
    assert list(results) == [n * n for n in range(20)]
    assert results.report.items == 20


def test_a_single_task_has_its_own_report(local):
    with LambdaPool(2, "algorithms") as pool:
        results = [pool.apply_async(tasks.square, (n,)) for n in range(3)]
        [result.get(60) for result in results]
        assert [result.report.items for result in results] == [1, 1, 1]
        assert sum(result.report.cost for result in results) == pytest.approx(pool.report().cost)
    with LambdaExecutor("algorithms", 1) as executor:
        future = executor.submit(tasks.square, 3)
        assert future.result(60) == 9 and future.report.items == 1 and future.report.cost > 0
        unsendable = executor.submit(tasks.square, open)
        assert unsendable.exception(60) is not None and unsendable.report.cost >= 0


def test_an_executor_has_a_report(local):
    with LambdaExecutor("algorithms", max_workers=2) as executor:
        list(executor.map(tasks.square, range(10)))
        assert executor.submit(tasks.square, 3).result(60) == 9
        assert executor.report().items == 11


def test_calls_that_the_platform_failed_are_counted_by_kind(pool):
    with pytest.raises(WorkerDied):
        pool.apply(tasks.exit_hard, (3,))
    report = pool.report()
    assert report.failed_calls == {"worker_died": 1}
    assert "calls that failed: 1 worker_died" in str(report)
    assert report.to_dict()["reported_calls"] == report.calls


def test_a_report_is_saved_as_a_page_or_a_trace(pool, tmp_path):
    result = pool.map_async(tasks.square, range(5), chunksize=1)
    result.get(60)
    result.report.save(tmp_path / "map.html")
    assert (tmp_path / "map.html").read_text().startswith("<!doctype html>")
    result.report.save(str(tmp_path / "trace.json"))
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert {"item %d" % n for n in range(5)} <= {event["name"] for event in events}
    with pytest.raises(ValueError, match=r"NAME\.html"):
        result.report.save("report.csv")
    with pytest.raises(LocalError, match="cannot write"):
        result.report.save(tmp_path / "none" / "map.html")


def test_prices_of_ones_own_are_taken(local, monkeypatch, tmp_path):
    (tmp_path / "prices.json").write_text('{"date": "2030-01-01", "request": 1, "gb_second": {"x86_64": 0, "arm64": 0}}')
    monkeypatch.setenv("LAMBDAPOOL_PRICES", str(tmp_path / "prices.json"))
    with LambdaPool(1, "algorithms") as pool:
        pool.map(tasks.square, range(3), chunksize=1)
        assert pool.report().cost == pool.report().calls >= 3
    monkeypatch.setenv("LAMBDAPOOL_PRICES", str(tmp_path / "missing"))
    with LambdaPool(1, "algorithms") as pool:
        assert pool.map(tasks.square, range(3)) == [0, 1, 4]
        with pytest.raises(ValueError, match="LAMBDAPOOL_PRICES"):
            pool.report()
