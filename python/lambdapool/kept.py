"""Tasks that failed, as files: what was sent for one item, to be run again here (replay.py).

A line of JSON says what it is, and how many bytes each part behind it has: the pickles of the function and of
(style, [item]), the buffers that they refer to, and what pool.share() had stored of them.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickletools
import re
import sys
import sysconfig
import warnings
from typing import TYPE_CHECKING, Any, Callable, Dict, List, NamedTuple, Optional, Sequence

from . import _native, pickling
from .faults import may_have_run

if TYPE_CHECKING:
    from .blobs import Blobs

FORMAT = 1
_NOT_OWN = (sysconfig.get_paths()["stdlib"] + os.sep, os.path.dirname(__file__) + os.sep)
ENDING = ".task"


class Kept(NamedTuple):
    about: Dict[str, Any]
    function: bytes
    arguments: bytes
    buffers: List[bytes]  # of the function, then of the arguments
    shared: Dict[str, bytes]  # by digests


class Keeper:
    """Of one pool and one folder, which is made when something fails. `blobs`: the pool's, which has what is shared."""

    def __init__(self, folder: str, function: str, blobs: Blobs) -> None:
        self._folder, self._function, self._blobs = folder, function, blobs
        self._warned = False

    def keep(self, function: bytes, dumped: Callable[[], bytes], item: Optional[int], exception: BaseException) -> None:
        """`dumped` pickles the arguments. Never raises: what cannot be written is told once, by a warning."""
        if not may_have_run(exception):
            return
        try:
            self._write(function, dumped(), item, exception)
        except Exception as error:
            if not self._warned:
                self._warned = True
                message = "lambdapool: a failed task cannot be kept in %s: %s" % (self._folder, error)
                warnings.warn(message, RuntimeWarning, stacklevel=2)

    def _write(self, function: bytes, arguments: bytes, item: Optional[int], exception: BaseException) -> None:
        shared = self._blobs.bytes_of({**pickling.entries_of(function), **pickling.entries_of(arguments)})
        buffers = [bytes(view) for view in pickling.buffers_of(function) + pickling.buffers_of(arguments)]
        parts = [bytes(function), bytes(arguments), *buffers, *shared.values()]
        about = {
            "lambdapool": _native.version,
            "format": FORMAT,
            "language": "python",
            "function": self._function,
            "item": item,
            "failure": ("%s: %s" % (type(exception).__name__, exception))[:1000],
            "python": sys.version.split()[0],
            "path": [os.path.abspath(folder) for folder in sys.path],
            "sources": sources_of(parts[0] + parts[1]),
            "shared": list(shared),
            "bytes": [len(part) for part in parts],
        }
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        name = "%s-%s-%s" % (self._function, "task" if item is None else item, type(exception).__name__)
        file = _new_file(os.path.join(self._folder, re.sub(r"[^\w.-]", "_", name)))
        with os.fdopen(file, "wb") as stream:
            stream.write(json.dumps(about).encode() + b"\n")
            for part in parts:
                stream.write(part)


def read_kept(path: str) -> Kept:
    """Raises ValueError where the file is no kept task of this language, and OSError."""
    with open(path, "rb") as stream:
        head = stream.readline(1 << 20)
        try:
            about = json.loads(head)
            sizes, known = about["bytes"], about["format"] == FORMAT and about["language"] == "python"
            shared = about.get("shared", [])
        except (ValueError, KeyError, TypeError):
            raise ValueError("%s is no task that keep_failed has kept" % path) from None
        if not known:
            raise ValueError("%s was kept by another lambdapool, %s" % (path, about.get("lambdapool")))
        parts = [stream.read(size) for size in sizes]
    if [len(part) for part in parts] != sizes:
        raise ValueError("%s ends before the task does" % path)
    end = len(parts) - len(shared)
    return Kept(about, parts[0], parts[1], parts[2:end], dict(zip(shared, parts[end:])))


def sources_of(pickles: bytes) -> Dict[str, str]:
    """Of the modules that the pickles name: files, and digests of what stands in them."""
    sources = {}
    for name in sorted(_modules(pickles)):
        file = getattr(sys.modules.get(name), "__file__", None)
        if (
            file
            and file.endswith(".py")
            and "site-packages" not in file
            and not file.startswith(os.path.dirname(__file__))
        ):
            sources[file] = digest_of(file)
    return sources


def digest_of(file: str) -> str:
    try:
        with open(file, "rb") as stream:
            return hashlib.sha256(stream.read()).hexdigest()
    except OSError:
        return ""


def _modules(pickles: bytes) -> List[str]:
    names = []
    for opcode, argument, _ in _opcodes(pickles):
        if opcode.name == "GLOBAL":
            names.append(argument.split(" ")[0])
        elif isinstance(argument, str) and argument in sys.modules:
            names.append(argument)
    return names


def _opcodes(pickles: bytes) -> Any:
    start = 0
    while start < len(pickles):
        end = start
        for opcode, argument, position in pickletools.genops(pickles[start:]):
            yield opcode, argument, position
            end = start + (position or 0) + 1
        start = end


def _new_file(stem: str) -> int:
    number = 1
    while True:
        path = stem + ("" if number == 1 else "-%d" % number) + ENDING
        try:
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            number += 1


def check_folder(folder: Any) -> Optional[str]:
    if folder is None:
        return None
    if not isinstance(folder, (str, os.PathLike)) or not os.fspath(folder):
        raise TypeError("keep_failed must be the path of a folder, not %r" % (folder,))
    return os.fspath(folder)


def keeper_of(folder: Any, dispatcher: Any) -> Optional[Keeper]:
    """Raises TypeError for what is no path."""
    path = check_folder(folder)
    return None if path is None else Keeper(path, dispatcher.function, dispatcher.blobs)


__all__: Sequence[str] = ["Keeper", "Kept", "digest_of", "keeper_of", "read_kept"]
