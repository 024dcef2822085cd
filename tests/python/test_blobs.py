"""What a pool stores, without an object store."""

import hashlib
import pickle

import data_tasks
from lambdapool import blobs, pickling


class Engine:
    target, has_store = "aws", True

    def __init__(self):
        self.done = []

    def put(self, name, part, hashed):
        self.done.append(("put", name))
        return "", hashlib.sha256(part).hexdigest() if hashed else "", None

    def remove(self, name):
        self.done.append(("remove", name))

    def send(self, call, function, arguments, code, members=""):
        self.done.append(("send", call))

    def url(self, name):
        return "https://store/" + name


def test_what_is_stored_again_has_another_name_because_removals_arrive_late(monkeypatch):
    monkeypatch.setattr(blobs, "KEPT", 0)
    engine = Engine()
    pool = blobs.Blobs(engine, "function")
    arguments = pickling.dumps(("map", [data_tasks.Block(bytearray(8 << 20))]), apart=pool.apart)
    for call in range(2):
        pool.send(call, pickle.dumps(len), arguments, "")
        pool.over(call)
    puts = [name for what, name in engine.done if what == "put"]
    assert len(set(puts)) == len(puts) == 2
    assert puts == [name for what, name in engine.done if what == "remove"]


def test_a_large_function_of_many_tasks_is_stored_once():
    engine = Engine()
    pool = blobs.Blobs(engine, "function")
    large, other = pickle.dumps(b"f" * (1 << 20)), pickle.dumps(b"g" * (1 << 20))
    for call in range(5):
        pool.send(call, large, b"arguments", "")
    pool.send(5, other, b"arguments", "")
    pool.send(6, pickle.dumps(len), b"arguments", "")
    assert [what for what, _ in engine.done] == ["send", "put", "send", "send", "send", "send", "send", "send"]
