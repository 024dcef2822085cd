"""max_cost: a map stops before it could cost more."""

import json

import lambdapool_tasks as tasks
import pytest
from lambdapool import BudgetExceeded, LambdaExecutor, LambdaPool


@pytest.fixture(autouse=True, params=["local", "gcp"])
def prices(request, enter, tmp_path, monkeypatch):
    """A dollar a call: what a map costs is what it sends."""
    enter(request.param)
    monkeypatch.setenv("LAMBDAPOOL_RUNS", str(tmp_path / "runs"))
    file = tmp_path / "prices.json"
    file.write_text(json.dumps({"date": "2026-11-28", "request": 1, "gb_second": {"x86_64": 0, "arm64": 0}}))
    monkeypatch.setenv("LAMBDAPOOL_PRICES", str(file))


@pytest.fixture
def pool(prices):
    with LambdaPool(4, "algorithms") as pool:
        pool.apply(tasks.square, (1,))  # it knows the function's code now
        yield pool


def test_a_map_stops_at_its_cost_and_tells_what_is_done(pool):
    result = pool.map_async(tasks.square, range(100), 1, max_cost="$20")
    with pytest.raises(BudgetExceeded, match=r"cost \$20.00 of its max_cost of \$20.00.*up to \$1.0") as told:
        result.get(60)
    assert told.value.results == {item: item * item for item in range(20)}
    assert told.value.kind == "budget" and result.report.cost == 20


def test_what_fits_is_done(pool):
    assert pool.map(tasks.square, range(20), 1, max_cost=20) == [x * x for x in range(20)]


def test_a_share_of_a_call_counts_for_items_that_share_it(pool):
    with pytest.raises(BudgetExceeded) as told:
        pool.map(tasks.square, range(1000), 10, max_cost="5")
    assert 0 < len(told.value.results) < 1000
    assert told.value.results == {item: item * item for item in told.value.results}


@pytest.mark.parametrize("endless", [False, True])
def test_a_lazy_map_gives_what_is_done_first(pool, endless):
    items = iter(range(10**9)) if endless else range(50)
    results = pool.imap(tasks.square, items, max_cost=7)
    assert [next(results) for _ in range(7)] == [x * x for x in range(7)]
    with pytest.raises(BudgetExceeded):
        next(results)


def test_an_executor_s_map_has_it_too():
    with LambdaExecutor("algorithms", 2) as executor:
        executor.submit(tasks.square, 1).result(60)
        results = executor.map(tasks.square, range(50), max_cost="$3")
        assert [next(results) for _ in range(3)] == [0, 1, 4]
        with pytest.raises(BudgetExceeded):
            next(results)


def test_a_named_run_goes_on_where_its_money_ended(pool):
    with pytest.raises(BudgetExceeded):
        pool.map(tasks.square, range(10), 1, name="r", max_cost=4)
    before = pool.report().calls
    assert pool.map(tasks.square, range(10), 1, name="r", max_cost=6) == [x * x for x in range(10)]
    assert pool.report().calls - before == 6


def test_other_maps_go_on(pool):
    held = pool.map_async(tasks.square, range(10), 1, max_cost=1)
    assert pool.map(tasks.square, range(10), 1) == [x * x for x in range(10)]
    with pytest.raises(BudgetExceeded):
        held.get(60)


def test_an_item_that_fails_has_its_own_exception(pool):
    with pytest.raises(ValueError, match="three"):
        pool.map(tasks.fails_on_three, range(10), 1, max_cost=6)


@pytest.mark.parametrize("value", ["two", "", 0, -1, "$", float("nan"), True, [1]])
def test_what_is_no_amount_of_money_is_refused(pool, value):
    with pytest.raises((ValueError, TypeError), match="max_cost must be"):
        pool.map(tasks.square, [1], max_cost=value)
