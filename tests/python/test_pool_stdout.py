"""LambdaPool(stdout=True): what tasks print is there while they run, in whole lines with their names."""

import os
import queue
import signal
import sys
import threading
from functools import partial
from types import SimpleNamespace

import lambdapool_tasks as tasks
import pytest
from lambdapool import LambdaExecutor, LambdaPool, WorkerDied, printing

pytestmark = pytest.mark.usefixtures("early_service")
WAIT = 100  # seconds: none of it where all is well


class Screen:
    """Stands in for sys.stdout, which pytest has its own."""

    encoding = "utf-8"

    def __init__(self):
        self.lines, self._lines, self._part = [], queue.Queue(), ""

    def write(self, text):
        *lines, self._part = (self._part + text).split("\n")
        self.lines += lines
        for line in lines:
            self._lines.put(line)

    def flush(self):
        pass

    def next(self):
        return self._lines.get(timeout=WAIT)


@pytest.fixture
def screen(monkeypatch):
    screen = Screen()
    show_on(screen, monkeypatch)
    return screen


def show_on(screen, monkeypatch):
    monkeypatch.setattr(printing, "sys", SimpleNamespace(stdout=screen))


@pytest.fixture
def pool(screen):
    with LambdaPool(1, "algorithms", stdout=True) as pool:
        yield pool


def test_a_line_is_there_while_its_task_runs(pool, screen, ear):
    ear.hold(lambda told: True)
    result = pool.apply_async(tasks.talk, (3, ear.port))
    assert screen.next() == "talk #1 | begins 3"
    assert not result.ready()
    ear.release()
    assert result.get(WAIT) == 3
    assert screen.lines == ["talk #1 | begins 3", "talk #1 | err 3", "talk #1 | child"]


def test_lines_of_a_chunk_are_there_while_its_items_run(pool, screen, ear):
    ear.hold(lambda told: told == "2")
    result = pool.map_async(partial(tasks.talk, port=ear.port), range(3), 3)
    expected = ["talk[0-2] | %s" % line for n in (0, 1) for line in ("begins %d" % n, "err %d" % n, "child")]
    expected.append("talk[0-2] | begins 2")
    assert [screen.next() for _ in range(7)] == expected
    ear.release()
    assert result.get(WAIT) == [0, 1, 2]
    assert screen.lines[7:] == ["talk[0-2] | err 2", "talk[0-2] | child"]


def test_lines_stand_before_what_their_results_caller_prints(pool, screen):
    for item in range(20):
        screen.write("caller %d\n" % pool.apply(tasks.talk, (item,)))
    assert [line.partition(" | ")[2] or line for line in screen.lines] == [
        line for n in range(20) for line in ("begins %d" % n, "err %d" % n, "child", "caller %d" % n)
    ]


def test_each_item_of_a_map_has_its_number(screen):
    with LambdaPool(3, "algorithms", stdout=True) as pool:
        assert pool.map(tasks.talk, range(5), 1) == list(range(5))
        assert list(pool.imap(tasks.talk, range(2))) == [0, 1]
    begins = [line for line in screen.lines if "begins" in line]
    assert sorted(begins) == sorted("talk[%d] | begins %d" % (n, n) for n in [*range(5), 0, 1])


def test_executors_print_too(screen):
    with LambdaExecutor("algorithms", 2, stdout=True) as executor:
        assert executor.submit(tasks.talk, 1).result(WAIT) == 1
        assert list(executor.map(tasks.talk, [5, 6])) == [5, 6]
    begins = [line for line in screen.lines if "begins" in line]
    assert sorted(begins) == ["talk #1 | begins 1", "talk[0] | begins 5", "talk[1] | begins 6"]


def test_nothing_is_printed_unless_it_is_wanted(screen):
    with LambdaPool(1, "algorithms") as pool:
        assert pool.map(tasks.talk, range(2)) == [0, 1]
    assert screen.lines == []


@pytest.mark.parametrize("way", ["exit", "kill"])
def test_what_a_worker_wrote_before_it_died_is_there(pool, screen, way, early_service):
    flushes = early_service == "gcp"  # where a line without its end waits in Python's buffer

    def die(item):
        print("whole")
        sys.stdout.write("no end")
        if flushes:
            sys.stdout.flush()
        if way == "exit":
            os._exit(3)
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(WorkerDied):
        pool.apply(die, (1,))
    assert screen.lines == ["die #1 | whole", "die #1 | no end"]
    assert pool.map(tasks.talk, [7]) == [7]
    assert screen.lines[2:] == ["talk[0] | begins 7", "talk[0] | err 7", "talk[0] | child"]


def test_what_was_shown_is_not_shown_again_when_the_worker_dies(pool, screen, ear):
    def die(item):
        print("begins", item)
        tasks.tell(item, port)
        os._exit(3)

    port = ear.port
    ear.hold(lambda told: True)
    result = pool.apply_async(die, (1,))
    assert screen.next() == "die #1 | begins 1"
    ear.release()
    with pytest.raises(WorkerDied):
        result.get(WAIT)
    assert screen.lines == ["die #1 | begins 1"]


def test_what_is_no_text_is_printed_all_the_same(pool, screen):
    def task():
        os.write(1, b"\xff\x00 and \xe2\x82\xac\n")

    pool.apply(task)
    assert screen.lines == ["task #1 | \ufffd\x00 and \u20ac"]


def test_a_task_that_prints_without_end_is_bounded_and_so_are_its_lines(pool, screen):
    def task():
        for _ in range(400):
            os.write(1, b"x" * 99_999 + b"\n")  # 40 MB, of which no more than 16 come
        os.write(1, b"last\n")
        return "value"

    assert pool.apply(task) == "value"
    lines = [line for line in screen.lines if not line.startswith("lambdapool: ")]
    assert {*lines} <= {
        "task #1 | " + "x" * 99_999,
        "task #1 | lambdapool: what this call writes further is in its log alone",
    }
    assert sum(map(len, screen.lines)) < 17 << 20
    assert pool.apply(tasks.talk, (1,)) == 1 and screen.lines[-1] == "talk #2 | child"


def test_a_screen_that_does_not_take_anything_holds_up_nobody(monkeypatch):
    go_on, began = threading.Event(), threading.Event()

    class Stuck(Screen):
        def write(self, text):
            began.set()
            go_on.wait()
            super().write(text)

    stuck = Stuck()
    show_on(stuck, monkeypatch)
    with LambdaPool(1, "algorithms", stdout=True) as pool:
        result = pool.apply_async(tasks.talk, (0,))
        assert began.wait(WAIT)
        assert result.get(WAIT) == 0
        assert pool.map(tasks.talk, range(50)) == list(range(50))
        go_on.set()
    assert "talk #1 | begins 0" in stuck.lines and len(stuck.lines) == 3 * 51


class Closed(Screen):
    def write(self, text):
        raise ValueError("I/O operation on closed file")


@pytest.mark.parametrize("out", [None, Closed()], ids=["none", "closed"])
def test_without_a_screen_tasks_run_as_ever(monkeypatch, out):
    show_on(out, monkeypatch)
    with LambdaPool(1, "algorithms", stdout=True) as pool:
        assert pool.map(tasks.talk, range(5)) == list(range(5))


def test_it_is_a_choice():
    with pytest.raises(TypeError, match="stdout must be True or False, not str"):
        LambdaPool(1, "algorithms", stdout="yes")
