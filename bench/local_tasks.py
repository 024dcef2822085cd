"""Tiny tasks on two local workers, ours beside the standard library's pools. Usage: local_tasks.py WHO ROW.

Prints one JSON line: microseconds of wall time for each task, and of this process's CPU. The pool is warm when the
clock starts, and has done the same with fewer tasks.
"""

import json
import multiprocessing
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from operator import neg as task  # importable on both sides, and as cheap as a task can be

WORKERS = 2


def mapped(chunksize):
    return lambda pool, items: pool.map(task, items, chunksize)


def lazily_mapped(chunksize):
    return lambda pool, items: list(pool.imap(task, items, chunksize))


def applied(pool, items):
    return [pool.apply(task, (item,)) for item in items]


def executed_map(executor, items):
    return list(executor.map(task, items))


def executed_one_by_one(executor, items):
    return [executor.submit(task, item).result() for item in items]


def submitted(executor, items):
    return [future.result() for future in [executor.submit(task, item) for item in items]]


# row -> (tasks, how a pool does it, how an executor does it)
ROWS = {
    "map, chunksize 1": (10_000, mapped(1), executed_map),
    "map, default chunks": (10_000, mapped(None), None),
    "map of a million": (1_000_000, mapped(None), None),
    "map, chunks of 100": (100_000, mapped(100), None),
    "map, chunks of 1,000": (500_000, mapped(1_000), None),
    "imap, chunks of 100": (100_000, lazily_mapped(100), None),
    "imap, chunks of 1,000": (500_000, lazily_mapped(1_000), None),
    "apply, one by one": (1_000, applied, executed_one_by_one),
    "3,000 futures": (3_000, None, submitted),
}


def ours(executor):
    from lambdapool import LambdaExecutor, LambdaPool

    return (LambdaExecutor if executor else LambdaPool)(lambda_function="bench", target="local", **{"max_workers" if executor else "workers": WORKERS})


def measure(who, row):
    tasks, in_pool, in_executor = ROWS[row]
    as_executor = who == "executor" or (who == "lambdapool" and in_pool is None)
    do = in_executor if as_executor else in_pool
    make = {"lambdapool": lambda: ours(as_executor), "pool": lambda: multiprocessing.Pool(WORKERS), "executor": lambda: ProcessPoolExecutor(WORKERS)}
    with make[who]() as pool:
        do(pool, range(max(100, tasks // 20)))
        used, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        results = do(pool, range(tasks))
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    assert results == [-n for n in range(tasks)]
    cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    return {"wall_us": wall / tasks * 1e6, "cpu_us": cpu / tasks * 1e6}


if __name__ == "__main__":
    print(json.dumps(measure(*sys.argv[1:])))
