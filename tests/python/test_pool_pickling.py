"""What goes to the workers as plain pickle makes it, and what needs more than that."""

import collections
import enum
import io
import math
import pickle
import pickletools

import pytest
from lambdapool import LambdaPool, _native, outcomes, pickling
from pytest import param

Point = collections.namedtuple("Point", "x y")


class Text(str):
    pass


class Number(enum.IntEnum):
    ONE = 1


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


def small(value):
    data = _native.small_pickle(value)
    return data is not None and data


INTEGERS = [sign * 2**bits + more for bits in (0, 7, 8, 15, 16, 31, 32, 62) for sign in (1, -1) for more in (-1, 0, 1)]
PLAIN = [
    *(None, True, False, 0, *INTEGERS, 2**63 - 1, -(2**63)),
    *(0.5, -0.0, float("inf"), 1e-320, "", "\u00e9\U0001f600\0", "a" * 255, "a" * 256, b"", b"\0\xff" * 300, "__main__"),
    *((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [], [1], [[], []], list(range(300)), {}, {"a": 1}),
    *({"a": (1.5, None), 2: [b"b", {}], (): True}, ("call", [((5, "x"), {"k": [1, 2]})]), nested(7)),
]


@pytest.mark.parametrize("value", PLAIN, ids=lambda value: ascii(value)[:40])
def test_small_pickles_are_what_they_were_made_of(value):
    data = small(value)
    loaded = pickle.loads(data)
    assert repr(loaded) == repr(value) and type(loaded) is type(value)
    assert pickle.loads(pickling.dump_items(pickling.MAP, [value])) == (pickling.MAP, [value])
    # Two pickles in a row are read one after the other, from a file, too.
    file = io.BytesIO(data + pickle.dumps("next", 5))
    assert [repr(pickle.load(file)), pickle.load(file)] == [repr(value), "next"]


def test_numbers_that_are_none_are_pickled():
    assert math.isnan(pickle.loads(small(float("nan"))))


@pytest.mark.parametrize(
    "value",
    [
        param(Text("a"), id="class"),
        param([Number.ONE], id="enum"),
        param((1, Point(1, 2)), id="namedtuple"),
        param({"a": object()}, id="object"),
        param({Text("a"): 1}, id="key"),
        param([ValueError("a")], id="exception"),
        param(bytearray(b"a"), id="bytearray"),
        param(range(2), id="range"),
        param(len, id="function"),
        param(1j, id="complex"),
        param(2**63, id="large integer"),
        param("\ud800", id="surrogate"),
        param("a" * 1100, id="large"),
        param(list(range(2000)), id="many"),
        param([[] for _ in range(20)], id="many lists"),
        param(nested(50), id="nested"),
    ],
)
def test_small_pickles_of_all_else_there_are_none(value):
    assert not small(value) and not small([value])


def test_what_is_one_object_stays_one(enter):
    shared, endless = [1], []
    endless.append(endless)
    for value in ([shared, shared], ({1: shared}, shared), endless):
        assert not small(value)
    style, [(first, second)] = pickle.loads(pickling.dump_items(pickling.MAP, [(shared, shared)]))
    assert first is second


def outcome(*values, seconds=0.25, status=outcomes.VALUE):
    return pickle.dumps(([(status, pickle.dumps(value, 5)) for value in values], seconds), 5)


ATOMS = [value for value in PLAIN if not isinstance(value, (int, tuple, list, dict))]
ATOMS += [number for number in INTEGERS if abs(number) < 2**31]


@pytest.mark.parametrize("value", ATOMS, ids=lambda value: ascii(value)[:40])
def test_outcomes_of_one_small_value_are_read_as_pickle_reads_them(value):
    body = outcome(value)
    read, seconds = _native.small_outcome(body)
    assert (repr(read), type(read), seconds) == (repr(value), type(value), 0.25)
    assert _native.small_outcome(pickletools.optimize(body)) == (value, 0.25)
    assert all(_native.small_outcome(body[:end]) is None for end in range(len(body)))
    assert _native.small_outcome(body + b".") is None


@pytest.mark.parametrize(
    "body",
    [
        outcome(1, 2),
        outcome(),
        outcome(1, seconds=None),
        outcome(1, status=outcomes.EXCEPTION),
        outcome([1]),
        outcome(ValueError("a")),
        pickle.dumps(([(outcomes.VALUE, b"")], 0.0), 5),
        pickle.dumps(([(outcomes.VALUE, b"\x80\x05\x8c\x01\xff.")], 0.0), 5),
        pickle.dumps(([(outcomes.VALUE, pickle.dumps(1, 4))], 0.0), 5),
        pickle.dumps([], 5),
        outcome(1).replace(b"\x95", b"\x95\1", 1),
        outcome("a" * 100_000),
    ],
)
def test_all_other_outcomes_are_left_to_pickle(body):
    assert _native.small_outcome(body) is None


def test_what_workers_answer_of_a_number_is_such_an_outcome(service, monkeypatch):
    with LambdaPool(1, "algorithms") as pool:
        assert pool.map(abs, [-1], 1) == [1]
        monkeypatch.setattr(outcomes, "pickle", None)
        assert pool.map(abs, [-2, -3], 1) == [2, 3]
        assert pool.apply(abs, (-4,)) == 4


def test_few_items_of_a_range_go_as_the_numbers_that_they_are(enter):
    enter("stub")
    with LambdaPool(1, "algorithms") as pool:
        result = pool.map_async(abs, range(3000), 1500)
        assert result._slice(1, 2) == [1, 2] and result._slice(0, 1500) == range(1500)
        assert result.get(60) == list(range(3000))
