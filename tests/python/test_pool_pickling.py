"""What goes to the workers as plain pickle makes it, and what needs more than that."""

import collections
import enum
import pickle

import pytest
from lambdapool import LambdaPool, _native, pickling
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


PLAIN = [None, True, 1, -(2**80), 0.5, "é\ud800", b"bytes", (), [], {}, (1, [2, {"a": (3.0, None)}]), "__main__"]


@pytest.mark.parametrize("value", PLAIN, ids=ascii)
def test_numbers_texts_and_what_is_made_of_them_are_plain(value):
    assert _native.is_plain(value)
    assert pickle.loads(pickling.dump_items(pickling.MAP, [value])) == (pickling.MAP, [value])


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
        param(nested(50), id="nested"),
    ],
)
def test_what_has_a_class_of_its_own_is_not_plain(value):
    assert not _native.is_plain(value)


def test_what_holds_itself_is_not_plain():
    endless = []
    endless.append(endless)
    assert not _native.is_plain(endless)
    assert pickling.dump_items(pickling.MAP, [endless])


def test_an_item_of_a_range_goes_as_the_number_it_is(enter):
    enter("stub")
    with LambdaPool(1, "algorithms") as pool:
        result = pool.map_async(abs, range(3), 1)
        assert result._slice(1, 1) == [1]
        assert result.get(60) == [0, 1, 2]
