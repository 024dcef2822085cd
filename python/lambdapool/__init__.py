"""Run your functions on AWS Lambda as if it were a process pool on your desk.

A pool of ten workers:

    >>> from lambdapool import LambdaPool
    >>> from algorithms.algorithms import fibonacci
    >>> with LambdaPool(workers=10, lambda_function="algorithms") as pool:
    ...     pool.map(fibonacci, range(10))
    [0, 1, 1, 2, 3, 5, 8, 13, 21, 34]
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing's own would cost its import
if TYPE_CHECKING:
    from typing import Any, List

    from lambdapool_by_value.files import File

    from ._native import version as __version__
    from .blobs import Shared
    from .deploying import Event, Function, create, delete, update
    from .deploying import list as list
    from .errors import (
        AccessDenied,
        BlobError,
        BudgetExceeded,
        CodeMismatch,
        CredentialsError,
        FunctionFailed,
        FunctionNotFound,
        FunctionTimedOut,
        InitializerFailed,
        LambdaPoolError,
        LocalError,
        NetworkError,
        OutOfMemory,
        PayloadTooLarge,
        PoolForked,
        PoolTerminated,
        ProtocolError,
        RemoteError,
        RunConflict,
        ServiceError,
        Throttled,
        UnreadableTask,
        UnsendableResult,
        WorkerDied,
    )
    from .executor import LambdaExecutor
    from .local_lambda import local
    from .pool import LambdaPool
    from .progress import Progress, as_completed
    from .remote_function import function
    from .report import Report

__all__ = [
    "AccessDenied",
    "BlobError",
    "BudgetExceeded",
    "CodeMismatch",
    "CredentialsError",
    "Event",
    "File",
    "Function",
    "FunctionFailed",
    "FunctionNotFound",
    "FunctionTimedOut",
    "InitializerFailed",
    "LambdaExecutor",
    "LambdaPool",
    "LambdaPoolError",
    "LocalError",
    "NetworkError",
    "OutOfMemory",
    "PayloadTooLarge",
    "PoolForked",
    "PoolTerminated",
    "Progress",
    "ProtocolError",
    "RemoteError",
    "Report",
    "RunConflict",
    "ServiceError",
    "Shared",
    "Throttled",
    "UnreadableTask",
    "UnsendableResult",
    "WorkerDied",
    "__version__",
    "as_completed",
    "create",
    "delete",
    "function",
    "local",
    "update",
]
# `list` is not among them: `from lambdapool import *` would take Python's own away.

_HOMES = {
    "LambdaPool": ".pool",
    "LambdaExecutor": ".executor",
    "File": "lambdapool_by_value.files",
    "Shared": ".blobs",
    "function": ".remote_function",
    "local": ".local_lambda",
    "Report": ".report",
    "Progress": ".progress",
    "as_completed": ".progress",
    **dict.fromkeys(("Event", "Function", "create", "delete", "list", "update"), ".deploying"),
}


def __getattr__(name: str) -> Any:
    """Each name is imported when it is first asked for (PEP 562)."""
    from importlib import import_module

    if name == "__version__":
        value = import_module("._native", __name__).version
    elif name in __all__ or name in _HOMES:
        value = getattr(import_module(_HOMES.get(name, ".errors"), __name__), name)
    else:
        raise AttributeError("module %r has no attribute %r" % (__name__, name))
    globals()[name] = value
    return value


def __dir__() -> List[str]:
    return sorted(set(globals()) | set(__all__) | set(_HOMES))
