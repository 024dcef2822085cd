"""The source that a module was loaded from, as a hash: of what the interpreter has, not of what the file has become.

The compiled file beside a source records the source's time and size as they were when it was imported. Where they are
no longer the file's, the file was edited after that, and what was imported is known only if it was looked at before.
"""

from __future__ import annotations

import hashlib
import os
import pathlib
import sys
from typing import Any, Dict, Optional, Tuple

EDITED = "edited"

_seen: Dict[Tuple[str, bytes], str] = {}  # by file and the compiled file's head


def hash_of(module: Any) -> Optional[str]:
    """32 hex digits, as a manifest has them; EDITED; None for a module that is nothing to compare: not there, without
    a source of its own, or installed."""
    file = source_file(module)
    if file is None:
        return None
    try:
        with open(file, "rb") as stream:
            source, now = stream.read(), os.fstat(stream.fileno())
    except OSError:
        return None  # in a zip, or gone
    head = _compiled_head(getattr(module, "__cached__", None))
    if head is None:
        return _hash(source)
    imported = (file, head)
    if imported not in _seen:
        recorded = int.from_bytes(head[8:12], "little"), int.from_bytes(head[12:16], "little")
        if recorded != (int(now.st_mtime) & 0xFFFFFFFF, now.st_size & 0xFFFFFFFF):
            return EDITED
        _seen[imported] = _hash(source)
    return _seen[imported]


def source_file(module: Any) -> Optional[str]:
    file = getattr(module, "__file__", None)
    if not isinstance(file, str) or not file.endswith(".py"):
        return None
    return None if {"site-packages", "dist-packages"} & set(pathlib.PurePath(file).parts) else file


def _compiled_head(path: Any) -> Optional[bytes]:
    """None where it says nothing of the import: it is not written, or goes by a hash."""
    if sys.dont_write_bytecode or not isinstance(path, str):
        return None
    try:
        if not os.access(path, os.W_OK):
            return None
        with open(path, "rb") as stream:
            head = stream.read(16)
    except OSError:
        return None
    return head if len(head) == 16 and head[4:8] == bytes(4) else None


def _hash(source: bytes) -> str:
    """With plain line ends: a checkout with others is the same program."""
    return hashlib.sha256(source.replace(b"\r\n", b"\n")).hexdigest()[:32]
