"""What can go wrong between calling a function and having its value.

A function's own exception arrives as itself, with the remote traceback as its ``__cause__``. Everything
else is a :class:`LambdaPoolError`. None of these is a ``TimeoutError``: those mean that *you* stopped
waiting (``result.get(timeout=...)``), and the task may still be running.
"""

from __future__ import annotations

from concurrent.futures import BrokenExecutor
from multiprocessing.pool import MaybeEncodingError  # type: ignore[attr-defined]  # typeshed lacks it
from pickle import PicklingError
from typing import Any, Dict, Optional, Tuple, Type

from .dollars import dollars


class LambdaPoolError(Exception):
    """The task has no value, and its function is not (known) to blame.

    Attributes:
        kind: a stable code, such as "throttled": docs/errors.md says what it means and what to do.
        function: the Lambda function's name, as the pool was given it; "" where there is none.
        code: the service's own error type, such as ``ResourceNotFoundException``; "" where there is none.
        request_id: of the invocation, as AWS and the logs name it; "" where there is none.
        http_status: 0 where the service did not answer.
        log_tail: the last lines of the invocation's log, where they came along.
        detail: what the service answered, verbatim; mostly "".
        item: the index of the item of a map that it befell, or of the first of those that shared its call; None
            where there is no map.
    """

    kind: str = ""
    function: str = ""
    code: str = ""
    request_id: str = ""
    http_status: int = 0
    log_tail: str = ""
    detail: str = ""
    item: Optional[int] = None

    @property
    def logs(self) -> str:
        """log_tail, by the name that results have for it."""
        return self.log_tail


class CredentialsError(LambdaPoolError):
    """There are no AWS credentials, or they cannot be used."""

    kind = "credentials"


class FunctionNotFound(LambdaPoolError):
    """There is no Lambda function of this name (in this region, of this account)."""

    kind = "not_found"


class AccessDenied(LambdaPoolError):
    """The service knows these credentials and refuses the call."""

    kind = "access_denied"


class Throttled(LambdaPoolError):
    """The service refused the call for rate or concurrency until the pool's ``throttle_timeout`` passed."""

    kind = "throttled"


class BlobError(LambdaPoolError):
    """Data that does not fit a call could not be stored or fetched; the message says where and why."""

    kind = "blob"


class PayloadTooLarge(LambdaPoolError):
    """A task or its outcome is larger than Lambda carries (6 MiB each way, after encoding)."""

    kind = "payload_too_large"


class FunctionTimedOut(LambdaPoolError):
    """The invocation ran into the Lambda function's own timeout. Items of one chunk share an invocation."""

    kind = "timed_out"


class OutOfMemory(LambdaPoolError):
    """The invocation used more memory than the Lambda function has."""

    kind = "out_of_memory"


class WorkerDied(LambdaPoolError, BrokenExecutor):
    """The worker's process ended without an answer: os._exit, a signal, a crash in an extension module.

    It is concurrent.futures' BrokenExecutor too, as the end of a process is there. Here it is one task's: the pool or
    executor goes on, with another worker.
    """

    kind = "worker_died"


class InitializerFailed(LambdaPoolError, BrokenExecutor):
    """The ``initializer`` raised in a worker; its own exception is the ``__cause__``. An executor is broken by it, as
    in the standard library."""

    kind = "initializer_failed"


class FunctionFailed(LambdaPoolError):
    """The Lambda function's runtime reported an error that no task raised, such as a failing import."""

    kind = "function_error"


class CodeMismatch(LambdaPoolError):
    """The code on the other side is missing, stale, or of another kind than the task needs."""

    kind = "code_mismatch"


class UnreadableTask(LambdaPoolError):
    """Something of the task's raised an exception while it was unpickled there: the function was not called.

    Its ``__cause__`` is the remote traceback, and that one's the exception.
    """

    kind = "unreadable_task"


class NetworkError(LambdaPoolError):
    """The service could not be reached, or the connection broke; the task may have run."""

    kind = "network"


class ProtocolError(LambdaPoolError):
    """Somebody answered with something that the protocol does not allow."""

    kind = "protocol"


class ServiceError(LambdaPoolError):
    """The service failed, or answered with an error that has no class of its own here."""

    kind = "service"


class LocalError(LambdaPoolError):
    """A file, directory or process of the local target failed."""

    kind = "io"


