"""Tasks that fail at first, and then do not. How often an item was run a server of the test knows, since workers come
and go."""

import os
import socket

import lambdapool_tasks as tasks


class Flaky:
    """Fails the first `times` runs of the items that are in `fails`: with `kind`, or (None) by the end of the worker."""

    def __init__(self, port, fails, times=1, kind=TimeoutError):
        self.port, self.fails, self.times, self.kind = port, fails, times, kind

    def __call__(self, item):
        runs = self.runs_before(item)
        if item in self.fails and runs < self.times:
            if self.kind is None:
                os._exit(3)
            raise self.kind("item %d, time %d" % (item, runs))
        return item

    def runs_before(self, item):
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(b"%d\n" % item)
            return int(connection.makefile().readline())


def tell_and_fail(port):
    tasks.tell("here", port)
    raise ValueError("as ever")
