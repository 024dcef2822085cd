"""Data that did not fit the call (docs/protocol.md, Blobs): fetched once for all processes of this environment, and
kept in files; what a task reads of it is its own copy, made page by page as it writes.

Files in /tmp are as fast as memory as long as there is memory for them, and do not count as used memory where
there is none. On the machine of the caller the object store's own files are read.
"""

import mmap
import os
from functools import partial

from . import transfer

_PIECE = 1 << 20
_SPARE = 16 << 20  # of the disk, left to the task


class LambdapoolBlobError(Exception):
    """Data of the task could not be had. Nothing was run."""


class Parts:
    """A task's bytes: those of the envelope's body and those of its blobs, put together as the envelope says."""

    def __init__(self, body, blobs=(), pieces=None, buffers=()):
        self.given = body, blobs, pieces, buffers  # for another process
        self._body, self._blobs, self._at = memoryview(body), blobs, 0
        self.body = body if pieces is None else b"".join(self._take(piece) for piece in pieces)
        self.buffers = [self._take(piece) for piece in buffers]
        self.by_digest = {digest: partial(mapped, (path, size)) for digest, path, size in blobs}

    def _take(self, piece):
        if isinstance(piece, int):
            if not 0 <= piece <= len(self._body) - self._at:
                raise ValueError("the body has no %d bytes more" % piece)
            self._at += piece
            # The task's own to write to, and at an address that suits numbers.
            return memoryview(bytearray(self._body[self._at - piece : self._at]))
        if not 0 <= piece["blob"] < len(self._blobs):
            raise IndexError("there is no blob %d" % piece["blob"])
        return mapped(self._blobs[piece["blob"]][1:])


def parts_of(event, body):
    """Raises KeyError, TypeError or IndexError where the envelope is not as the protocol says, and
    LambdapoolBlobError."""
    if "blobs" not in event and "buffers" not in event:
        return Parts(body)
    blobs = [locate(blob) for blob in event.get("blobs", ())]
    return Parts(body, blobs, event.get("pieces"), event.get("buffers", ()))


def mapped(blob):
    """The blob's bytes, writable, each time anew."""
    path, size = blob
    if size == 0:
        return memoryview(bytearray())
    try:
        with open(path, "rb") as file:
            return memoryview(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY))
    except (OSError, ValueError) as error:
        raise LambdapoolBlobError("data of the task, which was there, cannot be read: %s" % error) from None


def locate(blob):
    """(SHA-256, path, size) of a file with the blob's bytes."""
    size, digest = int(blob["size"]), blob["sha256"]
    directory, name = os.environ.get("LAMBDAPOOL_OBJECTS"), blob.get("file")
    if directory and name and os.sep not in name:
        path = os.path.join(directory, name)
        try:
            if os.stat(path).st_size == size:
                return digest, path, size
        except OSError:
            pass  # another service's, or it cannot be seen from here
    return digest, _cache().path_of(digest, size, blob["url"]), size


class _Cache:
    """Files in /tmp, named by their content. Those that were used least recently make room for others."""

    def __init__(self):
        self._directory = os.path.join(os.environ.get("TMPDIR") or "/tmp", ".lambdapool-blobs")
        try:
            os.makedirs(self._directory, 0o700, exist_ok=True)
        except OSError as error:
            raise LambdapoolBlobError("data of the task has nowhere to be kept: %s" % error) from None

    def path_of(self, digest, size, url):
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise LambdapoolBlobError("the task names data by %r, which is no SHA-256" % digest)
        path = os.path.join(self._directory, digest)
        try:
            os.utime(path)
            return path
        except OSError:
            pass
        self._make_room(size)
        new = "%s.%d" % (path, os.getpid())
        try:
            self._fetch(digest, size, url, new)
            os.replace(new, path)
        finally:
            try:
                os.unlink(new)
            except OSError:
                pass
        return path

    def _fetch(self, digest, size, url, new):
        try:
            transfer.get(url, size, new)
        except transfer.Failed as error:
            raise LambdapoolBlobError("data of the task (%d bytes) could not be fetched: %s" % (size, error)) from None
        except OSError as error:
            raise LambdapoolBlobError(
                "data of the task (%d bytes) could not be kept in %s: %s" % (size, self._directory, error)
            ) from None
        if sha256_of(new) != digest:
            raise LambdapoolBlobError(
                "data of the task (%d bytes) is not what the caller sent: its SHA-256 is another one; somebody has "
                "changed the object" % size
            )

    def _make_room(self, size):
        for path in self._oldest_first():
            if self._free() >= size + _SPARE:
                return
            try:
                os.unlink(path)
            except OSError:
                pass
        if self._free() < size:
            raise LambdapoolBlobError(
                "data of the task has %d bytes, and %s has room for %d: give the function more (its ephemeral storage)"
                % (size, self._directory, self._free())
            )

    def _oldest_first(self):
        found = []
        for entry in os.scandir(self._directory):
            try:
                found.append((entry.stat().st_mtime_ns, entry.path))
            except OSError:
                pass
        return [path for _, path in sorted(found)]

    def _free(self):
        status = os.statvfs(self._directory)
        return status.f_bavail * status.f_frsize


_the_cache = None


def _cache():
    global _the_cache
    if _the_cache is None:
        _the_cache = _Cache()
    return _the_cache


def sha256_of(path):
    import hashlib  # late: OpenSSL takes milliseconds

    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while True:
            piece = file.read(_PIECE)
            if not piece:
                return digest.hexdigest()
            digest.update(piece)


def store(url, pieces):
    """Puts the answer where the caller allows it. Returns what the envelope says of it. Raises transfer.Failed."""
    import hashlib

    digest, sizes = hashlib.sha256(), []
    for piece in pieces:
        digest.update(piece)
        sizes.append(piece.nbytes if isinstance(piece, memoryview) else len(piece))
    transfer.put(url, pieces, sum(sizes))
    return "%s:%s" % (digest.hexdigest(), ",".join(map(str, sizes)))
