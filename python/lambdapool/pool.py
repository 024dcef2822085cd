"""LambdaPool: multiprocessing.pool.Pool, with a Lambda function for its workers.

What stands behind it (the extension, multiprocessing's results) is imported with the first pool, not with the
module: an import of lambdapool that makes no pool, as in a worker or a command, costs next to nothing.
"""

from __future__ import annotations

import warnings

from . import _native
from .arguments import check_callable, check_callback, check_chunksize, check_keywords, check_progress
from .either_order import DEFAULT_WORKERS, in_either_order

TYPE_CHECKING = False  # typing's own would cost its import
if TYPE_CHECKING:
    import os
    from multiprocessing.pool import Pool
    from types import TracebackType
    from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Type, Union

    from typing_extensions import TypeVar, Unpack

    from .blobs import Shared
    from .deployment import Paths
    from .imap import Kind, LambdaIMapIterator, LambdaIMapUnorderedIterator
    from .jobs import Task
    from .map_options import MapOptions, RetryOn
    from .progress import Wanted
    from .report import Report
    from .results import BatchResult, Callback, TaskResult
    from .tuning import Tuning

    S = TypeVar("S")
    T = TypeVar("T")
    _Base = Pool  # a LambdaPool is accepted where a Pool is annotated
else:
    _Base = object

MEMORY = _native.sizes_to_tune  # MB

RUN, CLOSE, TERMINATE = "RUN", "CLOSE", "TERMINATE"


