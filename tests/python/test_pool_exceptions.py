"""Exceptions arrive as they were."""

import sys
import traceback
from multiprocessing.pool import RemoteTraceback

import pytest
import raising_tasks as tasks
from lambdapool import RemoteError, UnsendableResult

groups = pytest.mark.skipif(sys.version_info < (3, 11), reason="Python has exception groups from 3.11 on")


def raised(pool, function, *arguments):
    with pytest.raises(BaseException) as caught:
        pool.apply(function, arguments)
    return caught.value


@pytest.mark.parametrize("name", tasks.MAKE)
def test_an_exception_arrives_with_all_that_it_tells(pool, name):
    error = raised(pool, tasks.raise_made, name)
    assert tasks.describe(error) == tasks.describe(tasks.MAKE[name]())
    assert isinstance(error.__cause__, RemoteTraceback) and error.__cause__.__cause__ is None


@pytest.mark.parametrize("name", ["plain", "wants", "disk", "noted"])
def test_cause_and_context_arrive_behind_the_remote_traceback(pool, name):
    error = raised(pool, tasks.raise_with_cause, name)
    assert tasks.describe(error) == tasks.describe(tasks.Adds("outer"))
    assert tasks.describe(error.__cause__.__cause__) == tasks.describe(tasks.MAKE[name]())
    error = raised(pool, tasks.raise_with_context, name)
    assert tasks.describe(error.__context__) == tasks.describe(tasks.MAKE[name]())
    assert error.__cause__.__cause__ is None
    assert raised(pool, tasks.raise_from_none, name).__cause__.__cause__ is None


def test_an_exception_whose_class_can_do_without_what_cannot_be_sent_arrives_as_itself(pool):
    error = raised(pool, tasks.raise_holds)
    assert type(error) is tasks.Holds and str(error) == "text"


def test_exceptions_may_hold_each_other(pool):
    error = raised(pool, tasks.raise_cycle)
    assert type(error) is tasks.Wants and type(error.__context__) is tasks.Adds
    assert error.__context__.__context__ is error


def test_only_what_cannot_be_sent_is_a_remote_error(pool):
    error = raised(pool, tasks.raise_from_unsendable)
    assert type(error) is tasks.Wants and error.port == 1
    cause = error.__cause__.__cause__
    assert type(cause) is RemoteError and (cause.type_name, cause.remote_message) == ("Unsendable", "locked")
    assert type(raised(pool, tasks.raise_unsendable)) is RemoteError


@groups
def test_a_group_arrives_with_all_of_its_members(pool):
    error = raised(pool, tasks.raise_group)
    assert type(error).__name__ == "ExceptionGroup" and error.message == "outer"
    first, second, inner = error.exceptions
    assert [type(each) for each in (first, second)] == [ValueError, tasks.Adds]
    assert str(second) == "added: text" and inner.message == "inner"
    wants, remote = inner.exceptions
    assert (type(wants), wants.port) == (tasks.Wants, 2)
    assert (type(remote), remote.remote_message) == (RemoteError, "locked")
    assert error.split(tasks.Wants)[0] is not None and error.args[1] == [first, second, inner]
    traceback.format_exception(type(error), error, error.__traceback__)


@groups
def test_a_group_of_more_than_exceptions_arrives_too(pool):
    error = raised(pool, tasks.raise_group_of_interrupts)
    assert type(error).__name__ == "BaseExceptionGroup" and error.message == "ended"
    assert [(type(each), each.args) for each in error.exceptions] == [(KeyboardInterrupt, ("k",)), (ValueError, (1,))]


@pytest.mark.parametrize("name", tasks.MAKE)
def test_an_exception_as_a_value_arrives_as_it_was(pool, name):
    expected = tasks.describe(tasks.MAKE[name]())
    assert tasks.describe(pool.apply(tasks.made, (name,))) == expected
    assert pool.apply(tasks.describe, (tasks.MAKE[name](),)) == expected
    assert tasks.describe(pool.map(tasks.same, [tasks.MAKE[name]()])[0]) == expected


def test_the_cause_of_an_exception_as_a_value_arrives_and_what_is_one_stays_one(pool):
    expected = tasks.caused(lambda: tasks.Adds("outer"), tasks.Wants("h", port=1))
    assert pool.apply(tasks.describe_with_cause, (expected,)) == tasks.describe_with_cause(expected)
    error, others = pool.apply(tasks.returned, ("in containers",))
    assert tasks.describe_with_cause(error) == tasks.describe_with_cause(expected)
    assert others["again"] is error and type(others["other"]) is tasks.Disk


def test_only_what_a_value_that_is_an_exception_holds_gives_way(pool):
    error = pool.apply(tasks.returned, ("with an unsendable cause",))
    assert type(error) is tasks.Wants and type(error.__cause__) is RemoteError
    assert error.__cause__.remote_message == "locked"
    assert str(pool.apply(tasks.returned, ("that can do without",))) == "text"
    with pytest.raises(UnsendableResult, match="cannot pickle '_thread.lock' object"):
        pool.apply(tasks.returned, ("unsendable itself",))
    with pytest.raises(
        TypeError, match="cannot pickle '_thread.lock' object; it is the attribute 'lock' of an object of Unsendable"
    ):
        pool.apply(tasks.describe, (tasks.Unsendable("locked"),))
    error = tasks.caused(lambda: tasks.Adds("text"), tasks.Unsendable("locked"))
    told, (cause, context), _ = pool.apply(tasks.describe_with_cause, (error,))
    assert told == tasks.describe(error) and cause[2] == "Unsendable: locked"


def test_a_long_chain_arrives_as_far_as_it_goes(pool):
    for error in (pool.apply(tasks.returned, ("of a long chain",)), pool.apply(tasks.same, (tasks.chain(150),))):
        ports = []
        while type(error) is tasks.Wants:
            ports.append(error.port)
            error = error.__context__
        assert len(ports) >= 100 and ports == list(range(149, 149 - len(ports), -1))
        assert error is None or "Wants: h:%d" % (ports[-1] - 1) in str(error)


@groups
def test_a_group_as_a_value_arrives_with_all_of_its_members(pool):
    group = ExceptionGroup("outer", [tasks.Adds("text"), tasks.Wants("h", port=2)])  # noqa: F821
    back = pool.apply(tasks.same, (group,))
    assert back.message == "outer" and [tasks.describe(each) for each in back.exceptions] == [
        tasks.describe(each) for each in group.exceptions
    ]
