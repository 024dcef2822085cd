"""Tasks that need an initializer."""

import os

state = None
calls = 0


def initialize(value):
    global state, calls
    state = value
    calls += 1


def fork_and_return():
    if os.fork() == 0:
        return
    os.wait()
    initialize("parent")


def look(item):
    return item, state, calls
