"""How long a caller waits for a worker that has to be started, in milliseconds. Prints one JSON line.

`first`: the first call of a process, at once after its pool is made: that has begun to start the fork server.
`next`: the first call after an update, which finds no worker of the new version.
`interpreter`: the peer, a fresh Python process with a worker's usual imports.

Usage: cold_start.py PROGRAM, the lambdapool command.
"""

import json
import statistics
import subprocess
import sys
import time
from operator import neg

from lambdapool import LambdaPool

ROUNDS = 10


def milliseconds(run):
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1e3


def update(memory):
    command = [sys.argv[1], "update", "bench", "--memory", str(memory), "--target", "local"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def main():
    nexts = []
    with LambdaPool(workers=1, lambda_function="bench", target="local") as pool:
        first = milliseconds(lambda: pool.apply(neg, [1]))
        for memory in range(257, 257 + ROUNDS):
            update(memory)
            nexts.append(milliseconds(lambda: pool.apply(neg, [1])))
    imports = [sys.executable, "-c", "import json, pickle, traceback, decimal, logging"]
    interpreter = [milliseconds(lambda: subprocess.run(imports)) for _ in range(ROUNDS)]
    print(json.dumps({"first": first, "next": statistics.median(nexts), "interpreter": statistics.median(interpreter)}))


if __name__ == "__main__":
    main()
