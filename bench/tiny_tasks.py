"""10,000 tiny tasks on two local workers, ours beside the standard library's pools. Usage: tiny_tasks.py WHICH.

Prints one JSON line: microseconds of wall time per task. The pool is warm when the clock starts.
"""

import json
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from operator import neg as task  # importable on both sides, and as cheap as a task can be

TASKS = 10_000
WORKERS = 2


def timed(run):
    run(range(100))
    start = time.perf_counter()
    results = list(run(range(TASKS)))
    wall = time.perf_counter() - start
    assert results == [-n for n in range(TASKS)]
    return wall / TASKS * 1e6


def ours(chunksize):
    from lambdapool import LambdaPool

    with LambdaPool(workers=WORKERS, lambda_function="bench", target="local") as pool:
        return timed(lambda items: pool.map(task, items, chunksize=chunksize))


def standard_pool(chunksize):
    with multiprocessing.Pool(WORKERS) as pool:
        return timed(lambda items: pool.map(task, items, chunksize=chunksize))


def standard_executor(chunksize):
    with ProcessPoolExecutor(WORKERS) as executor:
        return timed(lambda items: executor.map(task, items, chunksize=chunksize))


RUNS = {
    "lambdapool-1": lambda: ours(1),
    "lambdapool-default": lambda: ours(None),
    "pool-1": lambda: standard_pool(1),
    "pool-default": lambda: standard_pool(None),
    "executor-1": lambda: standard_executor(1),
}

if __name__ == "__main__":
    print(json.dumps({"wall_us": RUNS[sys.argv[1]]()}))
