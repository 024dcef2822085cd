"""lambdapool stats: what a function's invocations took and cost, from its log."""

import json
import re

import pytest
from functions import create

SOURCE = """
import time

def handler(event, context):
    if event.get("fails"):
        raise SystemExit(3)
    while event.get("sleeps"):
        time.sleep(1)
    return 1
"""


@pytest.fixture
def invoked(run, serve):
    """A function that was called a few times by another client; the REPORT lines of its log."""
    create(serve.client(), "counted", SOURCE, Timeout=1, MemorySize=256)
    for event in ({}, {}, {}, {"fails": 1}, {"sleeps": 1}):
        serve.client().invoke(FunctionName="counted", Payload=json.dumps(event))
    for _ in range(600):  # the log is written behind an invocation's answer
        done = run("logs", "counted", "--since", "1d", "--output", "json")
        texts = [json.loads(line)["text"] for line in done.stdout.splitlines()]
        reports = [text for text in texts if text.startswith("REPORT")]
        if len(reports) == 5:
            return reports
    raise AssertionError(texts)


def billed(line):
    return float(re.search(r"\tBilled Duration: ([\d.]+) ms", line)[1])


def test_the_cost_is_the_sum_of_the_reports(run, invoked):
    done = run("stats", "counted", "--output", "json")
    assert (done.returncode, done.stderr) == (0, "")
    stats = json.loads(done.stdout)
    assert stats["invocations"] == len(invoked) == 5
    assert stats["timed_out"] == 1 and stats["failed"] == 1
    assert stats["init_ms"]["count"] == sum("Init Duration" in line for line in invoked)
    assert stats["billed_ms"] == pytest.approx(sum(map(billed, invoked)))
    price = {"x86_64": 1.66667e-5, "arm64": 1.33334e-5}[stats["prices"]["architecture"]]
    cost = sum(2e-7 + billed(line) / 1000 * 256 / 1024 * price for line in invoked)
    assert stats["cost_usd"] == pytest.approx(cost, abs=1e-8)
    assert stats["memory_mb"] == 256 and 0 < stats["max_memory_used_mb"] <= 256


def test_the_table_says_it_in_words(run, invoked):
    done = run("stats", "counted")
    lines = dict(re.split(r"  +", line, maxsplit=1) for line in done.stdout.splitlines())
    assert lines["Invocations"] == "5, 1 timed out, 1 failed otherwise"
    assert re.fullmatch(r"p50 .*, p90 .*, p99 .*, at most 1\.\d\d s", lines["Duration"])
    assert re.fullmatch(r"used at most \d+ of 256 MB", lines["Memory"])
    assert re.fullmatch(r"\$0\.0000\d+ \(us-east-1, \w+, prices of \d{4}-\d\d-\d\d\)", lines["Cost"])


def test_prices_of_ones_own(run, invoked, tmp_path, clean_environment):
    prices = {"date": "2030-01-01", "request": 1, "gb_second": {"x86_64": 0, "arm64": 0}}
    (tmp_path / "prices.json").write_text(json.dumps(prices))
    done = run("stats", "counted", LAMBDAPOOL_PRICES="prices.json")
    assert "Cost            $5.00 (us-east-1" in done.stdout and "prices of 2030-01-01)" in done.stdout
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
