"""Tiny tasks on two local workers, ours beside the standard library's pools and joblib. Usage: local_tasks.py WHO ROW.

Prints one JSON line: microseconds of wall time for each task, and of this process's CPU, and its memory. The pool is
warm when the clock starts, and has done the same with fewer tasks.
"""

import json
import multiprocessing
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from operator import neg as task  # importable on both sides, and as cheap as a task can be

WORKERS = 2


def mapped(chunksize):
    return lambda pool, items: pool.map(task, items, chunksize)


def lazily_mapped(chunksize):
    return lambda pool, items: list(pool.imap(task, items, chunksize))


def consumed(chunksize):
    def consume(pool, items):
        for result, item in zip(pool.imap(task, items, chunksize), items):
            assert result == -item

    return consume


def each_alone(pool, items):
    return [result.get() for result in [pool.apply_async(task, (item,)) for item in items]]


def applied(pool, items):
    return [pool.apply(task, (item,)) for item in items]


def executed_map(executor, items):
    return list(executor.map(task, items))


def executed_one_by_one(executor, items):
    return [executor.submit(task, item).result() for item in items]


def submitted(executor, items):
    return [future.result() for future in [executor.submit(task, item) for item in items]]


def completed(executor, items):
    from concurrent.futures import as_completed

    futures = {executor.submit(task, item): item for item in items}
    for future in as_completed(futures):
        assert future.result() == -futures[future]


def in_joblib(parallel, items):
    from joblib import delayed

    return parallel(delayed(task)(item) for item in items)


# row -> (tasks, how a pool does it, how an executor does it, how joblib does it, goal). A goal is (factor, of which
# peer), microseconds, or which other row of ours with how much more; None: there is none.
ROWS = {
    "map, chunksize 1": (10_000, mapped(1), executed_map, None, (0.25, "executor")),
    "map, default chunks": (10_000, mapped(None), None, in_joblib, 0.5),
    "map of a million": (1_000_000, mapped(None), None, None, (1.0, "pool")),
    "map, chunks of 100": (100_000, mapped(100), None, None, None),
    "map, chunks of 1,000": (500_000, mapped(1_000), None, None, None),
    "imap, chunks of 100": (100_000, lazily_mapped(100), None, None, ("map, chunks of 100", 0.3)),
    "imap, chunks of 1,000": (500_000, lazily_mapped(1_000), None, None, ("map, chunks of 1,000", 0.3)),
    "apply, one by one": (1_000, applied, executed_one_by_one, None, (1 / 1.6, "executor")),
    "3,000 futures": (3_000, None, submitted, None, (0.5, "executor")),
    "as_completed over 100,000 futures": (100_000, None, completed, None, None),
    "imap of 10 million": (10_000_000, consumed(1_000), None, None, None),
    "map of 10 million": (10_000_000, mapped(None), None, None, None),
}
SLOW = {"as_completed over 100,000 futures", "imap of 10 million", "map of 10 million"}  # once, and not in a quick run


OF_HANDSHAKE = "10,000 calls"  # whose items share none
ROWS_APART = {OF_HANDSHAKE: (10_000, each_alone, None, None, None)}


def ours(executor, stale="error"):
    from lambdapool import LambdaExecutor, LambdaPool

    if executor:
        return LambdaExecutor(lambda_function="bench", target="local", max_workers=WORKERS)
    return LambdaPool(lambda_function="bench", target="local", workers=WORKERS, stale=stale)


def joblib():
    from joblib import Parallel

    return Parallel(WORKERS)


def measure(who, row):
    tasks, in_pool, in_executor, with_joblib, _ = {**ROWS, **ROWS_APART}[row]
    as_executor = who == "executor" or (who == "lambdapool" and in_pool is None)
    do = with_joblib if who == "joblib" else in_executor if as_executor else in_pool
    make = {
        "lambdapool": lambda: ours(as_executor),
        "unchecked": lambda: ours(False, stale="ignore"),
        "pool": lambda: multiprocessing.Pool(WORKERS),
        "executor": lambda: ProcessPoolExecutor(WORKERS),
        "joblib": joblib,
    }
    with make[who]() as pool:
        do(pool, range(max(100, min(tasks // 20, 50_000))))
        used, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        results = do(pool, range(tasks))
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    assert results is None or results == [-n for n in range(tasks)]
    cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    return {"wall_us": wall / tasks * 1e6, "cpu_us": cpu / tasks * 1e6, "peak_mb": after.ru_maxrss / 1024}


def rows(environment):
    from measure import QUICK, Row, interleaved, run

    found = []
    for name, (tasks, in_pool, in_executor, with_joblib, goal) in ROWS.items():
        if QUICK and (name in SLOW or tasks > 500_000):
            continue
        whos = ["lambdapool"] + ["pool"] * bool(in_pool) + ["executor"] * bool(in_executor)
        if with_joblib and has_joblib():
            whos.append("joblib")
        runs = {
            who: (lambda who=who: run([sys.executable, __file__, who, name], environment=environment)) for who in whos
        }
        medians = interleaved(runs, 1 if name in SLOW else 2 if QUICK else 3)
        us = {who: figures["wall_us"] for who, figures in medians.items()}
        mine = us.pop("lambdapool")
        found.append(judged(Row(name, "us", mine, us), goal, found))
        if tasks >= 1_000_000:
            peak = {who: figures["peak_mb"] for who, figures in medians.items()}
            mine = peak.pop("lambdapool")
            memory = Row("  its memory", "MB", mine, peak)
            found.append(judged(memory, (1.2, "pool") if name == "map of 10 million" else None, found))
    return found + [of_handshake(environment)]


def judged(row, goal, found):
    """`found`: the rows before it."""
    from measure import at_most

    if goal is None:
        return row
    if isinstance(goal, float):
        return replace(row, goal="<= %g us" % goal, met=row.ours <= goal)
    if goal[0] in ROWS:
        (other,) = (each for each in found if each.name == goal[0])
        return replace(row, goal="<= map + %g us" % goal[1], met=row.ours <= other.ours + goal[1])
    return at_most(row.name, row.unit, row.ours, row.peers, *goal)


def of_handshake(environment):
    """What it costs that each call names the code that it is for."""
    from measure import QUICK, Row, interleaved, run

    command = [sys.executable, __file__]
    medians = interleaved(
        {
            who: (lambda who=who: run([*command, who, OF_HANDSHAKE], environment=environment))
            for who in ("lambdapool", "unchecked")
        },
        1 if QUICK else 5,
    )
    cpu = {who: figures["cpu_us"] for who, figures in medians.items()}
    return Row(
        "client CPU of a call that names its code",
        "us",
        cpu["lambdapool"],
        {"without (stale='ignore')": cpu["unchecked"]},
    )


def has_joblib():
    try:
        import joblib  # noqa: F401
    except ImportError:
        return False
    return True


if __name__ == "__main__":
    print(json.dumps(measure(*sys.argv[1:])))
