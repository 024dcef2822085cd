"""Between the jobs of one pool and its engine.

What is sent when, and in which pieces, the engine's batch decides (src/pool/batch.hpp). Here those pieces are
pickled, as late as possible, and their outcomes delivered. The engine gets some calls more than there are
workers, so that none of them waits for Python.

One thread takes the engine's answers, in batches, and is the only one that makes values of them and runs
the callbacks, as multiprocessing's result handler does.

A job (jobs.py, items.py) has ``_number``, which add() gives it, and
- ``_send(call, first, count)``: pickles these items and sends them; what it raises is their outcome,
- ``_fail(first, count, exception)``,
- ``_arrived(call, first, count, body, error, before, begun, early)``: what came back (_native.Arrival),
- ``_cancel()``: what agrees to be dropped and is not sent is,
- ``_end(exception)``: all that has no outcome has this one,
- ``_forked(exception)``: as _end(), in a forked child, where its locks cannot be trusted,
- ``_lift()``: all of it is waited for now, consumed or not.
It calls forget() when all of it has come to its end.
"""

from __future__ import annotations

import atexit
import itertools
import os
import sys
import threading
import traceback
import warnings
import weakref
from typing import Any, Dict, List, Optional, Sequence, Tuple

from .blobs import Blobs
from .deployed_code import UNKNOWN
from .errors import PoolForked, PoolTerminated, make
from .pickling import goes_by_name
from .printing import Printer
from .task_rows import take_row

_JOIN_SECONDS = 10.0  # for a callback of the user's that does not return, when a pool is terminated

_living: "weakref.WeakSet[Dispatcher]" = weakref.WeakSet()


