"""LambdaExecutor: concurrent.futures.Executor, with a Lambda function for its workers."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from concurrent.futures import Executor, Future, InvalidStateError
from functools import partial
from types import TracebackType
from typing import Any, Callable, Deque, Iterable, Iterator, List, Optional, Type

from . import pickling
from .chunking import FixedChunks
from .connection import connect
from .errors import PoolForked
from .jobs import Batch, Task
from .logs import JobLogs
from .outcomes import Outcome

DEFAULT_WORKERS = 100


class TaskFuture(Future):  # type: ignore[type-arg]
    """A task's future, with its log."""

    def __init__(self) -> None:
        super().__init__()
        self._logs = JobLogs()

    @property
    def logs(self) -> str:
        """What the task printed, between what Lambda logs of it; its last 4 KB. "" until it is done."""
        return self._logs.text(self.done())


class LambdaExecutor(Executor):
    """Runs functions on AWS Lambda, with the methods of :class:`concurrent.futures.Executor`. ``submit``
    returns a :class:`concurrent.futures.Future`, for ``as_completed``, ``wait`` and ``asyncio.wrap_future``.

    Args:
        lambda_function: the name (or name:qualifier, or ARN) of a function made by ``lambdapool create``.
        max_workers: how many invocations may run at once; 100 if not given, a tenth of what an AWS account
            has by default.

    The other arguments, and what is raised, are LambdaPool's.

    Leaving the ``with`` block waits for the futures, as in the standard library; so does the end of the
    program. After a Ctrl-C neither does.
    """

    def __init__(
        self,
        lambda_function: str,
        aws_access_key_id: Optional[str] = None,
        aws_secret_access_key: Optional[str] = None,
        aws_region_name: Optional[str] = None,
        max_workers: Optional[int] = None,
        *,
        aws_session_token: Optional[str] = None,
        aws_profile_name: Optional[str] = None,
        target: Optional[str] = None,
        function_timeout: float = 900,
        throttle_timeout: float = 300,
        idempotent: bool = False,
        retries: Optional[int] = None,
        allow_http: bool = False,
    ) -> None:
        self._shutdown_lock = threading.Lock()
        self._shutdown = False
        self._dispatcher = connect(
            lambda_function,
            DEFAULT_WORKERS if max_workers is None else max_workers,
            ahead=1,  # what is with the engine can no longer be cancelled
            drains_at_exit=True,
            target=target,
            region=aws_region_name,
            profile=aws_profile_name,
            access_key_id=aws_access_key_id,
            secret_access_key=aws_secret_access_key,
            session_token=aws_session_token,
            function_timeout=function_timeout,
            throttle_timeout=throttle_timeout,
            idempotent=idempotent,
            retries=retries,
            allow_http=allow_http,
        )

    def __repr__(self) -> str:
        dispatcher = self._dispatcher
        return "<lambdapool.LambdaExecutor function=%r max_workers=%d>" % (dispatcher.function, dispatcher.workers)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> TaskFuture:
        """``fn(*args, **kwargs)``, there. A future that was not sent yet can be cancelled. It has ``logs`` too.

        Raises RuntimeError after shutdown().
        """
        self._check_running()
        future = TaskFuture()
        try:
            function = pickling.dumps(fn)
            arguments = pickling.dump_items(pickling.CALL, [(args, kwargs)])
        except Exception as error:
            future.set_exception(error)
            return future
        self._dispatcher.enqueue(
            Task(
                function,
                arguments,
                partial(_fulfil, future),
                self._dispatcher.function,
                begin=future.set_running_or_notify_cancel,
                on_fork=partial(_end_forked, future),
                on_cancel=future.cancel,
                logs=future._logs,
            )
        )
        return future

    def map(  # type: ignore[override]
        self,
        fn: Callable[..., Any],
        *iterables: Iterable[Any],
        timeout: Optional[float] = None,
        chunksize: int = 1,
        buffersize: Optional[int] = None,
    ) -> Iterator[Any]:
        """``map(fn, *iterables)``, there, in order.

        Args:
            timeout: seconds from this call until ``next()`` raises TimeoutError.
            chunksize: so many items share an invocation (and a failure of it).
            buffersize: at most so many items are pulled ahead of the consumer; None pulls all at once.
        """
        if chunksize < 1:
            raise ValueError("chunksize must be >= 1.")
        if buffersize is not None and buffersize < 1:
            raise ValueError("buffersize must be None or > 0")
        deadline = None if timeout is None else time.monotonic() + timeout
        self._check_running()
        function = pickling.dumps(fn)
        items = zip(*iterables)
        chunks = iter(lambda: list(itertools.islice(items, chunksize)), [])
        futures = deque(
            self._submit_chunk(function, chunk)
            for chunk in itertools.islice(chunks, buffersize and -(-buffersize // chunksize))
        )
        return self._results(futures, chunks if buffersize else iter(()), function, deadline)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """No more tasks. Interrupted by Ctrl-C it waits for nothing."""
        with self._shutdown_lock:
            self._shutdown = True
        if cancel_futures:
            self._dispatcher.cancel_queued()
        self._dispatcher.close()
        if wait:
            try:
                self._dispatcher.join()
            except KeyboardInterrupt:
                self._dispatcher.terminate()
                raise

    def __exit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc_value: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        if exc_type is not None and issubclass(exc_type, KeyboardInterrupt):
            self.shutdown(wait=False, cancel_futures=True)
            self._dispatcher.terminate()
        else:
            self.shutdown(wait=True)

    def __del__(self) -> None:
        # As in the standard library: what was submitted will be finished, then the thread ends.
        dispatcher = self.__dict__.get("_dispatcher")
        if dispatcher is not None:
            dispatcher.close()

    def _check_running(self) -> None:
        if self._dispatcher.forked:
            raise PoolForked("this executor was made before fork(): make a new one in the child process")
        with self._shutdown_lock:
            if self._shutdown or self._dispatcher.terminated:
                raise RuntimeError("cannot schedule new futures after shutdown")

    def _submit_chunk(self, function: bytes, items: List[Any]) -> "Future[List[Outcome]]":
        future: "Future[List[Outcome]]" = Future()
        outcomes: List[Outcome] = [(False, None)] * len(items)
        left = len(items)

        def deliver(start: int, some: List[Outcome]) -> None:
            nonlocal left
            outcomes[start : start + len(some)] = some
            left -= len(some)
            if not left:
                _fulfil(future, (True, outcomes))

        self._dispatcher.enqueue(
            Batch(
                self._dispatcher,
                function,
                pickling.STARMAP,
                items,
                FixedChunks(len(items)),
                deliver,
                begin=future.set_running_or_notify_cancel,
                on_fork=partial(_end_forked, future),
                on_cancel=future.cancel,
            )
        )
        return future

    def _results(
        self,
        futures: "Deque[Future[List[Outcome]]]",
        chunks: Iterator[List[Any]],
        function: bytes,
        deadline: Optional[float],
    ) -> Iterator[Any]:
        try:
            while futures:
                left = None if deadline is None else deadline - time.monotonic()
                outcomes = futures[0].result(left)
                futures.popleft()
                chunk = next(chunks, None)
                if chunk:
                    futures.append(self._submit_chunk(function, chunk))
                outcomes.reverse()
                while outcomes:
                    succeeded, value = outcomes.pop()
                    if not succeeded:
                        raise value
                    yield value
        finally:
            for future in futures:
                future.cancel()


def _fulfil(future: "Future[Any]", outcome: Outcome) -> None:
    succeeded, value = outcome
    try:
        if succeeded:
            future.set_result(value)
        else:
            future.set_exception(value)
    except InvalidStateError:
        pass  # cancelled before it was sent


def _end_forked(future: "Future[Any]", exception: BaseException) -> None:
    """In a forked child: whoever held the condition is gone, so it is replaced. No callbacks."""
    future._condition = threading.Condition()  # type: ignore[attr-defined]
    future._done_callbacks = []  # type: ignore[attr-defined]
    future._waiters = []  # type: ignore[attr-defined]
    _fulfil(future, (False, exception))


__all__: List[str] = ["LambdaExecutor"]
