"""Several tasks in one body (docs/protocol.md, Several tasks), as the agent takes them."""

import json
import pickle
import sys

import lambdapool_tasks as tasks
import pytest
from lambdapool_agent import LambdapoolProtocolError, envelope, handler, outcome

HEAD = {"lambdapool": 1, "codec": "pickle", "peer": "%d.%d" % sys.version_info[:2], "encoding": "raw"}


class Context:
    """Of a task whose items begin one by one: so many of them, of which it keeps the count."""

    def __init__(self, may_begin=None):
        if may_begin is not None:
            self.asked, self._left = 0, may_begin
            self.lambdapool_next_item = self._next_item

    def _next_item(self):
        self.asked += 1
        self._left -= 1
        return self._left > 0

    def get_remaining_time_in_millis(self):
        return 900_000


def answer(arguments, context, function=tasks.square):
    """(outcomes, seconds) of a task for each of these."""
    body = b"".join(pickle.dumps(("call", [((each,), {})]), 5) for each in arguments)
    payload = json.dumps(HEAD).encode() + b"\0" + pickle.dumps(function, 5) + body
    return pickle.loads(envelope.split_raw(handler.raw_handler(payload, context))[2])


def values(outcomes):
    return [
        value for status, data in outcomes for value in (pickle.loads(data) if status == outcome.VALUES else [data])
    ]


def test_they_run_as_far_as_they_may():
    for may_begin in (2, 3, 4, 9):
        outcomes, seconds = answer([1, 2, 3, 4], Context(may_begin))
        assert values(outcomes) == [1, 4, 9, 16][:may_begin] and seconds > 0


def test_where_nobody_lets_them_begin_the_first_runs():
    [(status, data)], _ = answer([3, 4, 5], Context())
    assert status == outcome.VALUE and pickle.loads(data) == 9


def test_each_has_arguments_of_its_own():
    shared = []
    outcomes, _ = answer([shared, shared, shared], Context(9), tasks.append_to)
    assert values(outcomes) == [1, 1, 1]


def test_one_that_fails_is_the_last():
    context = Context(9)
    outcomes, _ = answer([(1, ""), (2, "the one"), (3, "")], context, tasks.raise_where_asked)
    assert [status for status, *_ in outcomes] == [outcome.VALUE, outcome.EXCEPTION]


def test_one_that_cannot_be_read_says_so_and_is_the_last():
    outcomes, seconds = answer([1, 2, tasks.BreaksOnLoad(), 4], Context(9), tasks.identity)
    *ran, (status, _) = outcomes
    assert values(ran) == [1, 2] and status == outcome.UNREADABLE and seconds > 0


def test_one_whose_result_cannot_be_sent_is_the_last():
    outcomes, _ = answer([(1, None), (2, "lock"), (3, None)], Context(9), tasks.return_where_asked)
    assert [status for status, *_ in outcomes] == [outcome.VALUE, outcome.UNSENDABLE]


def test_where_the_first_cannot_be_read_that_is_its_outcome_alone():
    for context in (Context(9), Context()):
        [(status, _)], seconds = answer([tasks.BreaksOnLoad(), 2], context)
        assert status == outcome.UNREADABLE and seconds == 0.0
    [(status, _)], seconds = answer([tasks.BreaksOnLoad()], Context())
    assert status == outcome.UNREADABLE and seconds is None


def test_the_arguments_of_one_are_not_read_before_it_may_begin():
    context = Context(1)
    outcomes, _ = answer([1, tasks.BreaksOnLoad()], context, tasks.identity)
    assert len(outcomes) == 1 and context.asked == 1


def test_what_is_no_pickle_is_refused_where_it_is_read():
    payload = json.dumps(HEAD).encode() + b"\0" + pickle.dumps(tasks.square, 5) + b"junk"
    with pytest.raises(LambdapoolProtocolError, match="not two pickles"):
        handler.raw_handler(payload, Context(9))
