"""Tasks that do not end, or not well."""

import ctypes
import itertools
import time


def waits():
    time.sleep(600)  # here it waits


def counts():
    return sum(itertools.repeat(1))  # here it counts, and never lets another thread run


def crashes():
    return ctypes.string_at(0)  # here it crashes


def well():
    return "well"
