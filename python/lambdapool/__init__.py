"""Run your functions on AWS Lambda as if it were a process pool on your desk.

    >>> from lambdapool import LambdaPool
    >>> from algorithms.algorithms import fibonacci
    >>> with LambdaPool(workers=10, lambda_function="algorithms") as pool:
    ...     pool.map(fibonacci, range(10))
    [0, 1, 1, 2, 3, 5, 8, 13, 21, 34]
"""

from ._native import version as __version__
from .errors import (
    AccessDenied,
    CodeMismatch,
    CredentialsError,
    FunctionFailed,
    FunctionNotFound,
    FunctionTimedOut,
    LambdaPoolError,
    LocalError,
    NetworkError,
    OutOfMemory,
    PayloadTooLarge,
    PoolForked,
    PoolTerminated,
    ProtocolError,
    RemoteError,
    ServiceError,
    Throttled,
    UnsendableResult,
    WorkerDied,
)
from .executor import LambdaExecutor
from .pool import LambdaPool

__all__ = [
    "AccessDenied",
    "CodeMismatch",
    "CredentialsError",
    "FunctionFailed",
    "FunctionNotFound",
    "FunctionTimedOut",
    "LambdaExecutor",
    "LambdaPool",
    "LambdaPoolError",
    "LocalError",
    "NetworkError",
    "OutOfMemory",
    "PayloadTooLarge",
    "PoolForked",
    "PoolTerminated",
    "ProtocolError",
    "RemoteError",
    "ServiceError",
    "Throttled",
    "UnsendableResult",
    "WorkerDied",
    "__version__",
]
