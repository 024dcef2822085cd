"""LambdaExecutor: concurrent.futures.Executor, with a Lambda function for its workers."""

from __future__ import annotations

import time
from collections.abc import Sized
from concurrent.futures import Executor

from .arguments import check_callable, check_chunksize, check_integer, check_progress, check_seconds
from .either_order import DEFAULT_WORKERS, in_either_order

TYPE_CHECKING = False  # typing's own would cost its import
if TYPE_CHECKING:
    import os
    from types import TracebackType
    from typing import Any, Callable, Iterable, Iterator, List, Optional, Sequence, Type, Union

    from typing_extensions import ParamSpec, TypeVar, Unpack

    from .blobs import Shared
    from .deployment import Paths
    from .futures import TaskFuture
    from .map_options import MapOptions, RetryOn
    from .progress import Wanted
    from .report import Report

    P = ParamSpec("P")
    S = TypeVar("S")
    T = TypeVar("T")

_WORKERS = frozenset(("max_workers", "workers"))  # two names of one argument


class LambdaExecutor(Executor):
    """Runs functions on AWS Lambda, with the methods of :class:`concurrent.futures.Executor`. ``submit``
    returns a :class:`concurrent.futures.Future`, for ``as_completed``, ``wait`` and ``asyncio.wrap_future``.

    Args:
        lambda_function: the name (or name:qualifier, or ARN) of a function made by ``lambdapool create``. If not
            given, ``LAMBDAPOOL_FUNCTION``, or the only function of a ``lambdapool.toml`` here or above.
        max_workers: how many invocations may run at once; 100 if not given, a tenth of what an AWS account
            has by default. May be given as `workers` too, as LambdaPool has it,
            and before the function.

    The other arguments, and what is raised, are LambdaPool's; ``max_tasks_per_child`` is what it calls
    ``maxtasksperchild``. Where the `initializer` fails the executor is broken: what it has and what is submitted later
    raises InitializerFailed, a BrokenExecutor.

    Leaving the ``with`` block waits for the futures, as in the standard library; so does the end of the
    program. After a Ctrl-C neither does.
    """

    @in_either_order("lambda_function", "max_workers")
    def __init__(
        self,
        lambda_function: Optional[str] = None,
        max_workers: Optional[int] = None,
        aws_access_key_id: Optional[str] = None,
        aws_secret_access_key: Optional[str] = None,
        aws_region_name: Optional[str] = None,
        *,
        workers: Optional[int] = None,
        aws_session_token: Optional[str] = None,
        aws_profile_name: Optional[str] = None,
        target: Optional[str] = None,
        region: Optional[str] = None,
        project: Optional[str] = None,
        function_timeout: Optional[float] = None,
        throttle_timeout: float = 300,
        network_timeout: float = 120,
        idempotent: bool = False,
        retries: Optional[int] = None,
        allow_http: bool = False,
        bucket: Optional[str] = None,
        stale: Optional[str] = None,
        deploy: Union[None, bool, Paths] = None,
        requirements: Union[None, str, "os.PathLike[str]"] = None,
        memory: Union[None, int, Sequence[int]] = None,
        timeout: Optional[int] = None,
        initializer: Optional[Callable[..., object]] = None,
        initargs: Iterable[Any] = (),
        max_tasks_per_child: Optional[int] = None,
        progress: Wanted = None,
        retry_on: RetryOn = None,
        backoff: Optional[float] = None,
        keep_failed: Union[None, str, "os.PathLike[str]"] = None,
        stdout: bool = False,
    ) -> None:
        from .connection import connect
        from .default_function import function_or_default
        from .retry import pool_retry
        from .worker_setup import WorkerSetup

        self._shutdown = False
        # By this name the standard library's executors have it, and others (dask) read it.
        self._max_workers = _workers(max_workers, workers)
        if max_tasks_per_child is not None and check_integer("max_tasks_per_child", max_tasks_per_child) <= 0:
            raise ValueError("max_tasks_per_child must be >= 1")
        self._progress = check_progress(progress)
        self._setup = WorkerSetup(initializer, initargs, max_tasks_per_child)
        self._idempotent = idempotent
        self._retry, retries = pool_retry(retry_on, retries, backoff, idempotent)
        self._dispatcher = connect(
            function_or_default(lambda_function),
            self._max_workers,
            ahead=3 * self._max_workers,  # as many as wait at workers; on its way to the engine none can be cancelled
            drains_at_exit=True,
            target=target, region=region, aws_region_name=aws_region_name, project=project, profile=aws_profile_name,
            access_key_id=aws_access_key_id, secret_access_key=aws_secret_access_key, session_token=aws_session_token,
            function_timeout=function_timeout, throttle_timeout=throttle_timeout, network_timeout=network_timeout,
            idempotent=idempotent, retries=retries,
            stale=stale,
            deploy=deploy,
            settings={"requirements": requirements, "memory": memory, "timeout": timeout},
            allow_http=allow_http, bucket=bucket, stdout=stdout,
        )  # fmt: skip
        from .futures import TaskFuture  # late: see connect()
        from .kept import keeper_of

        self._future = TaskFuture  # imported once, and not with each
        self._keeper = keeper_of(keep_failed, self._dispatcher)

    @classmethod
    def configured(cls, **settings: Any) -> "Type[LambdaExecutor]":
        """A subclass whose constructor needs no arguments, for libraries that take an executor's class. What they
        do give counts more than `settings`, which are the constructor's; as with the standard library's executors, what
        comes first is `max_workers`."""

        import inspect

        inspect.signature(LambdaExecutor.__init__).bind_partial(
            None, **settings
        )  # a TypeError names what it does not know

        class Configured(cls):  # type: ignore[valid-type,misc]
            def __init__(self, max_workers: Optional[int] = None, **given: Any) -> None:
                if max_workers is not None:
                    given["max_workers"] = max_workers
                known = dict(settings)
                if not _WORKERS.isdisjoint(given):
                    known = {name: value for name, value in settings.items() if name not in _WORKERS}
                super().__init__(**{**known, **given})

        Configured.__name__ = Configured.__qualname__ = cls.__name__
        Configured.__doc__ = cls.__doc__
        return Configured

    def __repr__(self) -> str:
        dispatcher = self._dispatcher
        return "<lambdapool.LambdaExecutor function=%r max_workers=%d>" % (dispatcher.function, dispatcher.workers)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> TaskFuture[T]:
        """``fn(*args, **kwargs)``, there. A future can be cancelled until it is sent, and on `local` mostly until its
        task begins. It has ``logs`` and ``report`` too.

        Raises RuntimeError after shutdown().
        """
        check_callable("fn", fn)
        self._check_running()
        future: TaskFuture[T] = self._future()
        future._start(self, fn, args, kwargs)
        return future

    def share(self, obj: S) -> Shared[S]:
        """As :meth:`LambdaPool.share`."""
        return self._dispatcher.blobs.share(obj)

    def report(self) -> Report:
        """As :meth:`LambdaPool.report`."""
        from .report import report_of

        return report_of(self._dispatcher)

    def map(
        self,
        fn: Callable[..., Any],
        *iterables: Iterable[Any],
        timeout: Optional[float] = None,
        chunksize: int = 1,
        buffersize: Optional[int] = None,
        **options: Unpack[MapOptions],
    ) -> Iterator[Any]:
        """``map(fn, *iterables)``, there, in order. Who stops consuming, by an exception too, cancels what is
        not sent.

        Args:
            timeout: seconds from this call until ``next()`` raises TimeoutError.
            chunksize: so many items share an invocation (and a failure of it).
            buffersize: at most so many items are pulled ahead of the consumer; None pulls all at once.
            options: as :meth:`LambdaPool.map` has them.
        """
        from . import pickling
        from .map_options import Asked
        from .mapped import Mapped, MappedResults
        from .resumption import merged

        check_callable("fn", fn)
        timeout = check_seconds("timeout", timeout)
        chunksize = check_chunksize(chunksize, "chunksize must be >= 1.")
        if buffersize is not None and (isinstance(buffersize, bool) or not isinstance(buffersize, int)):
            raise TypeError("buffersize must be an integer or None")
        if buffersize is not None and buffersize < 1:
            raise ValueError("buffersize must be None or > 0")
        deadline = None if timeout is None else time.monotonic() + timeout
        self._check_running()
        asked = Asked(self, dict(options))
        if asked.name is None and getattr(self.submit, "__func__", None) is not LambdaExecutor.submit:
            from .submitted_map import submitted_map

            return submitted_map(self, fn, zip(*iterables), deadline, chunksize, buffersize, options)
        function = self._setup.wrap(pickling.dumps(fn, apart=self._dispatcher.blobs.apart))
        resumption = asked.resume(fn)
        items: Iterator[Any] = zip(*iterables)
        if resumption is not None:
            items = iter(resumption.sift(items, chunksize))
        mapped = Mapped(self._dispatcher, function, items, chunksize, asked, resumption)
        sizes = [len(iterable) for iterable in iterables if isinstance(iterable, Sized)]
        total = min(sizes, default=0) if len(sizes) == len(iterables) else None
        mapped.show(asked.progress, total)
        mapped.submit(buffersize and -(-buffersize // chunksize))
        # What is still to be pulled is to be run: only then do the results keep the executor.
        results = mapped.results(deadline, self if buffersize else None)
        return MappedResults(mapped, results if resumption is None else merged(resumption, results))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """No more tasks. Interrupted by Ctrl-C it waits for nothing."""
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
        ended = self._dispatcher.ended
        if ended is None and not self._shutdown:
            return
        from .errors import InitializerFailed, PoolForked

        if isinstance(ended, PoolForked):
            raise PoolForked("this executor was made before fork(): make a new one in the child process")
        if isinstance(ended, InitializerFailed):
            raise InitializerFailed("the executor is broken: %s" % ended) from ended
        raise RuntimeError("cannot schedule new futures after shutdown")


def _workers(max_workers: Optional[int], workers: Optional[int]) -> int:
    if max_workers is not None and workers is not None:
        raise TypeError("max_workers and workers are the same: give one of them")
    given = workers if max_workers is None else max_workers
    if given is None:
        return DEFAULT_WORKERS
    count = check_integer("max_workers, the number of workers,", given)
    if count <= 0:
        raise ValueError("max_workers must be greater than 0")
    return count


__all__: List[str] = ["LambdaExecutor"]
