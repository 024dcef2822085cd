"""A client of large data, in a process of its own, whose memory tells: large_data.py KIND MEGABYTES.

Prints a JSON object: `held`, the bytes of the array or result; `peak`, how much the process grew from before it was
there to its peak, in bytes."""

import json
import sys
from functools import partial

import lambdapool
from data_tasks import Block, make, of_item

MB = 1 << 20


def peak():
    return int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) * 1024


kind, size = sys.argv[1], int(sys.argv[2]) * MB
with lambdapool.LambdaPool(4, "large-data") as pool:
    pool.map(abs, range(8))
    before = peak()
    if kind == "array":
        block = Block(bytearray(size))
        for start in range(0, size, MB):
            block.data[start] = start // MB % 256
        assert pool.map(partial(of_item, block), range(1000), chunksize=1) == [(size, i) for i in range(1000)]
    else:
        block = pool.apply(make, (size,))
        assert len(block) == size and block.data[0] == block.data[-1]
    print(json.dumps({"held": size, "peak": peak() - before}))
