"""Tasks about large data. A Block is to pickle what an array of numpy is: something whose bytes lie in a buffer."""

import hashlib
import os
import pickle
import random


class Block:
    def __init__(self, data):
        self.data = data

    def __reduce_ex__(self, protocol):
        return Block, (pickle.PickleBuffer(self.data),)

    def __len__(self):
        return memoryview(self.data).nbytes


def digest(block):
    return len(block), hashlib.sha256(block.data).hexdigest()


def digest_of_bytes(data):
    return len(data), hashlib.sha256(data).hexdigest()


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


def make_random_block(size):
    return Block(bytearray(os.urandom(size)))


def noise(size, seed):
    """Does not compress, is the same each time, and quick to make."""
    piece = random.Random(seed).randbytes(min(size, 1 << 20))
    return b"".join([piece] * (size // len(piece)) + [piece[: size % len(piece)]]) if piece else b""


def noise_block(size, seed):
    return Block(bytearray(noise(size, seed)))


def texts_and_numbers(count):
    return ["text %x" % hash((n, n * 7919)) for n in range(count)], [float(n) ** 0.5 for n in range(count)]


def raise_large(size):
    raise ValueError(noise(size, 1))


def print_and_make(size):
    print("it is made")
    return os.urandom(size)


def leftovers(_):
    """Files of data in this worker's /tmp."""
    directory = os.path.join(os.environ.get("TMPDIR") or "/tmp", ".lambdapool-blobs")
    return sorted(os.listdir(directory)) if os.path.isdir(directory) else []
