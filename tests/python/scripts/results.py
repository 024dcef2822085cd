"""A user's script: what tasks do with the script's classes and functions stays there. Prints what does not hold."""

import enum
import functools
import pickle
import threading

from lambdapool import LambdaPool

mode = "before"
log = []


class Job:
    finished = 0

    def __init__(self, n):
        self.n = n

    def show(self):
        return mode

    def note(self):
        log.append(self.n)


class Left(str):
    """By name, as a singleton of a module is pickled."""

    def __reduce__(self):
        return "LEFT"


LEFT = Left("LEFT")
guard = threading.Lock()


def work(job):
    Job.finished += 100
    job.n *= 2
    return job


def break_class(job):
    Job.guard = threading.Lock()  # cannot be pickled, and must not have to be
    Job.show = None
    return job, job.note, work


def make_class():
    class Local:
        count = 1

        def get(self):
            return self.count

    make_class.kept = getattr(make_class, "kept", Local)
    return Local(), Local


def set_mode(job):
    global mode
    mode = "there"
    return job.show()  # the function and the class's methods have one set of globals


def guarded(x):
    with guard:
        return x


class Holder:
    def __init__(self, thing):
        self.deep = {"first": [1, thing]}

    def run(self, x):
        return x


def uses_left():
    return LEFT


def check(name, holds):
    if not holds:
        print(name, "does not hold")


def refused(pool, function, arguments, *words):
    try:
        pool.apply(function, arguments)
        print(function, "was sent")
    except (TypeError, pickle.PicklingError) as error:
        for word in (*words, "lambdapool update"):
            check("%r in %r" % (word, str(error)), word in str(error))


def main(pool):
    global mode
    for job in pool.imap(work, [Job(n) for n in range(4)]):
        Job.finished += 1
        job.note()
    mode = "after"
    check("attributes of the class", (Job.finished, log, Job(1).show()) == (4, [0, 2, 4, 6], "after"))
    check("globals of methods", Job.show.__globals__ is globals())
    job, note, function = pool.apply(break_class, (Job(1),))
    note()
    check("a bound method comes back to this program", log[-1] == 1 and note.__func__ is Job.note)
    check("a function is the one here", function is work)
    check("the class was not broken", type(job) is Job and Job(1).show() == "after" and not hasattr(Job, "guard"))
    check("one set of globals", pool.apply(set_mode, (Job(1),)) == "there" and mode == "after")
    first, cls = pool.apply(make_class)
    cls.count = 5
    again = pool.apply(first.get)
    check(
        "a class made there", again == 5 and type(first) is cls and pool.apply(type, (first,)) is cls and cls.count == 5
    )
    refused(pool, guarded, (1,), "_thread.lock", "the global 'guard' of the function guarded")
    refused(pool, Holder(guard).run, (1,), "item 1", "'first'", "'deep'", "Holder.run")
    refused(pool, work, (Holder(guard),), "item 1", "'deep'")
    refused(pool, functools.partial(work, guard), (), "partial")
    refused(pool, lambda: guard, (), "'guard'", "<lambda>")
    refused(pool, uses_left, (), "__main__", "the global 'LEFT' of the function uses_left")
    refused(pool, type, (LEFT,), "__main__")


if __name__ == "__main__":
    with LambdaPool(1, "algorithms") as pool:
        main(pool)
    print("done")
