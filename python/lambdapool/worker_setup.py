"""What a pool asks of its workers before their tasks: an initializer, and an end after so many tasks."""

from __future__ import annotations

import pickle
from typing import Any, Callable, Iterable, Optional

from . import pickling


class WorkerSetup:
    """Judges what the caller gives; `wrap` makes it travel with each function. docs/protocol.md has the form."""

    def __init__(
        self,
        initializer: Optional[Callable[..., object]],
        initargs: Iterable[Any],
        max_tasks: Optional[int],
    ) -> None:
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        arguments = tuple(initargs)
        self.code = (initializer, arguments)  # that tasks run with
        self._initializer = b"" if initializer is None else _sent(initializer, arguments)
        self._max_tasks = max_tasks
        self._asks = initializer is not None or max_tasks is not None
        self._digest = _digest(self._initializer + b"%d" % (max_tasks or 0)) if self._asks else b""

    def wrap(self, function: bytes) -> bytes:
        if not self._asks:
            return function
        wrapped = pickle.dumps((self._digest, self._initializer, self._max_tasks, bytes(function)), pickling.PROTOCOL)
        return pickling.with_parts_of(wrapped, function)


def _digest(asked: bytes) -> bytes:
    import hashlib  # late: see connect()

    return hashlib.sha256(asked).digest()[:16]


def _sent(initializer: Callable[..., object], arguments: "tuple[Any, ...]") -> bytes:
    def parts() -> Any:
        from .unsendable import Parts

        return Parts(
            [
                ("the initializer", initializer),
                *(("initargs[%d]" % index, each) for index, each in enumerate(arguments)),
            ]
        )

    try:
        return pickling.dumps((initializer, arguments), parts)
    except Exception as error:
        told = "; ".join([str(error), *getattr(error, "__notes__", ())])
        raise TypeError(
            "the initializer or its initargs cannot be sent to the workers: %s (locks, queues and open files of this "
            "machine mean nothing there)" % told
        ) from error
