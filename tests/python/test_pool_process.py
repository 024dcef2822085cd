"""Pools and the life of their process: its end, Ctrl-C, fork."""

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios

import pytest
from conftest import PATHS

PRELUDE = """
import itertools, os, signal, sys, threading, time
sys.path[:0] = %r
import lambdapool_tasks as tasks
from lambdapool import LambdaExecutor, LambdaPool, PoolForked
def say(text):
    print(text, flush=True)
def here(x):
    return x + 1
def is_waiting():
    code = sys._current_frames()[threading.main_thread().ident].f_code
    task = "/proc/self/task/%%d/" %% threading.main_thread().native_id
    if open(task + "stat").read().rsplit(") ", 1)[1][0] != "S":
        return False
    if code.co_filename == threading.__file__:  # in futex(), without a timeout, which waiting for the GIL has
        call = open(task + "syscall").read().split()
        return len(call) > 4 and call[4] == "0x0"
    return code.co_name == "wait_for"  # apply()'s, which is the engine's
def say_when_waiting(text):
    # CPython looks for signals and then begins to wait; one that comes in between is only seen afterwards.
    def watch():
        seen = 0
        while seen < 3:
            seen = seen + 1 if is_waiting() else 0
            time.sleep(0.01)
        say(text)
    threading.Thread(target=watch, daemon=True).start()
""" % (
    PATHS,
)


