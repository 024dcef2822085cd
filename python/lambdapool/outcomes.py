"""What a worker answered, as values and exceptions."""

from __future__ import annotations

import pickle
import sys
import threading
from multiprocessing.pool import RemoteTraceback  # type: ignore[attr-defined]  # typeshed lacks it
from typing import Any, Callable, Dict, List, Optional, Tuple, Union

from lambdapool_by_value import exceptions

from . import _native, mismatch
from .blobs import Fetched
from .errors import (
    BlobError,
    InitializerFailed,
    LambdaPoolError,
    PayloadTooLarge,
    ProtocolError,
    RemoteError,
    UnsendableResult,
    make,
)
from .faults import Failure

#: What read() keeps of a value: its pickle, or the pickle of (a pickle, its buffers), behind one of these.
KEPT_VALUE, KEPT_BUFFERED = b"v", b"b"

#: Of answers: Lambda's, and of one that is streamed; Cloud Run's is between them
LAMBDA_LIMIT, STREAMED_LIMIT = 6 * 1024 * 1024 + 100, 200 << 20

VALUE, EXCEPTION, UNSENDABLE, TOO_LARGE, UNREADABLE, VALUES, INITIALIZER, OTHER_CODE, BUFFERED, NOT_STORED = range(10)


#: Of each item its value or a Failure, fewer where the worker stopped before the rest; the seconds that the worker
#: spent on them, None where nothing was run; the failures among them, in order, of which one may stand for several.
Answer = Tuple[List[Any], Optional[float], List[BaseException]]


class OtherCode(Exception):
    """Nothing was run: the worker has other code than the task is for. Its argument: that code's manifest."""


def read(
    body: Union[bytes, Fetched, _native.Streamed],
    items: int,
    function: str,
    kept: Optional[List[Optional[bytes]]] = None,
    told: int = 0,
) -> Answer:
    """The answer to a task of so many items. Raises OtherCode, and what interrupts: what cannot be read is an outcome
    too. `kept` gets of each item the bytes that its value can be made of again; None where there is no value.
    Of the first `told` items the outcomes are known, and None here.
    """
    if type(body) is bytes and kept is None:
        small = _native.small_outcome(body)
        if small is not None:
            value, seconds = small
            return [value], seconds, []
    loads = pickle.loads
    value_of: Callable[..., Any] = loads
    try:
        if isinstance(body, bytes):
            raw, seconds = loads(body)
        elif isinstance(body, Fetched):
            raw, seconds = loads(body.taken(), buffers=body.buffers)
        else:
            pickled, *pieces = _pieces(body)
            raw, seconds = loads(pickled, buffers=pieces)
            value_of = _last_reading if kept is None else loads
        if seconds is None:
            status, data = raw[0][:2]
            if status == OTHER_CODE:
                raise OtherCode(loads(data))
            return _failed_all(_failure(status, data, function), items, kept)
        known = [] if kept is None else _kept(raw)
        results: List[Any] = []
        failures: List[BaseException] = []
        for status, data, *buffers in raw:
            if status == VALUES:
                results = results + loads(data) if results else loads(data)
                continue
            if len(results) < told:
                results.append(None)
                continue
            if status in (VALUE, BUFFERED):
                try:
                    results.append(value_of(data, buffers=buffers[0]) if buffers else value_of(data))
                    continue
                except BaseException as error:
                    if _interrupts(error):
                        raise
                    failures.append(mismatch.of_result(error, function))
            else:
                failures.append(_failure(status, data, function))
            results.append(Failure(failures[-1]))
        if not 0 < len(results) <= items:
            raise ValueError("%d outcomes for %d items" % (len(results), items))
        if kept is not None:
            kept += known
        return results, seconds, failures
    except OtherCode:
        raise
    except LambdaPoolError as error:  # of what had to be fetched
        return _failed_all(error, items, kept)
    except BaseException as error:
        if _interrupts(error):
            raise
        message = "the function's answer is not an outcome of this protocol: %s: %s; the function may have run"
        message %= (type(error).__name__, error)
        return _failed_all(make(ProtocolError, message, function), items, kept)


def of_rest(answer: Answer, before: int, count: int, early: bool, function: str) -> Answer:
    """Of an answer for `before` + `count` items the last ones, the others being known already. `early`: it has to have
    all of them."""
    results, seconds, _ = answer
    results = results[before : before + count]
    if not results or early and len(results) < count:
        message = "the function's answer has fewer outcomes than it told early; the function may have run"
        return _failed_all(make(ProtocolError, message, function), count)
    return results, seconds, [result.exception for result in results if type(result) is Failure]


def _interrupts(error: BaseException) -> bool:
    """Whether it is Ctrl-C, or what else a handler of signals, which run on the main thread, raises for such."""
    return not isinstance(error, Exception) and threading.current_thread() is threading.main_thread()


def _pieces(body: _native.Streamed) -> List[memoryview]:
    """Its pickle, and the buffers that end it, where they are."""
    view, sizes = memoryview(body), body.sizes()
    at = len(view) - sum(sizes)
    pieces = [view[:at]]
    for size in sizes:
        pieces.append(view[at : at + size])
        at += size
    return pieces


def _last_reading(data: Any, *, buffers: Any = ()) -> Any:
    """As pickle.loads, of what nobody else reads; what is large gives its memory back as it is read."""
    if type(data) is memoryview:
        return pickle.load(_native.LastReading(data), buffers=buffers)
    return pickle.loads(data, buffers=buffers)


