"""Large data on two local workers, ours beside multiprocessing's pool, ProcessPoolExecutor with shared memory, and
joblib with memmapping. Usage: data.py WHICH.

Prints one JSON line: seconds of wall time. `frames`: 200 tasks, each with a DataFrame of 160 KB of its own. `table`:
200 tasks over one array of 100 MB. The pool is warm when the clock starts, with what its tasks import; data is sent
after that.
"""

import json
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import shared_memory

import numpy
import pandas
from bench_data_tasks import shape_of, sum_of_row, sum_of_shared_row

TASKS, WORKERS = 200, 2
WARM = shape_of, [pandas.DataFrame({"a": [1]})] * 8
SHAPE = (1000, 12_500)  # doubles: 100 MB


def frames():
    return [pandas.DataFrame(numpy.random.rand(2_000, 10)) for _ in range(TASKS)]


def ours(function, items):
    from lambdapool import LambdaPool

    with LambdaPool(workers=WORKERS, lambda_function="bench-data", target="local") as pool:
        pool.map(*WARM)
        return timed_map(pool.map, function, items)


def timed_map(run, function, items):
    start = time.perf_counter()
    results = list(run(function, items))
    return time.perf_counter() - start, results


def of_pool(function, items):
    with multiprocessing.Pool(WORKERS) as pool:
        pool.map(*WARM)
        return timed_map(pool.map, function, items)


def of_joblib(function, items):
    from joblib import Parallel, delayed

    with Parallel(n_jobs=WORKERS, max_nbytes="1M") as parallel:
        parallel(delayed(WARM[0])(item) for item in WARM[1])
        return timed_map(lambda f, all_: parallel(delayed(f)(item) for item in all_), function, items)


def of_shared_memory(table):
    """The array is copied into shared memory within the time, as ours is sent within it."""
    with ProcessPoolExecutor(WORKERS) as executor:
        list(executor.map(*WARM))
        start = time.perf_counter()
        memory = shared_memory.SharedMemory(create=True, size=table.nbytes)
        try:
            numpy.ndarray(table.shape, table.dtype, memory.buf)[:] = table
            function = partial(sum_of_shared_row, memory.name, table.shape)
            results = list(executor.map(function, range(TASKS)))
            return time.perf_counter() - start, results
        finally:
            memory.close()
            memory.unlink()


def main(which):
    kind, _, peer = which.partition("-")
    if kind == "frames":
        items = frames()
        wall, results = {"ours": ours, "pool": of_pool}[peer](shape_of, items)
        assert results == [frame.shape for frame in items]
    else:
        table = numpy.random.rand(*SHAPE)
        function = partial(sum_of_row, table)
        runs = {"ours": ours, "pool": of_pool, "joblib": of_joblib}
        wall, results = of_shared_memory(table) if peer == "shared" else runs[peer](function, range(TASKS))
        assert numpy.allclose(results, table[:TASKS].sum(axis=1))
    print(json.dumps({"wall_s": wall}))


if __name__ == "__main__":
    main(sys.argv[1])
