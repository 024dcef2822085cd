"""Data that does not fit a call, or that many calls need: stored once under the SHA-256 of its bytes, and named by the
calls. docs/protocol.md, Blobs, has the form; docs/data.md says what users see.

An array that is met again is known by its identity for as long as it cannot have changed: within one map, whose items
the pool holds. Everywhere else its bytes are looked at, each time.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import threading
from collections import Counter, OrderedDict
from typing import Any, Callable, Dict, Generic, List, NamedTuple, Optional, Set, Tuple, TypeVar

from . import _native, pickling
from .errors import BlobError, NativeError, from_native, make

S = TypeVar("S")

LOCAL_APART = 64 * 1024  # on one machine to tell of a buffer costs less than to copy it, from here on
LOCAL_STORED = 1 << 20  # and there a file costs less than to go with the call
APART = 256 * 1024
PLAIN = (6 * 1024 * 1024 - 64 * 1024) // 4 * 3  # that fits a call as base64, beside what else is in it
KEPT = 1 << 30  # of stored bytes that no call needs just now
_MEMO = 64


class Memo:
    """What is known of the arguments of one map, which stay as they are. `repeats`: its function is sent again."""

    def __init__(self, repeats: bool = False) -> None:
        self.repeats = repeats
        self.seen: Set[str] = set()
        self._digests: "OrderedDict[Tuple[int, int, int], Tuple[Any, str]]" = OrderedDict()
        self._lock = threading.Lock()

    def digest_of(self, data: Any) -> str:
        return self.known(data) or self.keep(data, sha256(data))

    def known(self, data: Any) -> str:
        """Its digest, "" where that is not known."""
        key = self._key(data)
        with self._lock:
            if key not in self._digests:
                return ""
            self._digests.move_to_end(key)
            return self._digests[key][1]

    def keep(self, data: Any, digest: str) -> str:
        with self._lock:
            self._keep(data, digest)
        return digest

    def _keep(self, data: Any, digest: str) -> None:
        self._digests[self._key(data)] = memoryview(data).obj, digest  # held, so that no other gets its id
        if len(self._digests) > _MEMO:
            self._digests.popitem(last=False)

    def note(self, data: Any) -> bool:
        """Whether it was here before."""
        with self._lock:
            met = self._key(data) in self._digests
            if not met:
                self._keep(data, "")
        return met

    @staticmethod
    def _key(data: Any) -> Tuple[int, int, int]:
        view = memoryview(data)
        return id(view.obj), _native.address_of(view), view.nbytes  # several may be of one object


def sha256(data: Any) -> str:
    return hashlib.sha256(data).hexdigest()


class Entry(NamedTuple):
    size: int
    name: str
    file: str


class _Upload:
    """Under way. `digest`: "" where it is not known yet."""

    def __init__(self, digest: str, size: int) -> None:
        self.digest, self.size = digest, size

    def may_be(self, other: _Upload) -> bool:
        return self.size == other.size and other.digest in ("", self.digest)


class Shared(Generic[S]):
    """What LambdaPool.share() returns: in a task's arguments it arrives as the object."""

    def __init__(self, obj: S, digest: str, stream: Any, buffers: List[Any], entries: Dict[str, Entry]) -> None:
        self._object, self._parts, self._entries = obj, (digest, stream, buffers), entries

    def get(self) -> S:
        """The object itself, here."""
        return self._object

    def __reduce_ex__(self, protocol: Any) -> Any:
        from lambdapool_by_value.shared import receive

        pickling.mention(self._entries)
        return receive, self._parts