class RunConflict(LambdaPoolError):
    """A named run is under way elsewhere, has other code or other items than before, or has items of which nobody
    knows whether they have run. Nothing was sent."""

    kind = "run"


class BudgetExceeded(LambdaPoolError):
    """Nothing more of a map is sent, because it could then cost more than its ``max_cost``.

    Attributes:
        results: of map() and starmap(), the values of the items that are done, by their index.
    """

    kind = "budget"
    results: Dict[int, Any] = {}


class PoolTerminated(LambdaPoolError):
    """The pool or executor ended before the task had an outcome. The task may have run."""

    kind = "cancelled"


class PoolForked(PoolTerminated):
    """The pool was made before ``fork()`` and is used in the child: its connections stayed in the parent."""

    kind = "pool_forked"


class RemoteError(LambdaPoolError):
    """The function raised an exception that cannot be rebuilt here. Its traceback is the ``__cause__``.

    Attributes:
        type_name: of the exception, with its module where that is not builtins.
        remote_message: ``str()`` of the exception.
        remote_traceback: as Python printed it on the other side.
    """

    kind = "remote_error"
    type_name: str = ""
    remote_message: str = ""
    remote_traceback: str = ""


class UnsendableResult(LambdaPoolError, MaybeEncodingError, PicklingError):  # type: ignore[misc]
    """The function returned something that cannot be pickled there, or not be unpickled here.

    It is multiprocessing's MaybeEncodingError and a PicklingError too, so that code written for a Pool goes on
    catching it.

    Attributes:
        exc, value: as multiprocessing has them, the reprs of what went wrong and of the result.
    """

    kind = "unsendable_result"
    exc: str = ""
    value: str = ""

    def __init__(self, message: str) -> None:
        Exception.__init__(self, message)

    __str__ = Exception.__str__
    __repr__ = Exception.__repr__


#: By the number that C++ has for the kind (include/lambdapool/error_kind.hpp): its name there, and its class here.
KINDS: Dict[int, Tuple[str, Type[Exception]]] = {
    0: ("invalid_argument", ValueError),
    1: ("credentials", CredentialsError),
    2: ("not_found", FunctionNotFound),
    3: ("conflict", ServiceError),
    4: ("access_denied", AccessDenied),
    5: ("throttled", Throttled),
    6: ("payload_too_large", PayloadTooLarge),
    7: ("timed_out", FunctionTimedOut),
    8: ("out_of_memory", OutOfMemory),
    9: ("worker_died", WorkerDied),
    10: ("function_error", FunctionFailed),
    11: ("code_mismatch", CodeMismatch),
    12: ("network", NetworkError),
    13: ("protocol", ProtocolError),
    14: ("service", ServiceError),
    15: ("cancelled", PoolTerminated),
    16: ("io", LocalError),
    17: ("run", RunConflict),
    18: ("budget", BudgetExceeded),
}

CANCELLED = 15

#: The engine tells it by the code, whatever kept the data away.
BLOB_CODE = "LambdapoolBlobError"

NativeError = Tuple[int, str, str, str, int, str, str]


def from_native(error: NativeError, function: str) -> Exception:
    """The exception that an error of the engine stands for."""
    number, message, code, request_id, http_status, log_tail, detail = error
    kind, class_ = ("blob", BlobError) if code == BLOB_CODE else KINDS[number]
    exception = class_(message)
    if not isinstance(exception, LambdaPoolError):
        return exception
    attributes = {
        "kind": kind,
        "function": function,
        "code": code,
        "request_id": request_id,
        "http_status": http_status,
        "log_tail": log_tail,
        "detail": detail,
    }
    exception.__dict__.update({name: value for name, value in attributes.items() if value})
    return exception


def make(
    kind: Type[LambdaPoolError], message: str, function: Optional[str] = None, **attributes: object
) -> LambdaPoolError:
    """An error with its attributes."""
    exception = kind(message)
    exception.__dict__.update(attributes)
    if function:
        exception.function = function
    return exception


def budget_exceeded(cap: float, spent: float, dearest: float, function: str) -> LambdaPoolError:
    if not dearest:
        message = "max_cost cannot be kept: the platform has not told what the map's first calls have cost"
    else:
        message = "the map has cost %s of its max_cost of %s, and an item costs up to %s" % (
            dollars(spent),
            dollars(cap),
            dollars(dearest),
        )
    message += (
        "; this item was not run, and no other (a map with a name keeps what is done, and goes on with a new max_cost)"
    )
    return make(BudgetExceeded, message, function)
