"""Files as arguments and as results. On both sides: `lambdapool.File` is this class in a function too."""

import mmap
import os
import pickle
import shutil
import stat
import tempfile
import weakref


class File:
    """A file whose bytes travel with it: an argument of a task, or what a task returns.

    What arrives has a path of its own, to a copy that lives as long as the object does; `name` is the name that the
    file had. The bytes are read when the task is sent, or the result: the file must not be changed meanwhile. An
    ``s3://`` URL (any URL) travels as it is, and is the path.

    Raises OSError where there is no such file, and IsADirectoryError for a directory."""

    def __init__(self, path):
        path = os.fspath(path)
        self._path = os.fsdecode(path)
        self._data = None  # of one that has arrived and has no path yet
        self._view = None, b""  # which state of the file, and its bytes
        self.name = os.path.basename(self._path)
        if not self._is_url() and stat.S_ISDIR(os.stat(self._path).st_mode):
            raise IsADirectoryError(21, "a directory cannot be sent as a file", self._path)

    @property
    def path(self):
        """Where it is here. What has arrived is written there when this is first asked for."""
        if self._path is None:
            directory = tempfile.mkdtemp(prefix="lambdapool-file-")
            weakref.finalize(self, _remove, directory, os.getpid())
            path = os.path.join(directory, self.name)
            with open(path, "wb") as file:
                file.write(self._data)
            self._path, self._data = path, None
        return self._path

    def __fspath__(self):
        return self.path

    def __repr__(self):
        return "File(%r)" % (self.name if self._path is None else self._path)

    def __reduce_ex__(self, protocol):
        if self._path is not None and self._is_url():
            return File, (self._path,)
        content = self._content()
        return arrived, (self.name, pickle.PickleBuffer(content) if protocol >= 5 else bytes(content))

    def _is_url(self):
        return "://" in self._path

    def _content(self):
        if self._path is None:
            return self._data
        with open(self._path, "rb") as file:
            status = os.fstat(file.fileno())
            state = status.st_ino, status.st_size, status.st_mtime_ns
            if self._view[0] != state:  # the same bytes in the same place are sent, and looked at, once in a map
                view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if status.st_size else b""
                self._view = state, view
        return self._view[1]


def arrived(name, content):
    """The file on the other side. `content` is whatever has a buffer."""
    file = File.__new__(File)
    # The name comes from elsewhere: it names no other place than the file's own directory.
    name = os.path.basename(name)
    file.name = name if name not in ("", ".", "..") else "file"
    file._path, file._data, file._view = None, content, (None, b"")
    return file


def _remove(directory, process):
    if os.getpid() == process:  # a child has the object too, and ends earlier
        shutil.rmtree(directory, ignore_errors=True)
