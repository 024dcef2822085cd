"""What small tasks that follow one another share in the agent."""

import json
import math
import os
import pickle
import sys
from itertools import chain

import lambdapool_tasks as tasks
import pytest
from lambdapool_agent import LambdapoolProtocolError, envelope, forked, handler, last_words, outcome

HEAD = {"lambdapool": 1, "codec": "pickle", "peer": "%d.%d" % sys.version_info[:2], "echo": "", "encoding": "raw"}


class Context:
    lambdapool_goes_on = False

    def get_remaining_time_in_millis(self):
        return 3000


class GoesOn(Context):
    lambdapool_goes_on = True


def payload(item=3, **members):
    head = json.dumps({**HEAD, **members}, separators=(",", ":")).encode()
    return head + b"\0" + pickle.dumps(tasks.square, 5) + pickle.dumps(("map", [item]), 5)


@pytest.mark.parametrize("echo", ["a-1", "b-2", "b-2", "", 'quo"ted', "back\\slash", "ü"])
def test_heads_that_differ_in_their_echo_are_told_apart(echo):
    head, known, body = envelope.split_raw(payload(echo=echo))
    assert known == echo and body == payload().partition(b"\0")[2]
    assert {**head.event, "echo": echo} == {**HEAD, "echo": echo}


def test_an_echo_that_is_not_the_tasks_own_is_none():
    for inner in ("a", "b"):
        head, echo, _ = envelope.split_raw(payload(echo="c", results={"echo": inner}))
        assert (echo, head.event["results"]) == ("c", {"echo": inner})
    silent = {name: value for name, value in HEAD.items() if name != "echo"}
    for outer in (None, "a", "b"):
        own = {} if outer is None else {"echo": outer}
        said = {"results": {"echo": "a"}, **silent, **own}
        head, echo, _ = envelope.split_raw(json.dumps(said, separators=(",", ":")).encode() + b"\0")
        assert echo == outer and head.event == said


def test_an_echo_that_is_too_long_is_refused_behind_a_head_that_is_known():
    envelope.split_raw(payload(echo="a-1"))
    with pytest.raises(LambdapoolProtocolError, match="'echo' is longer"):
        envelope.split_raw(payload(echo="a" * 65))


def test_a_head_that_is_no_json_is_refused_after_one_that_was():
    envelope.split_raw(payload(echo="a-1"))
    for echo in (b"\x01", b"\xff", b"\\x"):
        with pytest.raises(LambdapoolProtocolError, match="not JSON"):
            envelope.split_raw(payload(echo="a-1").replace(b"a-1", echo))


class Steps(list):
    """What a timer is set to, and a clock."""

    now = 0.0


@pytest.fixture
def timer(monkeypatch):
    steps = Steps()
    monkeypatch.setattr(handler, "_deadline", last_words.Deadline())
    monkeypatch.setattr(last_words, "_timer", lambda: steps.append)
    monkeypatch.setattr(last_words.time, "monotonic", lambda: steps.now)
    return steps


FULL = int((3 - last_words.AHEAD_SECONDS) * last_words.STEPS)


def test_the_timer_is_stopped_behind_each_task(timer):
    for _ in range(2):
        handler.raw_handler(payload(), Context())
    assert timer == [FULL, 0, FULL, 0]


def test_the_timer_serves_tasks_that_follow_soon(timer):
    for _ in range(3):
        handler.raw_handler(payload(), GoesOn())
    handler.idle()
    handler.idle()
    assert timer == [FULL, 0]
    handler.raw_handler(payload(), GoesOn())
    timer.now += 2 / last_words.STEPS
    handler.raw_handler(payload(), GoesOn())
    timer.now += 1 / last_words.STEPS
    handler.raw_handler(payload(), GoesOn())
    assert timer == [FULL, 0, FULL, FULL]


def test_a_task_that_has_too_little_time_stops_it(timer):
    handler.raw_handler(payload(), GoesOn())
    late = GoesOn()
    late.get_remaining_time_in_millis = lambda: 500
    handler.raw_handler(payload(), late)
    assert timer == [FULL, 0]


