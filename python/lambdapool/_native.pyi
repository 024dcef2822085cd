from typing import Any, Callable, Dict, List, Optional, Tuple, Union

version: str

#: Names of kinds of errors: of the platform's failures those of one call, whose items may have run.
kinds_that_may_have_run: Tuple[str, ...]

#: MB, where tune() is not told which
sizes_to_tune: Tuple[int, ...]

#: kind's number (include/lambdapool/error_kind.hpp), message, the service's error code, request id, HTTP status, log
#: tail, detail
NativeError = Tuple[int, str, str, str, int, str, str]

#: first, count
Range = Tuple[int, int]

#: job, call, first, count; the answer's body, or (a str) what was stored instead, or the error; of how many items
#: before these the body has the outcomes, too; where the call failed, how many of them may have begun; whether the body
#: came ahead of the call's answer. job is 0 where nobody wants it any more, and a list of those of tasks that shared
#: the call, each an item of it.
Arrival = Tuple[
    Union[int, List[int]], int, int, int, Union[bytes, "Streamed", str, None], Optional[NativeError], int, int, bool
]

class Streamed:
    """An answer that is large, as a buffer: its pickle, and behind it the buffers of these sizes."""

    def __len__(self) -> int: ...
    def __buffer__(self, flags: int) -> memoryview: ...
    def sizes(self) -> List[int]: ...

class LastReading:
    """A view of a Streamed as a file that is read once: what has been read gives its memory back."""

    def __init__(self, view: memoryview) -> None: ...
    def read(self, most: int) -> bytes: ...
    def readinto(self, buffer: Any) -> int: ...
    def readline(self) -> bytes: ...

def is_named_fifo(file: bytes) -> bool:
    """Whether who opens it waits for a writer; a shell's ``<(...)`` is none."""

#: how deep TOML may be nested
toml_nesting_max: int

def line_nested_too_deep(toml: str) -> Optional[int]:
    """The first line that is; None where there is none."""

def why_not_trusted(file: bytes, trusted: Optional[int] = None) -> Optional[str]:
    """Who else could have written the file, and what to do; None where nobody could (src/core/trusted_file.hpp). The
    user `trusted` is as good as this process's own."""

def small_pickle(value: object) -> Optional[bytes]:
    """As pickle.dumps(value, 5), of what is small and has no code of anybody's in it (small_pickle.hpp); None for all
    else."""

def small_outcome(body: bytes) -> Optional[Tuple[Any, float]]:
    """Of an outcome that is one item's value, and this a number, text or such: the value, and the seconds. None for all
    else."""

def address_of(bytes: object) -> int:
    """Where in memory the buffer begins."""

class Account:
    """What the calls of one job took and cost."""

class NativeReport:
    """Of a moment (src/report/report.hpp)."""

    def text(self) -> str: ...
    def json(self) -> str: ...
    def html(self) -> str: ...
    def trace(self) -> str: ...
    def save(self, path: str) -> Optional[NativeError]:
        """.html: a page; .json: a trace."""

class NativeTuning:
    """Of a sample with several sizes of memory (include/lambdapool/tuning.hpp)."""

    def __init__(self, is_local: bool) -> None: ...
    def add(self, memory: int, report: NativeReport, failure: str) -> Tuple[float, float]:
        """Milliseconds and dollars of an item."""
    def text(self) -> str: ...
    def json(self) -> str: ...

