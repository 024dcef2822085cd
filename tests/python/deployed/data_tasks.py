"""Tasks about large data. A Block is to pickle what an array of numpy is: something whose bytes lie in a buffer."""

import hashlib
import os
import pickle


class Block:
    def __init__(self, data):
        self.data = data

    def __reduce_ex__(self, protocol):
        return Block, (pickle.PickleBuffer(self.data),)

    def __len__(self):
        return memoryview(self.data).nbytes


def digest(block):
    return len(block), hashlib.sha256(block.data).hexdigest()


def of_item(block, item):
    return len(block), item


def count_up(block):
    """What was there before, which another task must not have changed."""
    before = block.data[0]
    block.data[0] = before + 1
    return before


def read_only(blocks):
    return [memoryview(block.data).readonly for block in blocks]


def make(size):
    return Block(bytearray(os.urandom(1)) * size)


def make_bytes(size):
    return b"x" * size


def length(value):
    return len(value)


def same_object(shared, _):
    return id(shared), os.getpid()


def name_and_digest(shared, *_):
    return shared["name"], digest(shared["block"])


def make_random(size):
    return os.urandom(size)


def leftovers(_):
    """Files of data in this worker's /tmp."""
    directory = os.path.join(os.environ.get("TMPDIR") or "/tmp", ".lambdapool-blobs")
    return sorted(os.listdir(directory)) if os.path.isdir(directory) else []
