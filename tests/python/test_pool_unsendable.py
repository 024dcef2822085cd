"""What cannot be sent is told by its place among what the caller gave."""

import functools
import threading

import lambdapool_tasks as tasks
import pytest
from lambdapool import LambdaExecutor, LambdaPool


@pytest.fixture
def pool(enter):
    enter("stub")
    with LambdaPool(1, "algorithms") as pool:
        yield pool


LOCK = threading.Lock()


class WithoutAttributes:
    __slots__ = ()

    def __reduce_ex__(self, protocol):
        return functools.partial(print, LOCK), (), None


@pytest.mark.parametrize(
    "call, place",
    [
        (lambda pool: pool.apply(tasks.add, (1, LOCK)), "argument 1"),
        (lambda pool: pool.apply(tasks.add, (1,), {"b": LOCK}), "the argument 'b'"),
        (
            lambda pool: pool.apply_async(tasks.square, ({"a": [LOCK]},)).get(),
            "item 0 of the value of 'a' of argument 0",
        ),
        (lambda pool: pool.map(tasks.square, [1, 2, LOCK], chunksize=1), "item 2 of what is mapped"),
        (lambda pool: pool.map(tasks.square, [1, 2, LOCK], chunksize=3), "item 2 of what is mapped"),
        (lambda pool: pool.map(tasks.square, [WithoutAttributes()]), "item 0 of what is mapped"),
        (lambda pool: pool.starmap(tasks.add, [(1, LOCK)]), "argument 1 of item 0 of what is mapped"),
        (lambda pool: list(pool.imap(tasks.square, [1, LOCK])), "item 1 of what is mapped"),
        (lambda pool: pool.apply(functools.partial(tasks.add, LOCK)), "item 0 of item 0 of the arguments of a partial"),
        (lambda pool: LambdaPool(1, "algorithms", initializer=print, initargs=(1, LOCK)), r"initargs\[1\]"),
        (lambda pool: LambdaExecutor("algorithms", 1).submit(tasks.square, LOCK).result(), "argument 0"),
        (
            lambda pool: list(LambdaExecutor("algorithms", 1).map(tasks.add, [1], [LOCK])),
            "argument 1 of item 0 of what is mapped",
        ),
    ],
)
def test_its_place_is_named(pool, call, place):
    with pytest.raises(TypeError, match="cannot pickle '_thread.lock' object; it is %s: make it inside" % place):
        call(pool)


class Refuses:
    def __reduce__(self):
        raise LookupError("not me")


def test_what_the_callers_own_code_raised_is_left_as_it_is_with_a_note(pool):
    with pytest.raises(LookupError) as caught:
        pool.map(tasks.square, [1, Refuses()], chunksize=2)
    assert caught.value.args == ("not me",)
    assert "it is item 1 of what is mapped: " in caught.value.__notes__[0]
    with pytest.raises(TypeError, match=r"cannot be sent to the workers: not me; .*it is initargs\[0\]"):
        LambdaPool(1, "algorithms", initializer=print, initargs=(Refuses(),))
