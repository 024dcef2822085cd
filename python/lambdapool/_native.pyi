from typing import List, Optional, Tuple, Union

version: str

#: kind's number (include/lambdapool/error_kind.hpp), message, the service's error code, request id, HTTP status, log
#: tail, detail
NativeError = Tuple[int, str, str, str, int, str, str]

class Engine:
    """At most `workers` Invoke calls in flight. RuntimeError in a forked child, or once it is closed."""

    def __init__(
        self,
        function: str,
        workers: int,
        *,
        peer: str,
        python: str,
        target: Optional[str] = None,
        region: Optional[str] = None,
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
    ) -> None: ...
    def open(self) -> Optional[NativeError]:
        """Finds the target and identity. Returns what went wrong."""
    def submit(self, id: int, function: bytes, arguments: bytes, code: str = "", members: str = "") -> None:
        """Queues one call; the bytes are copied. Its outcome comes from wait() under the same id. `code` is the
        envelope's member; `members` are further ones, as JSON without the braces."""
    def cancel(self, id: int) -> bool:
        """True: it will not be sent, and wait() tells so with the kind cancelled."""
    def wait(self, timeout: Optional[float] = None) -> List[Tuple[int, Union[bytes, str, None], Optional[NativeError]]]:
        """All outcomes there are: the answer's body, or (a str) what was stored instead, or the error. Waits for
        the first, in seconds; returns
        none after the timeout, wake() or close(). The GIL is free meanwhile."""
    @property
    def has_store(self) -> bool:
        """Whether there is somewhere to put data. What follows raises RuntimeError where there is not."""
    @property
    def bucket(self) -> str: ...
    def put(self, name: str, bytes: object) -> Tuple[str, Optional[NativeError]]:
        """Stores what has the buffer protocol. Returns the name of its file, where workers on this machine see it."""
    def get(self, id: int, offset: int, into: object) -> Optional[NativeError]:
        """Of what the worker stored of this call's answer, so much as `into` holds."""
    def remove(self, name: str) -> None:
        """Soon. What is left is removed by close()."""
    def remove_result(self, id: int) -> None: ...
    def url(self, name: str) -> str:
        """Allows a GET of it."""
    def log_of(self, id: int) -> Tuple[bool, str]:
        """The end of this call's log, and whether it is kept (still, or already)."""
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
        """Which it is: "aws" or "local"."""
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