class Blobs:
    """Those of one pool or executor. From any thread."""

    def __init__(self, engine: Any, function: str) -> None:
        self._engine = engine
        self._function = function
        self._local = engine.target == "local"
        #: pickles leave buffers of so many bytes apart; None: there is nowhere to store them.
        self.apart: Optional[int] = None if not engine.has_store else LOCAL_APART if self._local else APART
        self._entries: "OrderedDict[str, Entry]" = OrderedDict()
        self._functions: "OrderedDict[str, None]" = OrderedDict()  # large ones that single tasks had
        self._needed: "Counter[str]" = Counter()
        self._calls: Dict[int, List[str]] = {}
        self._stored = 0
        self._uploading: List[_Upload] = []
        self._names = itertools.count()
        self._changed = threading.Condition()

    def travel_plainly(self, function: bytes, arguments: bytes) -> bool:
        """Whether they are sent as they are."""
        if self.apart is None:
            return True
        plain = type(function) is bytes and type(arguments) is bytes
        return plain and len(function) < APART and len(function) + len(arguments) <= PLAIN

    def send(self, call: int, function: bytes, arguments: bytes, code: str, memo_of: Callable[[], Memo] = Memo) -> None:
        """Sends the call. Raises BlobError and others where its data cannot be stored."""
        if self.travel_plainly(function, arguments):
            self._engine.send(call, function, arguments, code)
            return
        memo = memo_of()
        streams = [function, arguments]
        of_function = pickling.buffers_of(function)
        parts: List[Any] = streams + of_function + pickling.buffers_of(arguments)
        chosen = self._choose(parts, len(of_function), memo)
        mentioned = {**pickling.entries_of(function), **pickling.entries_of(arguments)}
        table: List[Dict[str, Any]] = []
        places: List[Any] = []
        inline: List[Any] = []
        self._begin(call, [digest for digest in chosen if digest] + list(mentioned))
        for part, digest in zip(parts, chosen):
            if digest is None:
                places.append(memoryview(part).nbytes)
                inline.append(part)
            else:
                places.append({"blob": len(table)})
                table.append(self._told(digest, self._ensure(digest, part)))
        table += [self._told(digest, entry) for digest, entry in mentioned.items()]
        members = json.dumps({"blobs": table, "pieces": places[:2], "buffers": places[2:]})[1:-1]
        self._engine.send(call, b"", b"".join(inline), code, members)

    def over(self, id: int) -> None:
        """The call has its answer, or will have none: what it needed may go."""
        if id not in self._calls:
            return
        gone: List[Entry] = []
        with self._changed:
            for digest in self._calls.pop(id, ()):
                self._needed[digest] -= 1
            for digest in list(self._entries):
                if self._stored <= KEPT:
                    break
                if self._needed[digest] <= 0:
                    gone.append(self._entries.pop(digest))
                    self._stored -= gone[-1].size
        for entry in gone:
            self._engine.remove(entry.name)

    def fetched(self, id: int, told: str) -> Fetched:
        """What an answer says was stored instead of its body: it is fetched when it is read."""
        return Fetched(self._engine, id, told, self._function)

    def share(self, obj: S) -> Shared[S]:
        packed = pickling.dumps(obj, apart=self.apart)
        whole = hashlib.sha256()
        entries: Dict[str, Entry] = {}
        parts: List[Any] = []
        for part in [packed] + pickling.buffers_of(packed):
            small = self.apart is None or memoryview(part).nbytes < self.apart
            name = (not small and self._stored_at_once(part)) or sha256(part)
            whole.update(bytes.fromhex(name))
            if small:
                parts.append(bytes(part))
                continue
            with self._changed:
                self._needed[name] += 1  # for as long as the pool lives
            entries[name] = self._ensure(name, part)
            parts.append(name)
        return Shared(obj, whole.hexdigest(), parts[0], parts[1:], entries)

    def bytes_of(self, entries: Dict[str, Entry]) -> Dict[str, bytes]:
        """What is shared, fetched again: for a task that is kept. Raises BlobError."""
        parts: Dict[str, bytes] = {}
        for digest, entry in entries.items():
            part = bytearray(entry.size)
            error = self._engine.fetch(entry.name, part)
            if error is not None:
                raise self._failed("could not be fetched", entry.size, error)
            parts[digest] = bytes(part)
        return parts

    def _choose(self, parts: List[Any], of_function: int, memo: Memo) -> List[Optional[str]]:
        """For each part the digest under which it is to be stored; None where it travels with the call. The parts are
        the two pickles and their buffers, of which so many are the function's."""
        sizes = [memoryview(part).nbytes for part in parts]
        chosen: List[Optional[str]] = [None] * len(parts)
        if sizes[0] >= APART and self._is_sent_again(parts[0], memo):
            chosen[0] = memo.digest_of(parts[0])
        for index in range(2, len(parts)):
            part = parts[index]
            if self._local:
                again = memo.repeats and index < 2 + of_function
                if again or sizes[index] >= LOCAL_STORED or memo.note(part):
                    chosen[index] = memo.known(part) or memo.keep(part, self._stored_at_once(part) or sha256(part))
                continue
            digest = memo.digest_of(part)
            if digest in memo.seen or digest in self._entries:
                chosen[index] = digest
            memo.seen.add(digest)
        left = sum(size for size, digest in zip(sizes, chosen) if digest is None)
        for index in sorted(range(len(parts)), key=sizes.__getitem__, reverse=True):
            if left <= PLAIN:
                break
            if chosen[index] is None:
                chosen[index] = memo.digest_of(parts[index])
                left -= sizes[index]
        return chosen

    def _is_sent_again(self, function: bytes, memo: Memo) -> bool:
        """With each chunk of a map, or because an earlier task had it."""
        if memo.repeats:
            return True
        digest = memo.digest_of(function)
        with self._changed:
            met = digest in self._functions
            self._functions[digest] = None
            self._functions.move_to_end(digest)
            if len(self._functions) > _MEMO:
                self._functions.popitem(last=False)
        return met

    def _begin(self, id: int, digests: List[str]) -> None:
        with self._changed:
            self._calls[id] = digests
            self._needed.update(digests)

    def _told(self, digest: str, entry: Entry) -> Dict[str, Any]:
        told = {"sha256": digest, "size": entry.size, "url": self._engine.url(entry.name)}
        if entry.file:
            told["file"] = entry.file
        return told

    def _ensure(self, digest: str, part: Any) -> Entry:
        """Stores it unless it is; once, whoever else wants the same."""
        upload = _Upload(digest, memoryview(part).nbytes)
        try:
            with self._changed:
                while True:
                    entry = self._entries.get(digest)
                    if entry is not None:
                        self._entries.move_to_end(digest)
                        return entry
                    if not any(upload.may_be(other) for other in self._uploading):
                        break
                    self._changed.wait()
                self._uploading.append(upload)
            return self._put(upload, part)
        finally:
            self._ended(upload)

    def _stored_at_once(self, part: Any) -> str:
        """Stores what must be new, since nothing of its size is there, while its digest is made, and returns that. Else
        "", and where that would not save any time."""
        upload = _Upload("", memoryview(part).nbytes)
        if not self._local or upload.size < LOCAL_STORED:
            return ""
        try:
            with self._changed:
                sizes = [entry.size for entry in self._entries.values()] + [other.size for other in self._uploading]
                if upload.size in sizes:
                    return ""
                self._uploading.append(upload)
            self._put(upload, part)
            return upload.digest
        finally:
            self._ended(upload)

    def _put(self, upload: _Upload, part: Any) -> Entry:
        # Never used again: its removal may reach the store after what is put later.
        name = "blob-%d" % next(self._names)
        file, digest, error = self._engine.put(name, part, not upload.digest)
        if error is not None:
            raise self._failed("could not be stored", upload.size, error)
        entry = Entry(upload.size, name, file)
        with self._changed:
            upload.digest = upload.digest or digest
            self._entries[upload.digest] = entry
            self._stored += entry.size
        return entry

    def _ended(self, upload: _Upload) -> None:
        with self._changed:
            if upload in self._uploading:
                self._uploading.remove(upload)
                self._changed.notify_all()

    def _failed(self, what: str, size: int, error: NativeError) -> Exception:
        return failed("%d bytes of a task's data %s: " % (size, what), error, self._function)