class Engine:
    """At most `workers` Invoke calls in flight, and `ahead` more that wait for them, of jobs that are served in the
    order in which they were added (src/pool/batch.hpp). RuntimeError in a forked child, or once it is closed."""

    def __init__(
        self,
        function: str,
        workers: int,
        *,
        ahead: int,
        peer: str,
        python: str,
        target: Optional[str] = None,
        region: Optional[str] = None,
        project: Optional[str] = None,
        profile: Optional[str] = None,
        access_key_id: Optional[str] = None,
        secret_access_key: Optional[str] = None,
        session_token: Optional[str] = None,
        function_timeout: Optional[float] = None,
        throttle_timeout: float = 300.0,
        network_timeout: float = 120.0,
        read_margin: float = 30.0,
        idempotent: bool = False,
        retries: Optional[int] = None,
        allow_http: bool = False,
        bucket: str = "",
        wants_output: bool = False,
    ) -> None: ...
    def open(self) -> Optional[NativeError]:
        """Finds the target and identity. Returns what went wrong."""
    def add(
        self,
        job: int,
        items: int,
        chunksize: int,
        lets_go: bool = False,
        open: bool = False,
        rows: bool = False,
        patient: bool = False,
        max_cost: Optional[float] = None,
        rerun_stragglers: bool = False,
    ) -> Account:
        """A job, under a number that no other has. `chunksize` 0 finds a size. `lets_go`: after a failure of the
        platform what is under way is not waited for. `open`: items are still to come, by extend() until close_job().
        `rows`: tiny items may share a call though `chunksize` is 1 (src/pool/chunking.hpp).
        `patient`: it ends with such a failure only where each call would fail so, and by failed().
        `max_cost`: dollars that it may cost. `rerun_stragglers`: calls that take much longer than others are
        made a second time (src/pool/stragglers.hpp)."""
    def report(self, account: Optional[Account] = None) -> Tuple[Optional[NativeReport], Optional[NativeError]]:
        """Of a job's calls, or of all."""
    def standing(self, job: int, account: Optional[Account]) -> Tuple[Optional[int], int, int, int, int, float]:
        """The job's items so far (None: all have their outcomes), those settled, those in calls; of all calls how often
        they were throttled, and sent again for other reasons; what the account has cost in dollars."""
    def extend(self, job: int, items: int) -> bool:
        """False: the job has ended."""
    def close_job(self, job: int) -> None: ...
    def add_task(
        self,
        job: int,
        function: bytes,
        arguments: bytes,
        name: str = "",
        waits: bool = False,
        may_share: bool = False,
    ) -> Account:
        """A job of one call, which is sent when its turn comes, whatever Python is doing then, once the code is known.
        Before that, and a second time, it has to be sent as others. `waits`: wait_for() follows, and sends it.
        `may_share`: where it is small, its call may be that of others to the same function, too."""
    def set_code(self, code: str, known: bool) -> None:
        """The envelope's member of such calls."""
    def take_back(self, job: int) -> bool:
        """Of a job of one call. True: it has not been sent and will not be; wait() may still tell so."""
    def is_running(self, job: int) -> bool: ...
    def wait_for(self, job: int) -> Optional[Arrival]:
        """The next answer of this job, as wait() would tell it, which does not then. None where the job has no more,
        and after release() and close(). Raises what a signal raises."""
    def release(self, job: int) -> None: ...
    def next(self) -> Optional[Tuple[int, int, int, int]]:
        """What to send now: job, call, first, count. send() or drop() has to follow."""
    def shorten(self, call: int, count: int) -> Optional[Range]:
        """It will carry only so many items. The others go first in the next; what is returned never will."""
    def send(self, call: int, function: bytes, arguments: bytes, code: str = "", members: str = "") -> None:
        """The bytes are copied. Its outcome comes from wait(). `code` is the envelope's member; `members` are further
        ones, as JSON without the braces."""
    def drop(self, call: int) -> Optional[Range]:
        """Instead of send(): its items, which count as having an outcome now; None where it is not wanted any more."""
    def wait(self, timeout: Optional[float] = None) -> List[Arrival]:
        """All outcomes there are. settle() has to follow each. Waits for the first, in seconds; returns none after the
        timeout, wake() or close(). The GIL is free meanwhile."""
    def settle(
        self,
        job: int,
        first: int,
        count: int,
        done: int,
        seconds: Optional[float] = None,
        bytes: int = 0,
        before: int = 0,
    ) -> Optional[Range]:
        """`done` of a chunk's items, from the first on, have their outcomes, which, with those of `before` others, took
        a worker so long and an answer so much. The others go first in the next; what is returned never will."""
    def row_over(self, call: int, done: int, seconds: Optional[float], bytes: int, again: int) -> None:
        """As settle(), of the answer to tasks that shared a call; outcomes that came early are settled one by one.
        `done` of all its tasks have outcomes, of which so many do not count (`again`)."""
    def billed(self, job: int, first: int) -> Tuple[float, int, float]:
        """Of its call that begins there, has come to its end and is not settled: milliseconds, MB of memory, dollars.
        0 where the platform has not reported it."""
    def over_budget(self, job: int) -> Optional[Tuple[float, float]]:
        """Where nothing more of the job is sent, and nothing is under way, because of its max_cost: the dollars that it
        has cost, and those of its dearest item (0: unknown)."""
    def again(self, job: int, first: int, item: int, seconds: float, out_of_memory: bool = False) -> bool:
        """Before settle() of the chunk that begins with `first`: the item's outcome does not count, and it is sent
        again after so long. False: its job has ended, so it does."""
    def send_to(self, call: int, variant: str) -> None:
        """Before send(): what is called instead of the function, another version of the same code."""
    def name_call(self, call: int, name: str) -> None:
        """Before send(): what stands in front of each line of its output."""
    def output(self) -> Optional[str]:
        """What tasks print, of an engine that wants it: whole lines, as soon as there are any; None when it is closed.
        For one thread, without the GIL; to come again is to say that what it got is printed."""
    def wait_until_printed(self, seconds: float) -> None:
        """Until all that has come is printed, at most so long, and never again so long in vain."""
    def failed(self, job: int) -> List[Range]:
        """The platform failed a call of this job: nothing more of it is sent. The items that are left without an
        outcome, the first time."""
    def end(self, job: int, lets_go: bool) -> List[Range]:
        """As failed(), because nobody wants more of it."""
    @property
    def has_store(self) -> bool:
        """Whether there is somewhere to put data. What follows raises RuntimeError where there is not."""
    @property
    def bucket(self) -> str: ...
    def put(self, name: str, bytes: object, hashed: bool = False) -> Tuple[str, str, Optional[NativeError]]:
        """Stores what has the buffer protocol. Returns the name of its file, where workers on this machine see it, and
        where it is to be `hashed` its SHA-256, made meanwhile."""
    def fetch(self, name: str, into: object) -> Optional[NativeError]:
        """What put() has stored under this name, as much as `into` holds."""
    def get(self, call: int, offset: int, into: object) -> Optional[NativeError]:
        """Of what the worker stored of this call's answer, so much as `into` holds."""
    def remove(self, name: str) -> None:
        """Soon. What is left is removed by close()."""
    def remove_result(self, call: int) -> None: ...
    def url(self, name: str) -> str:
        """Allows a GET of it."""
    def log_of(self, call: int) -> str:
        """The end of this call's log; "" where it is not kept (any more)."""
    def logs_of(self, job: int, calls: int) -> str:
        """Of all calls of this job that have come to their end, so many; a first line says how many are not kept."""
    def forget_log(self, call: int) -> None: ...
    def warnings(self) -> List[str]:
        """What users should be told, since the last time. wait() returns when there is something."""
    def wake(self) -> None:
        """Makes wait() return."""
    def terminate(self) -> None:
        """Cancels what is queued and abandons what is in flight."""
    def close(self) -> None:
        """As terminate(), and ends the engine's thread and the embedded local service."""
    @property
    def target(self) -> str:
        """ "aws" or "local"."""
    @property
    def batches(self) -> int:
        """How many times wait() returned outcomes."""

