"""lambdapool stats: what a function's invocations took and cost, from its log."""

import json
import re

import pytest

pytestmark = pytest.mark.on_both_targets
SOURCE = """
import os
import threading

def passes():
    return 1

def dies():
    os._exit(3)

def waits():
    threading.Event().wait()
"""


@pytest.fixture
def invoked(run, target, home, tmp_path, monkeypatch):
    """A function that a pool has called a few times; the REPORT lines of its log."""
    from lambdapool import LambdaPool, LambdaPoolError

    (tmp_path / "counted.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("LAMBDAPOOL_HOME", str(home))
    made = run("create", "counted", "counted.py", "--timeout", "2", "--memory", "256")
    assert made.returncode == 0, made.stderr
    import counted

    with LambdaPool(workers=1, lambda_function="counted", target=target) as pool:
        assert [pool.apply(counted.passes) for _ in range(3)] == [1] * 3
        for fails in (counted.dies, counted.waits):
            with pytest.raises(LambdaPoolError):
                pool.apply(fails)
    for _ in range(600):  # the log is written behind an invocation's answer
        done = run("logs", "counted", "--since", "1d", "--output", "json")
        texts = [json.loads(line)["text"] for line in done.stdout.splitlines()]
        reports = [text for text in texts if text.startswith("REPORT")]
        if len(reports) == len([text for text in texts if text.startswith("START")]) and "Status: timeout" in reports[-1]:
            return reports
    raise AssertionError(texts)


def billed(line):
    return float(re.search(r"\tBilled Duration: ([\d.]+) ms", line)[1])


def cost_of(target, line, architecture):
    """Dollars of an invocation with 256 MB, which on Cloud Run has one vCPU: as the prices' pages have it."""
    seconds = billed(line) / 1000
    if target == "gcp-local":
        return 4e-7 + seconds * (2.4e-5 + 256 / 1024 * 2.5e-6)
    return 2e-7 + seconds * 256 / 1024 * {"x86_64": 1.66667e-5, "arm64": 1.33334e-5}[architecture]


def test_the_cost_is_the_sum_of_the_reports(run, target, invoked):
    done = run("stats", "counted", "--output", "json")
    assert (done.returncode, done.stderr) == (0, "")
    stats = json.loads(done.stdout)
    assert stats["invocations"] == len(invoked)
    assert stats["timed_out"] == 1 and stats["failed"] == 1
    assert stats["init_ms"]["count"] == sum("Init Duration" in line for line in invoked)
    assert stats["billed_ms"] == pytest.approx(sum(map(billed, invoked)))
    cost = sum(cost_of(target, line, stats["prices"]["architecture"]) for line in invoked)
    assert stats["cost_usd"] == pytest.approx(cost, abs=1e-8)
    assert stats["memory_mb"] == 256 and 0 < stats["max_memory_used_mb"] <= 256


def test_the_table_says_it_in_words(run, target, invoked):
    done = run("stats", "counted")
    lines = dict(re.split(r"  +", line, maxsplit=1) for line in done.stdout.splitlines())
    assert lines["Invocations"] == f"{len(invoked)}, 1 timed out, 1 failed otherwise"
    assert re.fullmatch(r"p50 .*, p90 .*, p99 .*, at most [\d.]+ s", lines["Duration"])
    assert re.fullmatch(r"used at most \d+ of 256 MB", lines["Memory"])
    region = "us-east-1" if target == "local" else "us-central1"
    assert re.fullmatch(rf"\$0\.000\d+ \({region}, \w+, prices of \d{{4}}-\d\d-\d\d\)", lines["Cost"])


def test_prices_of_ones_own(run, invoked, tmp_path, clean_environment):
    prices = {"date": "2030-01-01", "request": 1, "gb_second": {"x86_64": 0, "arm64": 0}}
    (tmp_path / "prices.json").write_text(json.dumps(prices))
    done = run("stats", "counted", LAMBDAPOOL_PRICES="prices.json")
    assert f"Cost            ${len(invoked)}.00 (us-" in done.stdout and "prices of 2030-01-01)" in done.stdout
    (tmp_path / "prices.json").write_text("{}")
    done = run("stats", "counted", LAMBDAPOOL_PRICES="prices.json")
    assert done.returncode == 1
    assert done.stderr == 'Error: the prices in prices.json (LAMBDAPOOL_PRICES) have no "date".\n'


def test_nothing_is_told_as_nothing(run, algorithms):
    assert run("create", "quiet", "algorithms").returncode == 0
    done = run("stats", "quiet")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("No invocation of quiet has ended since 20")
    assert run("stats", "nosuch").stderr.startswith("Error: function nosuch")
