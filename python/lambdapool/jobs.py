"""What a dispatcher sends: single tasks, and batches of items in chunks."""

from __future__ import annotations

import sys
from collections import deque
from typing import Any, Callable, Deque, List, Optional, Sequence, Tuple, Union

from . import outcomes, pickling
from .blobs import Memo
from .chunking import AdaptiveChunks, FixedChunks
from .dispatcher import Dispatcher
from .errors import InitializerFailed, NativeError, from_native
from .group import Group, is_of_platform, name_item, name_items
from .logs import JobLogs
from .outcomes import Outcome

ANY = sys.maxsize
LARGE_REQUEST = 1024 * 1024  # a chunk of our own choosing that pickles to more is halved


class Task:
    """One call of a function; its own job, and its own call.

    `deliver(outcome)` runs once, on the completion thread or where the task failed. `begin()`, if given, is
    asked before sending whether the task is still wanted.
    """

    window = ANY
    group = None
    __slots__ = (
        "_function",
        "_arguments",
        "_deliver",
        "_begin",
        "_dispatcher",
        "_taken",
        "_logs",
        "_id",
        "on_fork",
        "on_cancel",
        "job",
    )

    def __init__(
        self,
        function: bytes,
        arguments: bytes,
        deliver: Callable[[Outcome], None],
        dispatcher: Dispatcher,
        begin: Optional[Callable[[], bool]] = None,
        on_fork: Optional[Callable[[BaseException], None]] = None,
        on_cancel: Optional[Callable[[], Any]] = None,
        logs: Optional[JobLogs] = None,
    ) -> None:
        self._function = function
        self._arguments = arguments
        self._logs = logs or JobLogs()
        self._deliver = deliver
        self._begin = begin
        self._dispatcher = dispatcher
        self._taken = False
        self.on_fork = on_fork
        self.on_cancel = on_cancel
        self.job = self

    def take(self) -> Optional["Task"]:
        if self._taken:
            return None
        self._taken = True
        if self._begin is not None and not self._begin():
            return None
        return self

    def send(self, engine: Any, id: int) -> None:
        self._id = id
        self._logs.sent(engine, id)
        self._dispatcher.blobs.submit(id, self._function, self._arguments, self._dispatcher.code.expected(), Memo())

    def answered(self, body: Optional[bytes], error: Optional[NativeError]) -> None:
        if error is not None:
            self._deliver((False, from_native(error, self._dispatcher.function)))
        else:
            assert body is not None
            answer = outcomes.read(
                self._dispatcher.blobs.fetched(self._id, body), 1, self._dispatcher.function, self._read_log
            )
            if answer.other_code is not None:
                mismatch = self._dispatcher.code.learn(answer.other_code)
                if mismatch is None:
                    self._logs.forget(self._id)
                    self._taken, self._begin = False, None
                    self._dispatcher.requeue(self)
                else:
                    self._deliver((False, mismatch))
                return
            [outcome] = answer.outcomes
            self._deliver(outcome)
            if not outcome[0] and isinstance(outcome[1], InitializerFailed):
                self._dispatcher.initializer_failed(outcome[1])

    def _read_log(self) -> str:
        return self._logs.text(complete=False)

    def more(self) -> bool:
        return not self._taken

    def fail(self, exception: BaseException) -> None:
        self._deliver((False, exception))

    def abort(self, exception: BaseException) -> None:
        if not self._taken:
            self._taken = True
            self.fail(exception)

    def cancel(self) -> bool:
        return self.on_cancel is not None and bool(self.on_cancel())

    def forked(self, exception: BaseException) -> None:
        if self.on_fork is not None:
            self.on_fork(exception)