class Fetched:
    """What a worker has stored in the place of its answer."""

    def __init__(self, engine: Any, id: int, told: str, function: str) -> None:
        self._engine, self._id, self._told, self._function = engine, id, told, function
        self.buffers: List[bytearray] = []

    def __len__(self) -> int:
        return sum(self._sizes())

    def taken(self) -> bytearray:
        """Its pickle; then `buffers` are there too. Raises BlobError. The object is removed."""
        pieces = []
        digest = hashlib.sha256()
        offset = 0
        try:
            for size in self._sizes():
                piece = bytearray(size)
                error = self._engine.get(self._id, offset, piece) if size else None
                if error is not None:
                    raise failed(
                        "the result (%d bytes) could not be fetched, though the function has run: " % len(self),
                        error,
                        self._function,
                    )
                digest.update(piece)
                pieces.append(piece)
                offset += size
            if digest.hexdigest() != self._told.partition(":")[0]:
                message = "the result (%d bytes) is not what the worker stored: its SHA-256 is another one; "
                message += "the function has run"
                raise make(BlobError, message % len(self), self._function)
        finally:
            self._engine.remove_result(self._id)
        self.buffers = pieces[1:]
        return pieces[0]

    def _sizes(self) -> List[int]:
        return [int(size) for size in self._told.partition(":")[2].split(",")]


def failed(what: str, error: NativeError, function: str) -> Exception:
    """The error of the store's own kind, and a BlobError."""
    kind, message, code, request_id, http_status, log_tail, detail = error
    cause = from_native(error, function)
    made = make(BlobError, what + message, function, code=code, request_id=request_id, http_status=http_status)
    made.__cause__ = cause
    return made