def _kept(raw: List[Any]) -> List[Optional[bytes]]:
    kept: List[Optional[bytes]] = []
    for status, data, *buffers in raw:
        if status == VALUES:
            kept += [KEPT_VALUE + pickle.dumps(value, 5) for value in pickle.loads(data)]
        elif status == VALUE:
            kept.append(KEPT_VALUE + data)
        elif status == BUFFERED:
            kept.append(KEPT_BUFFERED + pickle.dumps((bytes(data), [bytes(buffer) for buffer in buffers[0]]), 5))
        else:
            kept.append(None)
    return kept


def _failed_all(exception: BaseException, items: int, kept: Optional[List[Optional[bytes]]] = None) -> Answer:
    if kept is not None:
        kept += [None] * items
    return [Failure(exception)] * items, None, [exception]


def attach(failed: List[BaseException], log: str) -> None:
    """An exception of the function's own may be of any class: its log goes to its remote traceback."""
    for exception in failed:
        if isinstance(exception, LambdaPoolError):
            exception.log_tail = exception.log_tail or log
        if isinstance(exception.__cause__, RemoteTraceback):
            exception.__cause__.logs = log


def _failure(status: int, data: bytes, function: str) -> BaseException:
    return _failures[status](pickle.loads(data), function)


def _exception(parts: Tuple[str, bytes, str, str, str], function: str) -> BaseException:
    how, data, type_name, message, trace = parts
    trace = _with_source_lines(trace)
    exception = _rebuild(how, data)
    if exception is None:
        exception = make(
            RemoteError,
            "%s: %s" % (type_name, message),
            function,
            type_name=type_name,
            remote_message=message,
            remote_traceback=trace,
        )
    if isinstance(exception, ModuleNotFoundError) and mismatch.is_own(exception.name):
        trace += "\n%s\n" % (mismatch.NESTED % (function or "NAME"))
    remote = RemoteTraceback('\n"""\n%s"""' % trace)
    remote.__cause__ = exception.__cause__
    exceptions.set_cause(exception, remote)
    return exception


def _with_source_lines(trace: str) -> str:
    if "lambdapool_by_value.arrivals" not in sys.modules:
        return trace  # nothing was sent by value
    from .source_lines import with_source_lines

    return with_source_lines(trace)


def _rebuild(how: str, data: bytes) -> Optional[BaseException]:
    """The exception itself; None where it cannot exist here (its class is unknown, for one)."""
    try:
        exception = pickle.loads(data) if how == "object" else None
        return exception if isinstance(exception, BaseException) else None
    except BaseException as error:
        if _interrupts(error):
            raise
        return None


def _initializer_failed(parts: Tuple[str, bytes, str, str, str], function: str) -> BaseException:
    own = _exception(parts, function)
    failure = make(InitializerFailed, "the initializer failed in a worker: %s: %s" % parts[2:4], function)
    failure.__cause__ = own
    return failure


def _unsendable(parts: Tuple[str, str], function: str) -> BaseException:
    why, value = parts
    message = "Error sending result: '%s'. Reason: '%s'" % (value, why)  # multiprocessing's words
    return make(UnsendableResult, message, function, exc=why, value=value)


def _too_large(parts: Tuple[int, int, int], function: str) -> BaseException:
    size, limit, others = parts
    bucket = "name an S3 bucket for such data (bucket= or LAMBDAPOOL_BUCKET)"
    travels, way_out = " as it travels (as base64, compressed where that helps)", "return less"
    if limit >= STREAMED_LIMIT:
        travels, service, way_out = "", "Lambda's limit for a streamed response", "return less, or " + bucket
    elif limit <= LAMBDA_LIMIT:
        service, way_out = "Lambda's response limit", "return less, " + bucket + ", or have the function stream its "
        way_out += "results, to 200 MB (`lambdapool update %s PATHS --response-mode streaming`)"
        way_out %= function or "NAME"
    else:
        service = "the platform's response limit"
    if others > 1024:
        way_out = "%d bytes were taken by other results of the same invocation: a smaller chunksize helps" % others
    message = "the result takes %d bytes%s, more than fits %s of %d bytes; %s"
    return make(PayloadTooLarge, message % (size, travels, service, limit, way_out), function)


def _not_stored(parts: Tuple[int, str], function: str) -> BaseException:
    message = (
        "the result has %d bytes, more than fits the answer, and could not be stored: %s; the function has run" % parts
    )
    return make(BlobError, message, function)


def _unreadable_task(parts: Tuple[Any, ...], function: str) -> BaseException:
    kind, message, module, *rest = parts
    versions, raised = rest or ({}, None)
    if raised is None:
        return mismatch.of_missing_code(kind, message, module, versions, function)
    failure = mismatch.of_task(kind, message, versions, function)
    cause = _exception(pickle.loads(raised), function)
    remote = cause.__cause__
    exceptions.set_cause(cause, None if remote is None else remote.__cause__)
    if remote is not None:
        remote.__cause__ = cause
    failure.__cause__ = remote
    return failure


_failures: Dict[int, Callable[[Any, str], BaseException]] = {
    EXCEPTION: _exception,
    UNSENDABLE: _unsendable,
    TOO_LARGE: _too_large,
    NOT_STORED: _not_stored,
    UNREADABLE: _unreadable_task,
    INITIALIZER: _initializer_failed,
}