class Batch:
    """A function over many items.

    `deliver(start, outcomes)` runs on the completion thread, for each item exactly once, in any order.
    After cancel() it does not run any more. `first`: the index of its first item in the user's iterable.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        function: bytes,
        style: str,
        items: Sequence[Any],
        chunks: Union[FixedChunks, AdaptiveChunks],
        deliver: Callable[[int, List[Outcome]], None],
        group: Group,
        first: int = 0,
        on_fork: Optional[Callable[[BaseException], None]] = None,
        begin: Optional[Callable[[], bool]] = None,
        on_cancel: Optional[Callable[[], Any]] = None,
        logs: Optional[JobLogs] = None,
    ) -> None:
        self.dispatcher = dispatcher
        self.group = group
        self.first = first
        self.logs = logs or JobLogs()
        self.function = function
        self.style = style
        self.items = items
        self.chunks = chunks
        self.deliver = deliver
        self._on_fork = on_fork
        self._begin = begin
        self._on_cancel = on_cancel
        # Chunks that were sized long before they run are sized by what was known then.
        self.window = 2 * dispatcher.workers if chunks.adaptive else ANY
        self._next = 0
        self._again: Deque[Tuple[int, int]] = deque()  # spans that a worker did not start
        self.cancelled = False
        self.memo = Memo(repeats=len(items) > 1)  # its arguments stay as they are while it runs

    def take(self) -> Optional["Span"]:
        if self.cancelled:
            return None
        if self._begin is not None:
            begin, self._begin = self._begin, None
            if not begin():
                self.cancelled = True
                return None
        if self._again:
            return Span(self, *self._again.popleft())
        remaining = len(self.items) - self._next
        if remaining <= 0:
            return None
        start, self._next = self._next, self._next + self.chunks.next_size(remaining)
        return Span(self, start, self._next)

    def more(self) -> bool:
        return not self.cancelled and (bool(self._again) or self._next < len(self.items))

    def put_back(self, start: int, stop: int) -> None:
        """These were never started."""
        if self.group.failure is not None:
            self.settle(start, [(False, self.group.failure)] * (stop - start))
        elif not self.cancelled:
            self._again.append((start, stop))
            self.dispatcher.requeue(self)

    def abort(self, exception: BaseException) -> None:
        with self.dispatcher.lock:
            spans = list(self._again) + [(self._next, len(self.items))]
            self._again.clear()
            self._next = len(self.items)
        for start, stop in spans:
            self.settle(start, [(False, exception)] * (stop - start))

    def settle(self, start: int, outcomes_: List[Outcome]) -> None:
        if outcomes_ and not self.cancelled:
            self.deliver(start, outcomes_)

    def cancel(self) -> bool:
        if self._on_cancel is None or not self._on_cancel():
            return False
        self.cancelled = True
        return True

    def give_up(self) -> None:
        """Nobody wants the outcomes: nothing more is sent."""
        self.cancelled = True
        self.dispatcher.forget(self)

    def forked(self, exception: BaseException) -> None:
        self.cancelled = True
        if self._on_fork is not None:
            self._on_fork(exception)


class Span:
    """Some items of a batch in one invocation."""

    __slots__ = ("job", "start", "stop", "_engine", "_id")

    def __init__(self, job: Batch, start: int, stop: int) -> None:
        self.job = job
        self.start = start
        self.stop = stop

    def send(self, engine: Any, id: int) -> None:
        job = self.job
        whole = self.stop
        while True:
            items = job.items[self.start : self.stop]
            arguments = pickling.dump_items(job.style, items, job.first + self.start, apart=job.dispatcher.blobs.apart)
            size = self.stop - self.start
            if size == 1 or pickling.size_of(arguments) <= LARGE_REQUEST or not job.chunks.adaptive:
                break
            self.stop = self.start + size // 2
        if self.stop < whole:
            job.put_back(self.stop, whole)
        job.logs.sent(engine, id)
        self._engine, self._id = engine, id
        job.dispatcher.blobs.submit(id, job.function, arguments, job.dispatcher.code.expected(), job.memo)

    def answered(self, body: Optional[bytes], error: Optional[NativeError]) -> None:
        job, count = self.job, self.stop - self.start
        name = job.dispatcher.function
        if error is not None:
            self._failed(from_native(error, name))
            return
        assert body is not None
        answer = outcomes.read(job.dispatcher.blobs.fetched(self._id, body), count, name, self._read_log)
        if answer.other_code is not None:
            mismatch = job.dispatcher.code.learn(answer.other_code)
            if mismatch is None:
                job.logs.forget(self._id)
                job.put_back(self.start, self.stop)
            else:  # of all items, so it names none
                self.drop(mismatch)
                job.group.fail(mismatch)
            return
        done = len(answer.outcomes)
        job.chunks.observe(done, answer.seconds, len(body))
        if done < count:
            job.put_back(self.start + done, self.stop)
        if answer.failed:
            name_items(answer.outcomes, job.first + self.start)
        job.settle(self.start, answer.outcomes)
        if answer.failed:
            self._tell_group(answer.outcomes)

    def fail(self, exception: BaseException) -> None:
        self._failed(exception)

    def drop(self, exception: BaseException) -> None:
        """Its group has failed, elsewhere."""
        self.job.settle(self.start, [(False, exception)] * (self.stop - self.start))

    def forked(self, exception: BaseException) -> None:
        self.job.forked(exception)

    def _read_log(self) -> str:
        text: str = self._engine.log_of(self._id)[1]
        return text

    def _failed(self, exception: BaseException) -> None:
        name_item(exception, self.job.first + self.start, self.stop - self.start)
        outcomes_: List[Outcome] = [(False, exception)] * (self.stop - self.start)
        self.job.settle(self.start, outcomes_)
        self._tell_group(outcomes_)

    def _tell_group(self, outcomes_: List[Outcome]) -> None:
        for succeeded, value in outcomes_:
            if not succeeded and is_of_platform(value):
                self.job.group.fail(value)
                if isinstance(value, InitializerFailed):
                    self.job.dispatcher.initializer_failed(value)
                return