class LambdaPool(_Base):
    """Runs functions on AWS Lambda, at most `workers` at a time, with the methods of
    :class:`multiprocessing.pool.Pool`.

    Args:
        workers: how many invocations may run at once; 100 if not given, a tenth of what an AWS account has by default.
        lambda_function: the name (or name:qualifier, or ARN) of a function made by ``lambdapool create``. If not
            given, ``LAMBDAPOOL_FUNCTION``, or the only function of a ``lambdapool.toml`` here or above. These two
            may come in either order.
        aws_access_key_id, aws_secret_access_key, aws_session_token: an identity. Without one, the usual
            places are looked at: environment variables, then the profile in ``~/.aws``.
        region, aws_region_name: two names of one; else ``AWS_REGION``, ``AWS_DEFAULT_REGION``, the profile's region, on
            Google Cloud ``GOOGLE_CLOUD_REGION`` or gcloud's.
        project: of Google Cloud; else ``GOOGLE_CLOUD_PROJECT``, the credentials' own, or gcloud's.
        aws_profile_name: a profile in ``~/.aws``.
        target: ``"aws"``, ``"local"``, ``"gcp"`` or ``"gcp-local"``; else ``LAMBDAPOOL_TARGET``; else ``"aws"``.
        function_timeout: the Lambda function's own timeout is at most so many seconds. A connection that
            is silent for longer than that is given up. If not given, the function tells: until its first answer a
            connection may be silent for 1,800 seconds, which is the most that Lambda allows.
        throttle_timeout: how many seconds a task is tried again while Lambda refuses it for rate or concurrency
            and no other task of the pool gets through.
        network_timeout: how many seconds tasks wait for a service that cannot be reached, until nothing of the pool
            has reached it for so long; a RuntimeWarning says so after five seconds. 0: they fail at once.
        idempotent: the tasks may run twice without harm. Then one that may have run, because its answer was
            lost or was an error of the service, is sent again; else it fails at once.
        retry_on: exceptions, a class or a tuple of them, after which an item or task is run again: the function's own,
            and such as WorkerDied. Others are its outcome.
        retries: how often that, at most. If not given: twice, and while the network is out what may have run as often
            as fits into `network_timeout`. Only with `idempotent` or `retry_on`.
        backoff: seconds until an item is run again the first time, 0.5 if not given; twice as long each time, up to a
            minute, and by chance down to half of that.
        stale: what to do where a module that is loaded here was deployed with another source: ``"error"``
            (CodeMismatch, nothing is run), ``"update"`` (the function's code is replaced as ``lambdapool update`` does
            it, and the task sent again), ``"warn"``, or ``"ignore"``; else ``LAMBDAPOOL_STALE``; else ``"error"``.
        deploy: paths of what the function shall have, or True for what ``lambdapool.toml`` says of it. Before the pool
            is there they are deployed as a version of the function, unless they are already, and the pool calls that
            version: what others deploy changes nothing for it. Needs the rights of ``lambdapool policy deploy``.
        requirements, memory, timeout: with `deploy`, a requirements file, megabytes, and seconds. Several megabytes,
            ``[512, 1024, 4096]``, are a ladder: a version each of the same code, and only what has run out of memory is
            run again, with the next.
        initializer, initargs: ``initializer(*initargs)`` runs once in each worker environment, before its first task
            of this pool, and within that task's time. Where it raises, the task fails with InitializerFailed.
        maxtasksperchild: tasks run in processes that are replaced after so many (chunks of a map count as one).
        allow_http: an endpoint may be plain http to another machine, where whoever is on the way can answer in its
            place, with code that runs here. Also ``LAMBDAPOOL_ALLOW_HTTP=1``.

        progress: True shows on standard error how far each map is, where that is a terminal or a notebook; ``"text"``
            elsewhere too. A callable gets a :class:`lambdapool.Progress`, at most ten times a second.
        keep_failed: a folder in which each task that failed leaves what was sent: ``lambdapool replay FILE`` runs it
            here, under a debugger. (Files of pickles: replay only your own.)
        stdout: what tasks print, on standard output and standard error, appears on this program's standard output while
            they run, line by line, with the name of the task in front: ``resize[7] | done``. docs/tasks.md.
        bucket: the S3 bucket for arguments and results that do not fit a call (6 MB); else ``LAMBDAPOOL_BUCKET``, else
            that of ``lambdapool.toml``. The target local needs none; without one, results to 200 MB are streamed.

    Raises:
        CredentialsError: there is no identity for AWS; the message says what to do.
        ValueError, TypeError: an argument makes no sense.

    A task's function raises its own exceptions here, with the remote traceback as ``__cause__``. What the
    platform does to a task is a :class:`lambdapool.LambdaPoolError`. A task runs at most once,
    unless it is idempotent.

    As in multiprocessing, leaving the ``with`` block terminates the pool.
    """

    _cache: Dict[int, Any]  # results without an outcome, as multiprocessing's results want it

    @in_either_order("workers", "lambda_function")
    def __init__(
        self,
        workers: int = DEFAULT_WORKERS,
        lambda_function: Optional[str] = None,
        aws_access_key_id: Optional[str] = None,
        aws_secret_access_key: Optional[str] = None,
        aws_region_name: Optional[str] = None,
        *,
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
        maxtasksperchild: Optional[int] = None,
        progress: Wanted = None,
        retry_on: RetryOn = None,
        backoff: Optional[float] = None,
        keep_failed: Union[None, str, "os.PathLike[str]"] = None,
        stdout: bool = False,
    ) -> None:
        self._cache, self._state = {}, TERMINATE
        from .connection import connect
        from .default_function import function_or_default
        from .retry import pool_retry
        from .worker_setup import WorkerSetup

        if maxtasksperchild is not None and (not isinstance(maxtasksperchild, int) or maxtasksperchild <= 0):
            raise ValueError("maxtasksperchild must be a positive int or None")
        self._progress = check_progress(progress)
        self._setup = WorkerSetup(initializer, initargs, maxtasksperchild)
        self._idempotent = idempotent
        self._retry, retries = pool_retry(retry_on, retries, backoff, idempotent)
        self._dispatcher = connect(
            function_or_default(lambda_function),
            workers,
            drains_at_exit=False,
            target=target, region=region, aws_region_name=aws_region_name, project=project, profile=aws_profile_name,
            access_key_id=aws_access_key_id, secret_access_key=aws_secret_access_key, session_token=aws_session_token,
            function_timeout=function_timeout, throttle_timeout=throttle_timeout, network_timeout=network_timeout,
            idempotent=idempotent, retries=retries,
            stale=stale,
            deploy=deploy,
            settings={"requirements": requirements, "memory": memory, "timeout": timeout},
            allow_http=allow_http, bucket=bucket, stdout=stdout,
        )  # fmt: skip
        from .kept import keeper_of  # late: see connect()

        self._keeper = keeper_of(keep_failed, self._dispatcher)
        self._state = RUN

    def __repr__(self) -> str:
        name = type(self).__name__
        if not hasattr(self, "_dispatcher"):
            return "<%s.%s>" % (type(self).__module__, name)
        return "<%s.%s state=%s function=%r workers=%d>" % (
            type(self).__module__,
            name,
            self._state,
            self._dispatcher.function,
            self._dispatcher.workers,
        )

    def apply(self, func: Callable[..., T], args: Iterable[Any] = (), kwds: Mapping[str, Any] = {}) -> T:
        """``func(*args, **kwds)``, there; waits for the value."""
        from .results import Applied

        self._check_running()
        task = Applied(self)
        self._start(task, func, args, kwds)
        try:
            self._dispatcher.wait_for(task)
            value: T = task.get()
            return value
        except BaseException:
            if not task.ready():  # Ctrl-C, not the task's exception
                self._dispatcher.withdraw(task)
            raise

    def apply_async(
        self,
        func: Callable[..., T],
        args: Iterable[Any] = (),
        kwds: Mapping[str, Any] = {},
        callback: Callback = None,
        error_callback: Callback = None,
    ) -> TaskResult[T]:
        """Returns at once. The callbacks run on the pool's own thread and should return soon. The result has
        ``logs`` too: what the task printed, between what Lambda logs of it."""
        from .results import TaskResult

        self._check_running()
        check_callback("callback", callback)
        check_callback("error_callback", error_callback)
        result: TaskResult[T] = TaskResult(self, callback, error_callback)
        self._start(result, func, args, kwds)
        return result

    def map(
        self,
        func: Callable[[S], T],
        iterable: Iterable[S],
        chunksize: Optional[int] = None,
        **options: Unpack[MapOptions],
    ) -> List[T]:
        """``[func(item) for item in iterable]``, there.

        Items of one chunk share an invocation: where the platform fails it (timeout, memory), it fails
        them all. Without a `chunksize` the pool finds its own: single items, unless they turn out to take
        much less than an invocation does.

        With a `name` what is done is kept on disk, and a program that runs again sends only what is missing
        (docs/resume.md). Where code or items are others than before, `on_change` decides: ``"error"`` (RunConflict),
        ``"restart"``, or ``"keep"`` what was done for the same items. The other maps have both too.

        `max_cost`: dollars, such as ``"$2"``. Before the map could cost more nothing more of it is sent
        (BudgetExceeded, whose ``results`` has what is done).

        `rerun_stragglers`: where the pool is `idempotent`, an item that takes more than three times the median of those
        that are done (at least ten, and half of them all) is run a second time, and the first answer counts.

        `progress`, `retry_on`, `retries`, `backoff`, `keep_failed`: as the pool's, for this map.
        """
        return self._wait(self._batch(func, iterable, chunksize, "map", None, None, options))

    def map_async(
        self,
        func: Callable[[S], T],
        iterable: Iterable[S],
        chunksize: Optional[int] = None,
        callback: Callback = None,
        error_callback: Callback = None,
        **options: Unpack[MapOptions],
    ) -> BatchResult[T]:
        """As map(), but returns at once."""
        return self._batch(func, iterable, chunksize, "map", callback, error_callback, options)

    def starmap(
        self,
        func: Callable[..., T],
        iterable: Iterable[Iterable[Any]],
        chunksize: Optional[int] = None,
        **options: Unpack[MapOptions],
    ) -> List[T]:
        """As map(), with each item unpacked: ``func(*item)``."""
        return self._wait(self._batch(func, iterable, chunksize, "starmap", None, None, options))

    def starmap_async(
        self,
        func: Callable[..., T],
        iterable: Iterable[Iterable[Any]],
        chunksize: Optional[int] = None,
        callback: Callback = None,
        error_callback: Callback = None,
        **options: Unpack[MapOptions],
    ) -> BatchResult[T]:
        """As starmap(), but returns at once."""
        return self._batch(func, iterable, chunksize, "starmap", callback, error_callback, options)

    def imap(
        self,
        func: Callable[[S], T],
        iterable: Iterable[S],
        chunksize: Optional[int] = 1,
        **options: Unpack[MapOptions],
    ) -> LambdaIMapIterator:
        """Values in order, as they come. The iterable is pulled at most four chunks a worker (two where results are
        large) ahead of the consumer, so it may be endless. ``next(timeout)`` of the result raises
        multiprocessing.TimeoutError."""
        from .imap import LambdaIMapIterator

        results: LambdaIMapIterator = self._imap(LambdaIMapIterator, func, iterable, chunksize, options)
        return results

    def imap_unordered(
        self,
        func: Callable[[S], T],
        iterable: Iterable[S],
        chunksize: Optional[int] = 1,
        **options: Unpack[MapOptions],
    ) -> LambdaIMapUnorderedIterator:
        """As imap(), in whatever order they come."""
        from .imap import LambdaIMapUnorderedIterator

        kind = LambdaIMapUnorderedIterator
        results: LambdaIMapUnorderedIterator = self._imap(kind, func, iterable, chunksize, options)
        return results

    def share(self, obj: S) -> Shared[S]:
        """What stands for `obj` in the arguments of any of this pool's tasks, which get it as it is now, sent once and
        made once in each worker. They must not change it: other tasks see it too, and its arrays cannot be written
        to."""
        self._check_running()
        return self._dispatcher.blobs.share(obj)

    def report(self) -> Report:
        """What the calls of this pool took and cost so far. A map's own is its result's ``report``."""
        from .report import report_of

        return report_of(self._dispatcher)

    def tune(self, func: Callable[[S], T], sample: Iterable[S], memory: Sequence[int] = MEMORY) -> Tuning:
        """Runs the sample with each of these sizes of memory (MB), in versions of the function; printed it is a table
        of times and costs with the best choices. For pools with `deploy`. Raises an item's failure, but for those that
        more memory may cure (OutOfMemory, FunctionTimedOut)."""
        from .tuning import tune

        self._check_running()
        return tune(self, func, sample, memory)

    def close(self) -> None:
        """No more tasks; those there are will be finished."""
        if self._state == RUN:
            self._state = CLOSE
            self._dispatcher.close()

    def terminate(self) -> None:
        """Ends now. Results without an outcome raise PoolTerminated."""
        self._state = TERMINATE
        self._dispatcher.terminate()

    def join(self) -> None:
        """Waits until all is done; after close() or terminate(). An imap's items are all run, consumed or not."""
        if self._state == RUN:
            raise ValueError("Pool is still running")
        self._dispatcher.join()

    def __enter__(self) -> "LambdaPool":
        self._check_running()
        return self

    def __exit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc_value: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.terminate()

    def __del__(self, _warn: Any = warnings.warn) -> None:
        if self.__dict__.get("_state") == TERMINATE or "_dispatcher" not in self.__dict__:
            return
        if self._state == RUN and not self._dispatcher.terminated:
            _warn("unclosed running lambdapool %r" % self, ResourceWarning, source=self)
            self._dispatcher.abandon()

    def __getattr__(self, name: str) -> Any:
        if name == "submit":  # dask asks a pool for it
            raise AttributeError(
                "a LambdaPool has no submit: use a LambdaExecutor where an executor is wanted (dask's pool=, say)"
            )
        raise AttributeError("%r object has no attribute %r" % (type(self).__name__, name))

    def __reduce__(self) -> Any:
        raise NotImplementedError("pool objects cannot be passed between processes or pickled")

    def _check_running(self) -> None:
        if self._dispatcher.forked:
            from .errors import PoolForked

            raise PoolForked("this pool was made before fork(): make a new one in the child process")
        if self._state != RUN:
            raise ValueError("Pool not running")

    def _start(self, task: Task, func: Any, args: Iterable[Any], kwds: Mapping[str, Any]) -> None:
        check_callable("func", func)
        task._start(self, func, tuple(args), check_keywords(kwds))

    def _batch(
        self,
        func: Any,
        iterable: Iterable[Any],
        chunksize: Optional[int],
        style: str,
        callback: Callback,
        error_callback: Callback,
        options: MapOptions,
    ) -> BatchResult[Any]:
        from . import pickling
        from .map_options import Asked
        from .results import BatchResult

        self._check_running()
        check_callable("func", func)
        check_callback("callback", callback)
        check_callback("error_callback", error_callback)
        asked = Asked(self, dict(options))
        if chunksize is not None:
            chunksize = check_chunksize(chunksize)
        # The caller may go on with his list; and nothing but plain ones, whose methods cannot fail later.
        is_plain = type(iterable) in (tuple, range)
        items: Sequence[Any] = iterable if is_plain else list(iterable)  # type: ignore[assignment]
        resumption = asked.resume(func)
        result: BatchResult[Any] = BatchResult(self, items, callback, error_callback)
        result._dispatcher = self._dispatcher
        try:
            if resumption is not None:
                result._resume(resumption, items)
            if not items:
                return result
            function = self._setup.wrap(pickling.dumps(func, apart=self._dispatcher.blobs.apart))
        except Exception as error:
            if not items:
                raise
            result._end(error)
            return result
        if not result._number_left:  # all was done before
            result._finish()
            return result
        result._start(self._dispatcher, function, style, self._chunksize(chunksize), asked)
        return result

    def _chunksize(self, given: Optional[int]) -> int:
        """Items that share a call run out of memory together: where there is more for them, each goes alone."""
        return given or (1 if self._dispatcher.rungs else 0)

    def _wait(self, result: BatchResult[Any]) -> List[Any]:
        try:
            return result.get()
        except BaseException:
            if not result.ready():  # Ctrl-C, not a task's exception
                result.give_up()
            raise
        finally:
            result._watch_ends()

    def _imap(
        self,
        kind: Type[Kind],
        func: Any,
        iterable: Iterable[Any],
        chunksize: Optional[int],
        options: MapOptions,
    ) -> Any:
        from . import pickling
        from .imap import iterate
        from .map_options import Asked

        self._check_running()
        check_callable("func", func)
        chunksize = 1 if chunksize is None else check_chunksize(chunksize)
        asked = Asked(self, dict(options))
        function = self._setup.wrap(pickling.dumps(func, apart=self._dispatcher.blobs.apart))
        resumption = asked.resume(func)
        return iterate(kind, self, self._dispatcher, function, iterable, chunksize, asked, resumption)
