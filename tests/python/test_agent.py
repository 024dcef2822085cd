"""The agent, called as Lambda calls it. Nothing of the package is needed here."""

import base64
import json
import os
import pickle
import sys
import zlib

import cloudpickle
import lambdapool_agent
import lambdapool_tasks as tasks
import pytest
from lambdapool_agent import LambdapoolCodeMismatch, LambdapoolProtocolError, handler, lambda_handler, unreadable

PEER = "%d.%d" % sys.version_info[:2]
VALUE, EXCEPTION, UNSENDABLE, TOO_LARGE, UNREADABLE, VALUES = range(6)


class Context:
    def __init__(self, remaining):
        self.remaining = remaining

    def get_remaining_time_in_millis(self):
        return self.remaining


class Clock:
    """In the place of the module time; the items tell how long they take."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now


CLOCK = Clock()


def takes(seconds):
    CLOCK.now += seconds
    return seconds


def event(function, style, items, **changes):
    body = pickle.dumps(function, 5) + pickle.dumps((style, items), 5)
    return envelope(body, **changes)


def envelope(body, **changes):
    made = {"lambdapool": 1, "codec": "pickle", "peer": PEER, "encoding": "base64"}
    made["task"] = base64.b64encode(body).decode()
    made.update(changes)
    return {name: value for name, value in made.items() if value is not None}


def run(made, context=None):
    answer = json.loads(json.dumps(lambda_handler(made, context)))
    assert (answer["lambdapool"], answer["codec"], answer["peer"]) == (1, "pickle", PEER)
    body = base64.b64decode(answer["outcome"], validate=True)
    if answer["encoding"] == "zlib+base64":
        body = zlib.decompress(body)
    return pickle.loads(body)


def outcomes(*args, **kwargs):
    """One for each item."""
    read = []
    for status, data in run(event(*args), **kwargs)[0]:
        value = pickle.loads(data)
        read += [(VALUE, each) for each in value] if status == VALUES else [(status, value)]
    return read


def test_runs_each_style_of_call():
    assert outcomes(tasks.add, "call", [((1,), {"b": 2})]) == [(VALUE, 3)]
    assert outcomes(tasks.square, "map", range(3)) == [(VALUE, 0), (VALUE, 1), (VALUE, 4)]
    assert outcomes(tasks.add, "starmap", [(1, 2), [3, 4]]) == [(VALUE, 3), (VALUE, 7)]


def test_the_outcome_repeats_the_tasks_echo():
    assert "echo" not in lambda_handler(event(tasks.square, "map", [1]), None)
    assert lambda_handler(event(tasks.square, "map", [1], echo="a-1"), None)["echo"] == "a-1"
    for wrong in (7, "x" * 65):
        with pytest.raises(LambdapoolProtocolError, match="echo"):
            lambda_handler(event(tasks.square, "map", [1], echo=wrong), None)


def test_the_outcome_tells_what_the_function_runs_on():
    names = {"x86_64": "x86_64", "aarch64": "arm64"}
    told = lambda_handler(event(tasks.square, "map", [1]), None)["architecture"]
    assert told == names[os.uname().machine]


def test_the_outcome_tells_the_functions_timeout():
    assert "timeout" not in lambda_handler(event(tasks.square, "map", [1]), None)
    assert lambda_handler(event(tasks.square, "map", [1]), Context(2990))["timeout"] == 3


def test_numbers_in_a_row_share_a_pickle_and_nothing_else_does():
    items = [1, 2.5, None, True, "text", 3, 2**63, -1, -(2**63), [4], 5]
    raw, _ = run(event(tasks.identity, "map", items))
    assert [status for status, _ in raw] == [VALUES, VALUE, VALUE, VALUE, VALUES, VALUE, VALUE]
    assert outcomes(tasks.identity, "map", items) == [(VALUE, item) for item in items]
    assert type(outcomes(tasks.identity, "map", [0, True, 1])[1][1]) is bool


def test_tells_how_long_the_items_took():
    seconds = run(event(tasks.sleep, "map", [0.01, 0.01]))[1]
    assert 0.02 <= seconds < 5


def test_reads_compressed_tasks():
    body = zlib.compress(pickle.dumps(tasks.square, 5) + pickle.dumps(("map", [5]), 5))
    assert run(envelope(body, encoding="zlib+base64"))[0] == [(VALUE, pickle.dumps(25, 5))]


def test_compresses_answers_where_that_pays():
    answer = lambda_handler(event(tasks.Adder.make, "map", ["x" * 100_000]), None)
    assert answer["encoding"] == "zlib+base64" and len(answer["outcome"]) < 5_000
    assert lambda_handler(event(tasks.blob, "map", [100_000]), None)["encoding"] == "base64"


@pytest.mark.parametrize(
    "made, says",
    [
        ({}, "not a lambdapool task"),
        ({"key": "value"}, "not a lambdapool task"),
        ([], "not a lambdapool task"),
        ("text", "not a lambdapool task"),
        (envelope(b"", lambdapool=2), "version 2"),
        (envelope(b"", lambdapool=True), "version True"),
        (envelope(b"", peer=None), "'peer' is missing"),
        (envelope(b"", codec=5), "'codec' is not a string"),
        (envelope(b"", task=None), "'task' is missing"),
        (envelope(b"", encoding="rot13"), "rot13"),
        (envelope(b"", task="a"), "base64"),
        (envelope(b"", task="ä==="), "base64"),
        (envelope(b"not zlib", encoding="zlib+base64"), "decompress"),
        (envelope(zlib.compress(b"x" * 100)[:-3], encoding="zlib+base64"), "cut off"),
        (envelope(zlib.compress(b"x") + b"y", encoding="zlib+base64"), "follows"),
        (envelope(b""), "not two pickles"),
        (envelope(b"garbage"), "not two pickles"),
        (envelope(pickle.dumps(tasks.square, 5)), "not two pickles"),
    ],
)
def test_refuses_what_is_no_task(made, says):
    with pytest.raises(LambdapoolProtocolError, match=says):
        lambda_handler(made, None)


def test_refuses_bombs(monkeypatch):
    monkeypatch.setattr(lambdapool_agent.envelope, "MAX_BODY_BYTES", 1000)
    with pytest.raises(LambdapoolProtocolError, match="more than 1000 bytes"):
        lambda_handler(envelope(zlib.compress(bytes(1001)), encoding="zlib+base64"), None)


def test_refuses_another_codec():
    with pytest.raises(LambdapoolCodeMismatch, match="cpp"):
        lambda_handler(envelope(b"", codec="cpp"), None)


def test_another_python_is_fine_by_reference_and_refused_by_value():
    cloudpickle = pytest.importorskip("cloudpickle")
    assert run(event(tasks.square, "map", [2], peer="3.8"))[0] == [(VALUE, pickle.dumps(4, 5))]
    by_value = cloudpickle.dumps(lambda x: x, protocol=5) + pickle.dumps(("map", [1]), 5)
    assert run(envelope(by_value))[0] == [(VALUE, pickle.dumps(1, 5))]
    with pytest.raises(LambdapoolCodeMismatch, match="Python 2.7"):
        lambda_handler(envelope(by_value, peer="2.7"), None)


@pytest.mark.parametrize("kind", [ValueError, SystemExit, KeyboardInterrupt, GeneratorExit, MemoryError])
def test_answers_every_exception(kind):
    [(status, (how, data, name, message, trace))] = outcomes(tasks.raises, "call", [((kind, "why"), {})])
    assert (status, how, name, message) == (EXCEPTION, "object", kind.__name__, "why")
    assert repr(pickle.loads(data)) == repr(kind("why"))
    assert "in raises" in trace and "lambdapool_agent" not in trace


def test_an_exception_whose_constructor_wants_more_is_rebuilt_without_it():
    [(status, (how, data, name, message, _))] = outcomes(tasks.raise_picky, "call", [((), {})])
    assert (status, how, name) == (EXCEPTION, "object", "lambdapool_tasks.Picky")
    error = pickle.loads(data)
    assert (type(error), error.args, vars(error)) == (tasks.Picky, ("7 because so",), {"code": 7})


@pytest.mark.parametrize(
    "function, message",
    [(tasks.raise_unpicklable, "has a lock"), (tasks.raise_vicious, "<Vicious whose repr() failed>")],
)
def test_an_exception_that_cannot_be_sent_is_described(function, message):
    [(status, (how, data, name, told, trace))] = outcomes(function, "call", [((), {})])
    assert (status, how, data, told) == (EXCEPTION, "", b"", message)
    assert function.__name__ in trace or function is tasks.raise_vicious


def test_a_value_that_cannot_be_pickled_is_described():
    [(status, (why, value))] = outcomes(tasks.return_lock, "call", [((), {})])
    assert status == UNSENDABLE
    assert "pickle" in why and "lock" in value


def test_missing_code_is_named():
    body = pickle.dumps(tasks.square, 5).replace(b"lambdapool_tasks", b"lambdapool_tusks")
    raw, seconds = run(envelope(body + pickle.dumps(("map", [1, 2]), 5)))
    assert seconds is None
    assert [(status, pickle.loads(data)) for status, data in raw] == [
        (UNREADABLE, ("ModuleNotFoundError", "No module named 'lambdapool_tusks'", "lambdapool_tusks", {}, None))
    ]
    body = pickle.dumps(tasks.square, 5).replace(b"square", b"sqvare")
    [(status, (kind, message, module, _, _))] = [
        (status, pickle.loads(data)) for status, data in run(envelope(body + pickle.dumps(("map", [1]), 5)))[0]
    ]
    assert (status, kind, module) == (UNREADABLE, "AttributeError", None) and "sqvare" in message


def test_an_exception_while_unpickling_is_answered_as_one():
    body = pickle.dumps(tasks.square, 5) + pickle.dumps(("map", [tasks.BreaksOnLoad()]), 5)
    raw, seconds = run(envelope(body))
    status, data = raw[0]
    assert (status, seconds) == (UNREADABLE, None)
    assert pickle.loads(data)[:2] == ("RuntimeError", "broken on load")


def test_a_result_that_does_not_fit_is_measured_before_it_is_answered():
    [(status, told)] = outcomes(tasks.blob, "map", [8 * 1024 * 1024])
    assert status == TOO_LARGE
    size, limit, others = told
    assert size > 8 * 1024 * 1024 and limit == 6_291_556 and others == 0


def test_an_answer_is_never_beyond_the_limit():
    fits = 6_291_556 * 3 // 4 - 1000
    answer = lambda_handler(event(tasks.blob, "map", [fits]), None)
    assert 6_280_000 < len(json.dumps(answer)) <= 6_291_556
    [(small, _), (large, told)] = outcomes(tasks.blob, "map", [900_000, fits])
    assert (small, large) == (VALUE, TOO_LARGE) and told[2] > 900_000


def test_stops_before_the_next_item_when_the_answer_is_large():
    assert len(outcomes(tasks.blob, "map", [700_000] * 5)) == 2


@pytest.mark.parametrize("remaining_ms, items, run_items", [(4_500, 5, 3), (60_000, 5, 5), (1, 5, 1), (0, 2, 1)])
def test_stops_before_the_next_item_when_time_may_not_suffice(monkeypatch, remaining_ms, items, run_items):
    monkeypatch.setattr(handler, "time", CLOCK)
    assert len(outcomes(takes, "map", [1.0] * items, context=Context(remaining_ms))) == run_items


def test_output_is_flushed_before_the_answer(capfd):
    outcomes(tasks.print_and_return, "map", [1])
    assert "hello from a task" in capfd.readouterr().out


def test_a_task_that_closes_stdout_is_answered(monkeypatch, tmp_path):
    with open(tmp_path / "out", "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        stream.close()
        assert outcomes(tasks.square, "map", [3]) == [(VALUE, 9)]


def test_the_agent_puts_its_cloudpickle_behind_the_users():
    assert sys.path.index(str(handler.__file__).replace("handler.py", "vendor")) > 0


@pytest.mark.parametrize("kind", [pickle.UnpicklingError, EOFError, TypeError])
def test_an_exception_of_what_is_unpickled_is_not_one_of_the_protocol(kind):
    class Raises:
        def __reduce__(self):
            return tasks.raises, (kind, "not here")

    raw, seconds = run(event(tasks.square, "map", [Raises()]))
    status, (name, message, module, versions, raised) = raw[0][0], pickle.loads(raw[0][1])
    assert (seconds, status, name, module) == (None, UNREADABLE, kind.__name__, None)
    assert "not here" in message and versions == {}
    assert unreadable.versions(pickle.dumps(cloudpickle.dumps, 5)) == {"cloudpickle": cloudpickle.__version__}
    assert type(pickle.loads(pickle.loads(raised)[1])) is kind


def test_a_body_that_is_cut_off_is_one_of_the_protocol():
    body = pickle.dumps(tasks.square, 5) + pickle.dumps(("map", [1]), 5)
    for cut in (body[:-1], body[:-20], body[:5]):
        with pytest.raises(LambdapoolProtocolError, match="not two pickles"):
            lambda_handler(envelope(cut), None)
