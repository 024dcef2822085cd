"""What can go wrong between calling a function and having its value.

A function's own exception arrives as itself, with the remote traceback as its ``__cause__``. Everything
else is a :class:`LambdaPoolError`. None of these is a ``TimeoutError``: those mean that *you* stopped
waiting (``result.get(timeout=...)``), and the task may still be running.
"""

from __future__ import annotations

from concurrent.futures import BrokenExecutor
from multiprocessing.pool import MaybeEncodingError
from pickle import PicklingError
from typing import Optional, Tuple


class LambdaPoolError(Exception):
    """The task has no value, and its function is not (known) to blame.

    Attributes:
        function: the Lambda function's name, as the pool was given it; "" where there is none.
        code: the service's own error type, such as ``ResourceNotFoundException``; "" where there is none.
        request_id: of the invocation, as AWS and the logs name it; "" where there is none.
        http_status: 0 where the service did not answer.
        log_tail: the last lines of the invocation's log, where they came along.
        detail: what the service answered, verbatim; mostly "".
        item: the index of the item of a map that it befell, or of the first of those that shared its call; None
            where there is no map.
    """

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


class FunctionNotFound(LambdaPoolError):
    """There is no Lambda function of this name (in this region, of this account)."""


class AccessDenied(LambdaPoolError):
    """The service knows these credentials and refuses the call."""


class Throttled(LambdaPoolError):
    """The service refused the call for rate or concurrency until the pool's ``throttle_timeout`` passed."""


class BlobError(LambdaPoolError):
    """Data that does not fit a call could not be stored or fetched; the message says where and why."""


class PayloadTooLarge(LambdaPoolError):
    """A task or its outcome is larger than Lambda carries (6 MiB each way, after encoding)."""


class FunctionTimedOut(LambdaPoolError):
    """The invocation ran into the Lambda function's own timeout. Items of one chunk share an invocation."""


class OutOfMemory(LambdaPoolError):
    """The invocation used more memory than the Lambda function has."""


class WorkerDied(LambdaPoolError, BrokenExecutor):
    """The worker's process ended without an answer: os._exit, a signal, a crash in an extension module.

    It is concurrent.futures' BrokenExecutor too, as the end of a process is there. Here it is one task's: the pool or
    executor goes on, with another worker.
    """


class InitializerFailed(LambdaPoolError, BrokenExecutor):
    """The ``initializer`` raised in a worker; its own exception is the ``__cause__``. An executor is broken by it, as
    in the standard library."""


class FunctionFailed(LambdaPoolError):
    """The Lambda function's runtime reported an error that no task raised, such as a failing import."""


class CodeMismatch(LambdaPoolError):
    """The code on the other side is missing, stale, or of another kind than the task needs."""


class UnreadableTask(LambdaPoolError):
    """Something of the task's raised an exception while it was unpickled there: the function was not called.

    Its ``__cause__`` is the remote traceback, and that one's the exception.
    """


class NetworkError(LambdaPoolError):
    """The service could not be reached, or the connection broke; the task may have run."""


class ProtocolError(LambdaPoolError):
    """Somebody answered with something that the protocol does not allow."""


class ServiceError(LambdaPoolError):
    """The service failed, or answered with an error that has no class of its own here."""


class LocalError(LambdaPoolError):
    """A file, directory or process of the local target failed."""


class PoolTerminated(LambdaPoolError):
    """The pool or executor ended before the task had an outcome. The task may have run."""


class PoolForked(PoolTerminated):
    """The pool was made before ``fork()`` and is used in the child: its connections stayed in the parent."""


class RemoteError(LambdaPoolError):
    """The function raised an exception that cannot be rebuilt here. Its traceback is the ``__cause__``.

    Attributes:
        type_name: of the exception, with its module where that is not builtins.
        remote_message: ``str()`` of the exception.
        remote_traceback: as Python printed it on the other side.
    """

    type_name: str = ""
    remote_message: str = ""
    remote_traceback: str = ""


class UnsendableResult(LambdaPoolError, MaybeEncodingError, PicklingError):
    """The function returned something that cannot be pickled there, or not be unpickled here.

    It is multiprocessing's MaybeEncodingError and a PicklingError too, so that code written for a Pool goes on
    catching it.

    Attributes:
        exc, value: as multiprocessing has them, the reprs of what went wrong and of the result.
    """

    exc: str = ""
    value: str = ""

    def __init__(self, message: str) -> None:
        Exception.__init__(self, message)

    __str__ = Exception.__str__
    __repr__ = Exception.__repr__


_classes = {
    "credentials": CredentialsError,
    "not found": FunctionNotFound,
    "access denied": AccessDenied,
    "throttled": Throttled,
    "payload too large": PayloadTooLarge,
    "timed out": FunctionTimedOut,
    "out of memory": OutOfMemory,
    "worker died": WorkerDied,
    "function error": FunctionFailed,
    "code mismatch": CodeMismatch,
    "network": NetworkError,
    "protocol": ProtocolError,
    "service": ServiceError,
    "conflict": ServiceError,
    "input/output": LocalError,
    "cancelled": PoolTerminated,
}

NativeError = Tuple[str, str, str, str, int, str, str]


def from_native(error: NativeError, function: str) -> Exception:
    """The exception that an error of the engine stands for."""
    kind, message, code, request_id, http_status, log_tail, detail = error
    if kind == "invalid argument":
        return ValueError(message)
    exception = (BlobError if code == "LambdapoolBlobError" else _classes.get(kind, ServiceError))(message)
    attributes = {
        "function": function,
        "code": code,
        "request_id": request_id,
        "http_status": http_status,
        "log_tail": log_tail,
        "detail": detail,
    }
    exception.__dict__.update({name: value for name, value in attributes.items() if value})
    return exception


def make(kind: type, message: str, function: Optional[str] = None, **attributes: object) -> LambdaPoolError:
    """An error with its attributes."""
    exception = kind(message)
    exception.__dict__.update(attributes)
    if function:
        exception.function = function
    return exception