def start(program, **kwargs):
    return subprocess.Popen(
        [sys.executable, "-X", "dev", "-W", "ignore::ResourceWarning", "-c", PRELUDE + program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **kwargs,
    )


def run(program, timeout=120):
    process = start(program)
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        pytest.fail("hangs; it wrote: %r" % (process.communicate(),))
    return process.returncode, out, err


def run_until_ctrl_c(program, ready=lambda: None):
    """As run(), of a program that gets it when it has said so and `ready` has returned."""
    process = start(program)
    try:
        assert process.stdout.readline() == "ready\n"
        ready()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    return process.returncode, out, err


@pytest.mark.parametrize(
    "pending",
    [
        "pool.apply_async(tasks.sleep, (250,))",
        "result = pool.map_async(tasks.sleep, [250] * 10)",
        "results = pool.imap(tasks.sleep, itertools.repeat(250))",
        "[pool.apply_async(tasks.sleep, (250,)) for _ in range(100)]; pool.close()",
        "import threading; threading.Thread(target=lambda: pool.map_async(tasks.sleep, [250]).wait(), daemon=True).start()",
        "pool.__self = pool",
        "pool.terminate()",
    ],
)
def test_the_program_ends_although_a_pool_has_work(service, pending):
    code, out, err = run("pool = LambdaPool(2, 'algorithms'); pool.apply(tasks.square, (1,))\n%s\nsay('end')" % pending)
    assert (code, out, err) == (0, "end\n", "")


def test_the_program_ends_after_an_exception(service):
    code, out, err = run(
        "pool = LambdaPool(2, 'algorithms')\npool.apply_async(tasks.sleep, (250,))\nraise SystemExit(3)"
    )
    assert (code, out, err) == (3, "", "")


def test_an_executors_work_is_finished_before_the_program_ends(service):
    code, out, err = run(
        "executor = LambdaExecutor('algorithms', max_workers=1)\n"
        "for n in range(3): executor.submit(tasks.sleep, 0.1).add_done_callback(lambda f: say(f.result()))\n"
    )
    assert (code, out, err) == (0, "0.1\n" * 3, "")


def test_functions_of_main_are_sent_by_value(service):
    code, out, err = run(
        "class Point:\n"
        "    def __init__(self, x): self.x = x\n"
        "def move(point): return Point(point.x + 1)\n"
        "pool = LambdaPool(1, 'algorithms')\n"
        "moved = pool.map(move, [Point(1)])[0]\n"
        "say(isinstance(moved, Point) and moved.x)\n"
        "class Mine(Exception): pass\n"
        "def fail(): raise Mine('oh')\n"
        "try: pool.apply(fail)\n"
        "except Mine as error: say(error)\n"
        "pool.terminate()\n"
    )
    assert (code, out, err) == (0, "2\noh\n", "")


@pytest.mark.parametrize(
    "blocking",
    [
        "pool.map(task, items)",
        "pool.apply(tasks.sleep, (250,))",
        "pool.starmap(tasks.tell_and_sleep, [(item, %(port)d, 250) for item in items])",
        "list(pool.imap(task, items))",
        "pool.map_async(task, items).get()",
    ],
)
def test_ctrl_c_stops_at_once(service, blocking, ear):
    def the_first_task_has_started():
        if "tasks.sleep," not in blocking:
            assert ear.wait_for(1)

    outcome = run_until_ctrl_c(
        "from functools import partial\n"
        "task = partial(tasks.tell_and_sleep, port=%d, seconds=250)\n"
        "items = range(50)\n"
        "with LambdaPool(1, 'algorithms') as pool:\n"
        "    pool.apply(tasks.square, (1,))\n"
        "    try:\n"
        "        say_when_waiting('ready')\n"
        "        %s\n"
        "    except KeyboardInterrupt:\n"
        "        say('interrupted')\n"
        "say('end')\n" % (ear.port, blocking.replace("%(port)d", str(ear.port))),
        the_first_task_has_started,
    )
    assert outcome == (0, "interrupted\nend\n", "")
    assert len(ear.heard) <= 1


def test_ctrl_c_in_a_map_leaves_the_pool_usable(service):
    outcome = run_until_ctrl_c(
        "with LambdaPool(2, 'algorithms') as pool:\n"
        "    pool.apply(tasks.square, (1,))\n"
        "    try:\n"
        "        say_when_waiting('ready')\n"
        "        pool.map(tasks.sleep, [0.5] * 100)\n"
        "    except KeyboardInterrupt:\n"
        "        say(pool.map(tasks.square, [3]))\n"
    )
    assert outcome == (0, "[9]\n", "")


def test_an_uncaught_ctrl_c_ends_a_program_with_an_executor(service):
    code, out, err = run_until_ctrl_c(
        "executor = LambdaExecutor('algorithms', max_workers=1)\n"
        "futures = [executor.submit(tasks.sleep, 250) for _ in range(10)]\n"
        "say_when_waiting('ready')\n"
        "futures[0].result()\n"
    )
    assert code == -signal.SIGINT and "KeyboardInterrupt" in err


def test_workers_are_of_their_callers_session_and_have_nothing_of_its_terminal(enter):
    """By session the kernel may share out processors: of another one they would wait for theirs."""
    enter("local")
    terminal, end = pty.openpty()
    process = start(
        "def session_and_terminal(): return open('/proc/self/stat').read().rpartition(') ')[2].split()[3:5]\n"
        "with LambdaPool(1, 'algorithms') as pool:\n"
        "    say([os.getsid(0) == os.getpid(), session_and_terminal()[1] != '0'])\n"
        "    say(pool.apply(session_and_terminal) == [str(os.getsid(0)), '0'])\n",
        stdin=end,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    try:
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
        os.close(end)
        os.close(terminal)
    assert (process.returncode, out) == (0, "[True, True]\nTrue\n"), err


def test_a_pool_in_a_forked_child_says_so(service):
    code, out, err = run(
        "pool = LambdaPool(1, 'algorithms')\n"
        "executor = LambdaExecutor('algorithms', max_workers=1)\n"
        "assert pool.apply(tasks.square, (2,)) == 4\n"
        "from conftest import Ear; from functools import partial\n"
        "ear = Ear(); ear.hold(lambda told: True)\n"
        "task = partial(tasks.tell, port=ear.port)\n"
        "pending = [pool.apply_async(task, (1,)), pool.map_async(task, [1, 1])]\n"
        "lazy = pool.imap(task, [1, 1])\n"
        "future = executor.submit(task, 1)\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    for use in (lambda: pool.apply(tasks.square, (1,)), lambda: pool.map(tasks.square, [1]),\n"
        "                lambda: executor.submit(tasks.square, 1), pending[0].get, pending[1].get,\n"
        "                lambda: next(lazy), future.result):\n"
        "        try: use(); say('no error')\n"
        "        except PoolForked as error: assert 'fork' in str(error)\n"
        "    pool.terminate(); pool.join(); executor.shutdown()\n"
        "    with LambdaPool(1, 'algorithms') as fresh: say(fresh.apply(tasks.square, (3,)))\n"
        "    sys.exit(7)\n"
        "say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
        "ear.release()\n"
        "say([result.get() for result in pending] + list(lazy) + [future.result()])\n"
    )
    assert (code, out) == (0, "9\n7\n[None, [None, None], None, None, None]\n"), err


def test_multiprocessing_may_fork_beside_a_pool(service):
    code, out, err = run(
        "import multiprocessing\n"
        "with LambdaPool(1, 'algorithms') as pool, multiprocessing.get_context('fork').Pool(2) as processes:\n"
        "    say(pool.map(tasks.square, processes.map(tasks.square, [2, 3])))\n"
    )
    assert (code, out) == (0, "[16, 81]\n"), err


AS_A_SERVER = """
def serve(number):
    with LambdaPool(2, 'algorithms') as pool:
        return pool.map(tasks.square, [number, number + 1], chunksize=1)
def fork(work):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            os.write(writer, repr(work()).encode())
        except BaseException as error:
            os.write(writer, repr(error).encode())
        os._exit(0)
    os.close(writer)
    return lambda: (open(reader).read(), os.waitpid(child, 0))[0]
"""


def test_the_children_of_a_prefork_server_have_pools_whether_or_not_their_parent_has(enter):
    enter("local")
    code, out, err = run(
        AS_A_SERVER + "pool = LambdaPool(1, 'algorithms')\n"
        "children = [fork(lambda: serve(2)) for _ in range(3)]\n"
        "say([child() for child in children] + [pool.apply(tasks.square, (3,))])\n"
        "pool.terminate(); pool.join()\n"
        "children = [fork(lambda: serve(2)) for _ in range(3)]\n"
        "say([child() for child in children])\n"
        "say([fork(lambda: fork(lambda: serve(2))())(), serve(2)])\n"
    )
    served = "'[4, 9]'"
    assert code == 0, err
    assert out.splitlines() == [
        "[%s, %s, %s, 9]" % (served, served, served),
        "[%s, %s, %s]" % (served, served, served),
        '["%s", [4, 9]]' % served,
    ], err


@pytest.mark.parametrize("end", ["pool.terminate(); pool.join()", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_a_child_that_outlives_its_parents_local_pools_has_its_own(enter, end):
    enter("local")
    code, out, err = run(
        AS_A_SERVER + "pool = LambdaPool(1, 'algorithms')\n"
        "pool.apply(tasks.square, (2,))\n"
        "reader, writer = os.pipe()\n"
        "def outlive():\n"
        "    os.close(writer)\n"
        "    os.read(reader, 1)\n"
        "    say([serve(2), fork(lambda: serve(3))(), serve(4)])\n"
        "served = fork(outlive)\n"
        "os.close(reader)\n" + end + "\n"
        "del pool\n"
        "os.close(writer)\n"
        "served()\n"
    )
    assert out == "[[4, 9], '[9, 16]', [16, 25]]\n", (code, err)


def test_multiprocessings_forked_workers_have_pools_of_their_own(enter):
    enter("local")
    code, out, err = run(
        AS_A_SERVER + "import multiprocessing\n"
        "serve(1)\n"
        "with multiprocessing.get_context('fork').Pool(2) as processes:\n"
        "    say(processes.map(serve, range(4), chunksize=1))\n"
    )
    assert (code, out) == (0, "[[0, 1], [1, 4], [4, 9], [9, 16]]\n"), err