def test_a_forked_child_has_a_timer_of_its_own(timer):
    deadline = last_words.Deadline()
    deadline.begin(timer.now + 3.0, os.getpid())
    deadline.begin(timer.now + 3.0, os.getpid() + 1)
    deadline.end(os.getpid())
    assert timer == [FULL, FULL]
    deadline.end(os.getpid() + 1)
    assert timer == [FULL, FULL, 0]


class HasTime(Context):
    def __init__(self, milliseconds):
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self):
        return self.milliseconds


def outcomes_of(function, items, milliseconds=3_000_000):
    """(kind, value) of each."""
    head = json.dumps({**HEAD, "echo": "a"}).encode()
    answer = handler.raw_handler(
        head + b"\0" + pickle.dumps(function, 5) + pickle.dumps(("map", items), 5), HasTime(milliseconds)
    )
    found = []
    for status, data in pickle.loads(answer.partition(b"\0")[2])[0]:
        value = pickle.loads(data)
        found += [(outcome.VALUE, each) for each in value] if status == outcome.VALUES else [(status, value)]
    return found


def odd(n):
    """One of 40 items is not as the others."""
    kind = n * 7919 % 320
    if kind == 0:
        raise StopIteration(n)
    if kind == 40:
        raise SystemExit(n)
    return {80: [n], 120: str(n), 160: 2**64 + n, 200: -(2**63) - n, 240: None, 280: n / 2}.get(kind, n)


@pytest.mark.parametrize("items", [list(range(5000)), range(5000), tuple(range(100))])
def test_items_in_a_row_have_the_outcomes_that_they_would_have_alone(items):
    found = outcomes_of(odd, items)
    assert len(found) == len(items)
    for item, (status, value) in zip(items, found):
        alone = outcomes_of(odd, [item])[0]
        assert status == alone[0] and type(value) is type(alone[1])
        assert value == alone[1] if status == outcome.VALUE else value[2:4] == alone[1][2:4]


class Clock:
    """In the place of the module time."""

    now = 0.0

    def monotonic(self):
        return self.now


def takes(seconds):
    Clock.now += seconds
    return None


def test_a_slow_item_ends_the_row_and_no_other_begins_where_the_time_may_not_suffice(monkeypatch):
    monkeypatch.setattr(Clock, "now", 0.0)
    monkeypatch.setattr(handler, "time", Clock())
    assert len(outcomes_of(takes, [0] * 100 + [0.1] * 100, 2000)) == 100 + 18


def test_quick_items_run_in_rows(monkeypatch):
    rows = []
    monkeypatch.setattr(handler, "chain", lambda *parts: rows.append(parts) or chain(*parts))
    monkeypatch.setattr(handler, "time", Clock())
    assert len(outcomes_of(tasks.square, range(1000))) == 1000
    assert len(rows) == math.ceil((1000 - handler.PLAIN_BEFORE) / handler.IN_A_ROW)


def test_nothing_of_a_task_is_kept_after_it():
    handler.raw_handler(payload(item=[1, 2]), Context())
    assert list(forked._items) == []


kept = []


def keep_some(n):
    """What is changed later."""
    kept.append(n)
    return kept if n % 100 == 99 else n


def test_a_result_is_what_it_was_when_its_item_ended():
    kept.clear()
    found = [value for _, value in outcomes_of(keep_some, range(1000))]
    assert [len(value) for value in found if type(value) is list] == list(range(100, 1001, 100))


def fork_at(item):
    n, path = item
    with open(path, "a") as file:
        file.write("%d\n" % n)
    if n == 150:
        child = os.fork()
        if child:
            assert os.waitpid(child, 0)[1] == 0
    return n


def test_a_child_that_comes_back_runs_none_of_the_items_that_follow(tmp_path):
    path = str(tmp_path / "ran")
    items = [(n, path) for n in range(300)]
    assert [value for _, value in outcomes_of(fork_at, items)] == list(range(300))
    with open(path) as file:
        assert [int(line) for line in file] == list(range(300))
