"""named_run.py PORT [again]: a run of 2,000 tasks that tell what they do. `again`: they may run twice."""

import sys
from functools import partial

import lambdapool_tasks as tasks
from lambdapool import LambdaPool

if __name__ == "__main__":
    task = partial(tasks.tell_and_sleep, port=int(sys.argv[1]), seconds=0)
    with LambdaPool(2, "algorithms", idempotent=sys.argv[2:] == ["again"]) as pool:
        print(sum(pool.map(task, range(2000), chunksize=1, name="killed")))