class Dispatcher:
    """See the module."""

    def __init__(
        self,
        engine: Any,
        workers: int,
        function: str,
        drains_at_exit: bool,
        code: Any,
        rungs: Sequence[str] = (),
        prints: bool = False,
    ) -> None:
        self.function = function
        self.workers = workers
        self.drains_at_exit = drains_at_exit
        self.code = code  # a DeployedCode
        self.deployment: Optional[Any] = None  # what a pool has deployed, but for its memory; None: it does not
        self.rungs = rungs  # versions of the function with more memory each, for what has run out of it
        self.engine = engine
        self.printer = Printer(engine, function) if prints else None  # of what tasks print, where that is wanted
        self.blobs = Blobs(engine, function)
        self._lock = threading.Lock()
        self.taking_back = threading.RLock()  # held while it is found out whether a task is
        self.settling = threading.RLock()  # held while a future becomes one that can be waited for, or is done before
        self._jobs: Dict[int, Any] = {}
        self._tell_code()
        self._numbers = itertools.count(1)
        self._closing = False
        self._abandoned = False
        self.ended: Optional[BaseException] = None  # why nothing is sent any more
        self._thread = threading.Thread(target=_serve, args=(self,), name="lambdapool-%s" % function, daemon=True)
        self._thread.start()
        _living.add(self)

    @property
    def terminated(self) -> bool:
        return self.ended is not None

    @property
    def forked(self) -> bool:
        return isinstance(self.ended, PoolForked)

    def add(self, job: Any, items: int, chunksize: int, lets_go: bool = False, open: bool = False) -> None:
        """Queues a job; after terminate() it ends at once. `chunksize` 0: whatever turns out to be right. `lets_go`:
        after a failure of the platform, what is under way is not waited for. `open`: items are still to come."""
        job._number = next(self._numbers)
        with self._lock:
            ended = self.ended
            if ended is None:
                self._jobs[job._number] = job
                try:
                    job._account = self.engine.add(
                        job._number,
                        items,
                        chunksize,
                        lets_go=lets_go,
                        open=open,
                        rows=not self.rungs and job._may_share_calls,
                        patient=job._retry is not None or bool(self.rungs),
                        max_cost=job._max_cost,
                        rerun_stragglers=job._rerun_stragglers,
                    )
                except BaseException:  # nothing will ever end it, and it would be waited for
                    del self._jobs[job._number]
                    raise
        if ended is not None:
            job._end(ended)
        else:
            self.pump()

    def add_task(self, job: Any, function: bytes, arguments: bytes) -> None:
        """Queues a job of one call, which the engine sends without Python, once the function's code is known: until
        then what is sent is sent twice, and in its order it comes as long as Python sends it. Raises CodeMismatch."""
        is_known = self.code.expected() != UNKNOWN
        if not is_known:  # any more, perhaps
            self._tell_code()
        if not self.blobs.travel_plainly(function, arguments):
            self.add(job, 1, 1)
            return
        job._number = next(self._numbers)
        with self._lock:
            ended = self.ended
            if ended is None:
                self._jobs[job._number] = job
                try:
                    name = self.printer.name(job) if self.printer is not None else ""
                    shares = not self.rungs and goes_by_name(function)
                    job._account = self.engine.add_task(job._number, function, arguments, name, job._waited, shares)
                except BaseException:
                    del self._jobs[job._number]
                    raise
        if ended is not None:
            job._end(ended)
        elif not is_known:
            self.pump()

    def name_call(self, call: int, job: Any, items: Optional[Sequence[int]] = None) -> None:
        """Before it is sent: of which task or items its output is."""
        if self.printer is not None:
            self.engine.name_call(call, self.printer.name(job, items))

    def wait_for(self, job: Any) -> None:
        """Waits for a task on the caller's thread, which so needs no other to wake it. What interrupts that is raised,
        and then the task is the caller's to withdraw()."""
        while self.ended is None and job._number in self._jobs:
            arrival = self.engine.wait_for(job._number)
            if arrival is None:
                return
            if self.printer is not None:
                self.printer.catch_up()
            self._take(*arrival)
            self.pump()

    def check_may_wait(self) -> None:
        """Raises RuntimeError on the thread that delivers, which would wait for itself."""
        if threading.current_thread() is self._thread:
            raise RuntimeError(
                "a callback cannot wait for other results of its pool: it runs on the thread that delivers them; "
                "give those a callback, too, or wait in another thread"
            )

    def learn(self, manifest: bytes) -> Optional[BaseException]:
        """What the function's code is. Why its calls cannot be made; None where they can."""
        mismatch: Optional[BaseException] = self.code.learn(manifest)
        if self.ended is None:
            self._tell_code()
        return mismatch

    def _tell_code(self) -> None:
        with self._lock:  # what is told last has to be what is known last
            self.engine.set_code(self.code.digest, self.code.digest != UNKNOWN)

    def extend(self, job: Any, items: int) -> bool:
        """Of an open job. False: it has ended, and will not send them."""
        if self.ended is not None or not self.engine.extend(job._number, items):
            return False
        self.pump()
        return True

    def close_job(self, job: Any) -> None:
        if self.ended is None:
            self.engine.close_job(job._number)

    def forget(self, job: Any) -> None:
        """It has come to its end."""
        if self._jobs.pop(job._number, None) is not None and self._closing and self.ended is None:
            self.engine.wake()

    def take_back(self, job: Any) -> bool:
        """Of a task: whether it has not been sent, and never will be."""
        return self.ended is None and bool(self.engine.take_back(job._number))

    def is_running(self, job: Any) -> bool:
        return self.ended is None and bool(self.engine.is_running(job._number))

    def again(self, job: Any, first: int, item: int, seconds: float, out_of_memory: bool = False) -> bool:
        """Whether this item, of the chunk from `first` on, will be sent again, after so long."""
        return self.ended is None and bool(self.engine.again(job._number, first, item, seconds, out_of_memory))

    def failed(self, job: Any) -> List[Tuple[int, int]]:
        """The platform failed a call of this job: nothing more of it is sent. The ranges (first, count) of items that
        are left without an outcome."""
        if self.ended is not None:
            return []
        unsent: List[Tuple[int, int]] = self.engine.failed(job._number)
        return unsent

    def end_job(self, job: Any) -> List[Tuple[int, int]]:
        """As failed(), because its user wants no more of it."""
        if self.ended is not None:
            return []
        unsent: List[Tuple[int, int]] = self.engine.end(job._number, False)
        return unsent

    def hold(self, job: Any) -> None:
        """Something of it is to come again, after forget()."""
        with self._lock:
            if self.ended is None:
                self._jobs[job._number] = job

    def withdraw(self, job: Any) -> None:
        """Nobody wants it: nothing of it is sent any more, and calls in flight are let go."""
        if self.ended is None:
            self.engine.end(job._number, True)
            self.forget(job)
            self.pump()

    def close(self) -> None:
        """No more jobs come: the thread ends when all is done."""
        self._closing = True
        if self.ended is None:
            self.engine.wake()

    def abandon(self) -> None:
        """As terminate(), soon and on the thread: for a destructor, which may run under any lock."""
        self._abandoned = True
        if self.ended is None:
            self.engine.wake()

    def join(self, timeout: Optional[float] = None) -> None:
        """Waits for the thread, and so for all jobs."""
        for job in list(self._jobs.values()):
            job._lift()
        if self._thread is not threading.current_thread() and not self.forked:
            self._thread.join(timeout)
            if self.printer is not None and self.ended is not None:
                self.printer.join(timeout)

    def initializer_failed(self, failure: BaseException) -> None:
        """Ends an executor, as the standard library's; a pool goes on, and each of its tasks tells."""
        if self.drains_at_exit:
            self._end(failure)

    def terminate(self) -> None:
        """Everything without an outcome fails now."""
        self._end(make(PoolTerminated, "the pool ended before this task had an outcome", self.function))
        self.join(_JOIN_SECONDS)

    def cancel_queued(self) -> None:
        """What is not sent and agrees is dropped; calls in flight go on."""
        for job in list(self._jobs.values()):
            job._cancel()

    def pump(self) -> None:
        """Sends what the engine's batch has room for."""
        engine = self.engine
        while self.ended is None:
            chunk = engine.next()
            if chunk is None:
                return
            number, call, first, count = chunk
            job = self._jobs.get(number)
            if job is None:  # withdrawn in between
                self.blobs.over(call)
                engine.drop(call)
                continue
            try:
                job._send(call, first, count)
            except BaseException as error:
                self.blobs.over(call)
                unsent = engine.drop(call) if self.ended is None else None
                if unsent is not None:
                    _guarded(job._fail, *unsent, error)
                if not isinstance(error, Exception):
                    raise

    def _end(self, why: BaseException) -> None:
        with self._lock:
            if self.ended is not None:
                return
            self.ended = why
            jobs, self._jobs = list(self._jobs.values()), {}
        try:
            for job in jobs:
                _guarded(job._end, why)
        finally:
            self.engine.close()  # wakes the thread

    def _deliver(self, arrivals: Any) -> None:
        if self.printer is not None and arrivals:
            self.printer.catch_up()
        for arrival in arrivals:
            try:
                self._take(*arrival)
            except BaseException as error:
                _guarded(self._broke, arrival[0], error)
        _guarded(self.pump)

    def _take(
        self,
        number: Any,
        call: int,
        first: int,
        count: int,
        body: Any,
        error: Any,
        before: int,
        begun: int,
        early: bool,
    ) -> None:
        if not early:
            self.blobs.over(call)
        if type(number) is list:
            for task, result in take_row(self, number, call, body, error, before, early):
                _guarded(task._outcome, result)
            return
        job = self._jobs.get(number)
        if job is not None:
            job._arrived(call, first, count, body, error, before, begun, early)
        elif number and self.ended is None:
            self.engine.settle(number, first, count, count)

    def _broke(self, number: Any, error: BaseException) -> None:
        """An answer could not be taken: as no other will come, it is the outcome of all that its jobs have left."""
        jobs = [self._jobs.get(each) for each in (number if type(number) is list else [number])]
        if not any(jobs):
            raise error
        for job in filter(None, jobs):
            self.withdraw(job)
            job._end(error)

    def _done(self) -> bool:
        if self.ended is not None or self._abandoned:
            return True
        with self._lock:
            return self._closing and not self._jobs

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
        self._lock, self.taking_back, self.settling = threading.Lock(), threading.RLock(), threading.RLock()
        jobs, self._jobs = list(self._jobs.values()), {}
        if self.ended is None:
            self.ended = make(
                PoolForked, "this pool was made before fork(): make a new one in the child process", self.function
            )
        for job in jobs:
            job._forked(self.ended)


def _serve(dispatcher: Dispatcher) -> None:
    engine = dispatcher.engine
    while not dispatcher._done():
        arrivals = engine.wait()
        for warning in engine.warnings():
            _guarded(warnings.warn, "lambdapool: " + warning, RuntimeWarning)
        dispatcher._deliver(arrivals)
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
