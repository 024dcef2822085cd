"""Tasks one after another: whoever waits for the next one runs the local service's loop meanwhile (src/http/helm.hpp)."""

import queue
import threading
from functools import partial

import lambdapool_tasks as tasks
import pytest
from lambdapool import LambdaPool, WorkerDied
from test_pool_process import run, run_until_ctrl_c

SERIES = 200  # by then the caller has long taken the loop over


@pytest.fixture
def local(enter):
    return enter("local")


def test_threads_that_wait_for_one_task_each_have_their_own(local):
    told = queue.Queue()

    def work(pool, thread):
        try:
            numbers = range(thread * SERIES, (thread + 1) * SERIES)
            told.put([pool.apply(tasks.square, (number,)) for number in numbers] == [n * n for n in numbers])
        except BaseException as error:
            told.put(error)

    with LambdaPool(2, "algorithms") as pool, LambdaPool(1, "algorithms") as other:
        pools = [pool, pool, pool, other]
        threads = [threading.Thread(target=work, args=(pools[i], i)) for i in range(4)]
        for thread in threads:
            thread.start()
        assert [told.get(timeout=120) for _ in threads] == [True] * 4
        for thread in threads:
            thread.join()


def test_what_others_have_sent_goes_on_while_one_waits_and_when_it_does_not(local, ear):
    with LambdaPool(2, "algorithms") as pool:
        results = pool.map_async(tasks.square, range(500), chunksize=1)
        assert [pool.apply(tasks.square, (n,)) for n in range(50)] == [n * n for n in range(50)]
        assert results.get(120) == [n * n for n in range(500)]
        for n in range(SERIES):
            assert pool.apply(tasks.square, (n,)) == n * n
        pool.apply_async(partial(tasks.tell, port=ear.port), (1,))
        assert ear.wait_for(1)


def test_a_callback_may_call_one_after_another(local):
    told = queue.Queue()
    with LambdaPool(1, "algorithms") as pool:
        pool.apply_async(
            tasks.square,
            (2,),
            callback=lambda value: told.put([pool.apply(tasks.square, (value + n,)) for n in range(50)]),
        )
        assert told.get(timeout=120) == [(4 + n) ** 2 for n in range(50)]


def test_a_thread_with_a_small_stack_may_call_one_after_another(local):
    before = threading.stack_size(256 * 1024)
    told = queue.Queue()
    try:
        with LambdaPool(1, "algorithms") as pool:
            thread = threading.Thread(
                target=lambda: told.put([pool.apply(tasks.square, (n,)) for n in range(SERIES)][-1])
            )
            thread.start()
            assert told.get(timeout=120) == (SERIES - 1) ** 2
            thread.join()
    finally:
        threading.stack_size(before)


def test_what_goes_wrong_is_told_to_who_runs_the_loop(local):
    with LambdaPool(1, "algorithms") as pool:
        for n in range(SERIES):
            pool.apply(tasks.square, (n,))
        with pytest.raises(ValueError):
            pool.apply(tasks.raise_value_error, (1,))
        with pytest.raises(WorkerDied):
            pool.apply(tasks.exit_hard, (7,))
        assert pool.apply(tasks.square, (3,)) == 9


def test_ctrl_c_ends_a_series_and_leaves_the_pool_usable(local):
    outcome = run_until_ctrl_c(
        "with LambdaPool(1, 'algorithms') as pool:\n"
        "    for n in range(100): pool.apply(tasks.square, (n,))\n"
        "    try:\n"
        "        say('ready')\n"
        "        while True: pool.apply(tasks.square, (1,))\n"
        "    except KeyboardInterrupt: say('interrupted')\n"
        "    say([pool.apply(tasks.square, (n,)) for n in range(100)][-1])\n"
    )
    assert outcome == (0, "interrupted\n9801\n", "")


def test_a_signals_handler_may_call_the_pool_that_it_interrupts(local):
    code, out, err = run(
        "import signal\n"
        "with LambdaPool(2, 'algorithms') as pool:\n"
        "    for n in range(100): pool.apply(tasks.square, (n,))\n"
        "    came = []\n"
        "    def call(*_):\n"
        "        came.append(pool.apply(tasks.square, (3,)))\n"
        "        signal.setitimer(signal.ITIMER_REAL, 0.1)\n"
        "    signal.signal(signal.SIGALRM, call)\n"
        "    signal.setitimer(signal.ITIMER_REAL, 0.1)\n"
        "    while len(came) < 3: pool.apply(tasks.square, (1,))\n"
        "    signal.setitimer(signal.ITIMER_REAL, 0)\n"
        "    say(came[:3])\n"
    )
    assert (code, out) == (0, "[9, 9, 9]\n"), err


def test_a_program_may_fork_in_a_series_and_while_another_thread_is_in_one(local):
    code, out, err = run(
        "import threading\n"
        "pool = LambdaPool(2, 'algorithms')\n"
        "over = threading.Event()\n"
        "def work():\n"
        "    while not over.is_set(): pool.apply(tasks.square, (2,))\n"
        "thread = threading.Thread(target=work)\n"
        "thread.start()\n"
        "for n in range(10):\n"
        "    for each in range(20): pool.apply(tasks.square, (each,))\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        try: pool.apply(tasks.square, (1,))\n"
        "        except PoolForked: os._exit(3)\n"
        "        os._exit(1)\n"
        "    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3\n"
        "over.set()\n"
        "thread.join()\n"
        "say(pool.apply(tasks.square, (3,)))\n"
        "pool.terminate(); pool.join()\n"
    )
    assert (code, out) == (0, "9\n"), err


def test_a_pool_may_end_while_another_thread_waits_for_a_task(local, ear):
    ear.hold(lambda told: True)
    pool = LambdaPool(1, "algorithms")
    for n in range(SERIES):
        pool.apply(tasks.square, (n,))
    told = queue.Queue()

    def wait():
        try:
            told.put(pool.apply(partial(tasks.tell, port=ear.port), (1,)))
        except Exception as error:
            told.put(type(error).__name__)

    thread = threading.Thread(target=wait)
    thread.start()
    assert ear.wait_for(1)
    pool.terminate()
    assert told.get(timeout=120) == "PoolTerminated"
    thread.join()
