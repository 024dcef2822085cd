"""An object that a caller shares with its workers: made once in each process of a worker, and then used by all the
tasks there that it comes with."""

import pickle
from collections import OrderedDict

_KEPT = 16  # of those that were used last
_made = OrderedDict()

blobs = {}  # those of the task, by their digests


def receive(digest, stream, buffers):
    """The object of the pickle `stream`; parts of it are bytes, or the digests of blobs. What it views of its buffers
    cannot be written to: other tasks see it too."""
    made = _made.get(digest)
    if made is None:
        stream = bytes(_bytes_of(stream))
        made = (pickle.loads(stream, buffers=[_bytes_of(buffer).toreadonly() for buffer in buffers]),)
        if b"lambdapool_by_value" in stream or b"cloudpickle" in stream:
            return made[0]  # code by value belongs to the task that it came with
        _made[digest] = made
        while len(_made) > _KEPT:
            _made.popitem(last=False)
    _made.move_to_end(digest)
    return made[0]


def _bytes_of(part):
    return blobs[part]() if isinstance(part, str) else memoryview(part)
