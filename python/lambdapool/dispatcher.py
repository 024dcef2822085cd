"""Between the jobs of one pool and its engine.

Jobs wait here, first come first served, and are asked for their next call whenever the engine has room: so
that a map decides the size of a chunk, and pickles it, as late as possible, and giving a job up costs
nothing. The engine gets some calls more than there are workers, so that none of them waits for Python.

One thread takes the engine's answers, in batches, and is the only one that makes values of them and runs
the callbacks, as multiprocessing's result handler does.

A job has ``group``, what it fails with (or None); ``window``, how many calls may be with the engine when it
sends another; ``take()``, its next call or None, and ``more()``, whether another may follow; both are called
under the dispatcher's lock and run no code of the user's. ``abort(exception)`` ends what it has not sent;
``cancel()`` returns whether it agreed to be dropped. A call has ``job``, ``send(engine, id)``,
``answered(body, error)`` and ``fail(exception)``. Both have ``forked(exception)``, which ends their result in a
forked child, where its locks cannot be trusted.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import traceback
import warnings
import weakref
from collections import deque
from typing import Any, Deque, Dict, List, Optional, Set, Tuple

from .blobs import Blobs
from .errors import InitializerFailed, PoolForked, PoolTerminated, make

_JOIN_SECONDS = 10.0  # for a callback of the user's that does not return, when a pool is terminated

_living: "weakref.WeakSet[Dispatcher]" = weakref.WeakSet()


class Dispatcher:
    """See the module."""

    def __init__(self, engine: Any, workers: int, function: str, ahead: int, drains_at_exit: bool, code: Any) -> None:
        self.function = function
        self.workers = workers
        self.drains_at_exit = drains_at_exit
        self.code = code  # a DeployedCode
        self.blobs = Blobs(engine, function)
        self._engine = engine
        self._window = workers + ahead
        self.lock = threading.Lock()
        self._queue: Deque[Any] = deque()
        self._calls: Dict[int, Any] = {}
        self._feeds: Set[Any] = set()
        self._next_id = 0
        self._closing = False
        self._abandoned = False
        self._ended: Optional[BaseException] = None  # why nothing is sent any more
        self._thread = threading.Thread(target=_serve, args=(self,), name="lambdapool-%s" % function, daemon=True)
        self._thread.start()
        _living.add(self)

    @property
    def terminated(self) -> bool:
        return self._ended is not None

    @property
    def broken(self) -> Optional[BaseException]:
        """The initializer's failure that has ended everything."""
        return self._ended if isinstance(self._ended, InitializerFailed) else None

    @property
    def forked(self) -> bool:
        return isinstance(self._ended, PoolForked)

    def enqueue(self, job: Any) -> None:
        """Queues a job. After terminate(), and where its group has failed, it fails at once."""
        with self.lock:
            ended = self._ended
            if ended is None and job.group is not None:
                ended = job.group.failure
            if ended is None:
                self._queue.append(job)
        if ended is not None:
            job.abort(ended)
        else:
            self._pump()

    def requeue(self, job: Any) -> None:
        """A job has calls again. It goes first: its turn had come before."""
        with self.lock:
            ended = self._ended
            if ended is None:
                self._queue.appendleft(job)
        if ended is not None:
            job.abort(ended)

    def forget(self, job: Any) -> None:
        """Nothing of this job is sent any more; calls in flight are let go."""
        with self.lock:
            if self._ended is not None:
                return
            ids = [id for id, call in self._calls.items() if call.job is job]
            for id in ids:
                del self._calls[id]
        for id in ids:
            self._engine.cancel(id)
        self._pump()

    def withdraw(self, group: Any, in_flight: bool) -> Tuple[List[Any], List[Any]]:
        """Takes back what is not sent of this group: its queued jobs, and its calls that the engine had not
        sent; with `in_flight` also those that are under way, which are let go."""
        with self.lock:
            if self._ended is not None:
                return [], []
            jobs = [job for job in self._queue if job.group is group]
            if jobs:
                self._queue = deque(job for job in self._queue if job.group is not group)
            ids = [id for id, call in self._calls.items() if call.job.group is group]
        calls = []
        for id in ids:
            if self._engine.cancel(id) or in_flight:
                with self.lock:
                    call = self._calls.pop(id, None)
                if call is not None:
                    calls.append(call)
        return jobs, calls

    def add_feed(self, feed: Any) -> None:
        """Something that will queue jobs until remove_feed(). Told when all ends, by end() or forked()."""
        with self.lock:
            self._feeds.add(feed)
            ended = self._ended
        if ended is not None:
            feed.end(ended)

    def remove_feed(self, feed: Any) -> None:
        with self.lock:
            self._feeds.discard(feed)
        if self._ended is None:
            self._engine.wake()

    def close(self) -> None:
        """No more jobs come: the thread ends when all is done."""
        self._closing = True
        if self._ended is None:
            self._engine.wake()

    def abandon(self) -> None:
        """As terminate(), soon and on the thread: for a destructor, which may run under any lock."""
        self._abandoned = True
        if self._ended is None:
            self._engine.wake()

    def join(self, timeout: Optional[float] = None) -> None:
        """Waits for the thread. Feeds may run ahead of their consumers now: all their jobs are waited for."""
        with self.lock:
            feeds = list(self._feeds)
        for feed in feeds:
            feed.lift()
        if self._thread is not threading.current_thread() and not self.forked:
            self._thread.join(timeout)

    def initializer_failed(self, failure: BaseException) -> None:
        """Ends an executor, as the standard library's; a pool goes on, and each of its tasks tells."""
        if self.drains_at_exit:
            self._end(failure)

    def terminate(self) -> None:
        """Everything without an outcome fails now."""
        self._end(make(PoolTerminated, "the pool ended before this task had an outcome", self.function))
        self.join(_JOIN_SECONDS)

    def cancel_queued(self) -> None:
        """What is queued and agrees is dropped; calls in flight go on."""
        with self.lock:
            self._queue = deque(job for job in self._queue if not job.cancel())

    def _end(self, why: BaseException) -> None:
        with self.lock:
            if self._ended is not None:
                return
            self._ended = why
            jobs, self._queue = list(self._queue), deque()
            calls, self._calls = list(self._calls.values()), {}
            feeds = list(self._feeds)
        try:
            for feed in feeds:
                _guarded(feed.end, why)
            for job in jobs:
                _guarded(job.abort, why)
            for call in calls:
                _guarded(call.fail, why)
        finally:
            self._engine.close()  # wakes the thread

    def _pump(self) -> None:
        while True:
            job, id = None, 0
            try:
                with self.lock:
                    if not self._queue:
                        return
                    job = self._queue[0]
                    if len(self._calls) >= min(self._window, job.window):
                        return
                    call = job.take()
                    if call is not None:
                        self._next_id = id = self._next_id + 1
                        self._calls[id] = call
                    if not job.more():
                        self._queue.popleft()
                if call is not None:
                    call.send(self._engine, id)
            except BaseException as error:
                self._failed_to_send(job, id, error)
                if not isinstance(error, Exception):
                    raise

    def _failed_to_send(self, job: Any, id: int, error: BaseException) -> None:
        """A call fails alone. A job that cannot say what its next call is would be asked for ever: it ends."""
        with self.lock:
            call = self._calls.pop(id, None)
            stuck = not id and isinstance(error, Exception) and job in self._queue
            if stuck:
                self._queue.remove(job)
        if stuck:
            _guarded(job.abort, error)
        if call is not None:
            _guarded(call.fail, error)

    def _deliver(self, batch: Any) -> None:
        for id, body, error in batch:
            with self.lock:
                call = self._calls.pop(id, None)
            self.blobs.over(id)
            if call is not None:
                _guarded(call.answered, body, error)
        _guarded(self._pump)

    def _done(self) -> bool:
        if self._ended is not None or self._abandoned:
            return True
        with self.lock:
            return self._closing and not self._queue and not self._calls and not self._feeds

    def _at_exit(self) -> None:
        interrupted = getattr(sys, "last_type", None) is KeyboardInterrupt
        try:
            if self.drains_at_exit and not interrupted:
                self.close()
                self.join()
        finally:
            self.terminate()

    def _after_fork(self) -> None:
        """In the child: the engine's threads are gone, and so is whoever held a lock."""
        self.lock = threading.Lock()
        failing = list(self._feeds) + list(self._queue) + list(self._calls.values())
        self._queue, self._calls, self._feeds = deque(), {}, set()
        if self._ended is None:
            self._ended = make(
                PoolForked, "this pool was made before fork(): make a new one in the child process", self.function
            )
        for each in failing:
            each.forked(self._ended)


def _serve(dispatcher: Dispatcher) -> None:
    engine = dispatcher._engine
    while not dispatcher._done():
        batch = engine.wait()
        for warning in engine.warnings():
            _guarded(warnings.warn, "lambdapool: " + warning, RuntimeWarning)
        dispatcher._deliver(batch)
    if not dispatcher.terminated:
        dispatcher._end(make(PoolTerminated, "the pool is closed", dispatcher.function))


def _guarded(function: Any, *args: Any) -> None:
    """Runs code of the user's (callbacks) where nobody can catch: an exception is printed, and no more."""
    try:
        function(*args)
    except BaseException:
        print("lambdapool: exception in a callback, ignored:", file=sys.stderr)
        traceback.print_exc()


def _end_all() -> None:
    for dispatcher in list(_living):
        _guarded(dispatcher._at_exit)


def _fork_all() -> None:
    for dispatcher in list(_living):
        _guarded(dispatcher._after_fork)


atexit.register(_end_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_fork_all)