class LocalLambda:
    """A local Lambda on a port of 127.0.0.1, within this process, which lets in who signs with its key.
    RuntimeError where it cannot start, or once it is closed."""

    def __init__(self, *, home: str, region: str, python: str) -> None: ...
    def close(self) -> None: ...
    @property
    def url(self) -> str: ...
    @property
    def access_key_id(self) -> str: ...
    @property
    def secret_access_key(self) -> str: ...

def ensure_deployed(
    name: str,
    settings: Dict[str, Any],
    *,
    python: str,
    target: Optional[str] = None,
    region: Optional[str] = None,
    project: Optional[str] = None,
    profile: Optional[str] = None,
    access_key_id: Optional[str] = None,
    secret_access_key: Optional[str] = None,
    session_token: Optional[str] = None,
    allow_http: bool = False,
    trusted: float = 600.0,
    versions_kept: int = 5,
    sizes: Optional[List[int]] = None,
) -> Tuple[Optional[NativeError], List[Tuple[str, bool, int]]]:
    """(None, [(the version that has what is asked for, whether code was uploaded for it, its bytes)]), or what
    went wrong. One version, or one for each of these `sizes` of memory (MB), from the least on. Blocks; the GIL is
    free meanwhile. ValueError for a setting that there is not."""

def fetch_code(function: str) -> Tuple[Optional[NativeError], List[bytes]]:
    """(None, zips of what the function was deployed with, and of its layers, in their order), of the place that the
    environment names, or what went wrong. Blocks; the GIL is free meanwhile."""

#: kind, text, done, total, line: see lambdapool.deploying.Event
Listener = Callable[[str, str, int, int, str], None]

class Functions:
    """The functions of one target. Each call returns what came of it, or the error. Settings as those of
    ensure_deployed, and of update() unset_env and untag."""

    def __init__(
        self,
        *,
        python: str,
        target: Optional[str] = None,
        region: Optional[str] = None,
        project: Optional[str] = None,
        profile: Optional[str] = None,
        access_key_id: Optional[str] = None,
        secret_access_key: Optional[str] = None,
        session_token: Optional[str] = None,
        allow_http: bool = False,
    ) -> None: ...
    def create(
        self, name: str, settings: Dict[str, Any], exists_ok: bool, progress: Optional[Listener]
    ) -> Tuple[Optional[Dict[str, Any]], Optional[NativeError]]: ...
    def update(
        self, name: str, settings: Dict[str, Any], progress: Optional[Listener]
    ) -> Tuple[Optional[Dict[str, Any]], Optional[NativeError]]: ...
    def remove(self, name: str, progress: Optional[Listener]) -> Tuple[None, Optional[NativeError]]: ...
    def list(self) -> Tuple[Optional[List[Dict[str, Any]]], Optional[NativeError]]: ...

class Journal:
    """Of a run that this process has locked (src/journal). What fails is returned; after close() all of it does."""

    def claim(self, first: int, digests: List[bytes], whole: bool) -> Union[bytes, NativeError]:
        """A byte for each item: 0 is missing, 2 is done."""
    def ended(self, items: int) -> Optional[NativeError]: ...
    def result(self, item: int) -> Union[bytes, NativeError]: ...
    def sent(self, items: List[int]) -> Optional[NativeError]: ...
    def returned(self, items: List[int]) -> Optional[NativeError]: ...
    def done(self, results: List[Tuple[int, bytes]]) -> Optional[NativeError]: ...
    def took(self, billed_ms: float, memory_mb: int, cost: float) -> Optional[NativeError]: ...
    def close(self) -> None: ...

def open_journal(
    name: str, function: str, code: str, on_change: str, idempotent: bool
) -> Union[Journal, NativeError]: ...
