"""What the local Lambda's fork server does in advance for its workers (src/local/python/spare.py, agents.py)."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PYTHON = Path(__file__).resolve().parents[2] / "src" / "local" / "python"

# As the fork server and then, in another directory, its worker do it. The agent has a file that comes twice, one that
# is another's there, and one that cannot be compiled.
SCRIPT = """
import sys
place, kept, seen, there = sys.argv[1:]
sys.path.insert(0, place)
from compiled import Compiled
from agents import Agents
from spare import Spare
compiled = Compiled(kept)
finished = []
spare = Spare(lambda: finished.append(True), compiled, Agents(compiled, ''))
while spare.work():
    pass
spare.look_at(seen, there)
spare.look_at(seen, there)
while spare.work():
    pass
spare.hand_on({"environment": {"LAMBDA_TASK_ROOT": there}, "code": seen, "handler": "lambdapool_agent.other"})
sys.path.insert(0, there)
import lambdapool_agent.same, lambdapool_agent.twin, lambdapool_agent.other
print(compiled.is_new, len(finished))
for each in (lambdapool_agent.same, lambdapool_agent.twin, lambdapool_agent.other):
    print(each.value(), each.value.__code__.co_filename == each.__file__, each.__file__.startswith(there))
for source in (1, 2, 3):
    print(b"def value(): return %d" % source in compiled, b"def value(): return %d" % source in Compiled(kept))
"""


def write_agent(directory, other):
    agent = directory / "lambdapool_agent"
    agent.mkdir(parents=True)
    (agent / "__init__.py").write_text("")
    (agent / "same.py").write_text("def value(): return 1")
    (agent / "twin.py").write_text("def value(): return 1")
    (agent / "other.py").write_text("def value(): return %d" % other)
    (agent / "broken.py").write_text("def")
    return str(directory)


def test_a_worker_takes_code_for_a_source_of_the_same_bytes_and_no_other(tmp_path):
    seen, there = write_agent(tmp_path / "seen", 2), write_agent(tmp_path / "there", 3)
    command = [sys.executable, "-I", "-B", "-c", SCRIPT, str(PYTHON), str(tmp_path / "kept" / "file"), seen, there]
    for _ in range(2):  # the second finds in the file what the first has compiled
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
        assert done.stdout.split("\n") == [
            "False 2",
            "1 True True",
            "1 True True",
            "3 True True",
            "True True",
            "True True",
            "False False",
            "",
        ]


# A fork server that is killed so many steps after its first worker was asked for.
CUT_SHORT = """
import sys
place, kept, seen, steps = sys.argv[1:]
sys.path.insert(0, place)
from compiled import Compiled
from agents import Agents
from spare import Spare
compiled = Compiled(kept)
compiled.keep(b"x = 'of the fork server'", "a.py")
spare = Spare(None, compiled, Agents(compiled, ''))
spare.look_at(seen, seen)
for _ in range(int(steps)):
    spare.work()
print(sum(source in Compiled(kept) for source in (b"x = 'of the fork server'", b"def value(): return 1", b"def value(): return 2")))
"""


def test_what_was_compiled_is_kept_by_fork_servers_that_soon_end(tmp_path):
    seen = write_agent(tmp_path / "seen", 2)
    (Path(seen) / "lambdapool_agent" / "broken.py").unlink()

    def kept(steps):
        command = [sys.executable, "-I", "-B", "-c", CUT_SHORT, str(PYTHON), str(tmp_path / "kept"), seen, str(steps)]
        return int(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)

    assert [kept(steps) for steps in (0, 1)] == [0, 1]
    assert kept(5) >= 2  # its own, looked for, and half of the four files
    assert kept(8) == 3


SAVED = """
import sys
sys.path.insert(0, sys.argv[1])
import compiled
kept = compiled.Compiled(sys.argv[2])
was_there = b"x = 1" in kept
kept.code(b"x = 1", "a.py")
print(was_there, kept.is_new)
if kept.is_new:
    kept.save()
"""


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:20] + b"?" + data[21:], lambda _: b""])
def test_a_damaged_file_of_what_is_compiled_counts_as_not_there_and_is_replaced(tmp_path, damage):
    file = tmp_path / "file"
    command = [sys.executable, "-I", "-B", "-c", SAVED, str(PYTHON), str(file)]

    def run():
        return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout

    assert run() == "False True\n"
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert run() == "False True\n"
    assert run() == "True False\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_what_was_compiled_last_is_kept_where_there_is_more_than_is_kept():
    script = "import compiled; kept = compiled.Compiled('')\n"
    script += "for n in range(compiled.FILES_MAX + 1): kept.code(b'%d' % n, 'a.py'); kept.code(b'0', 'a.py')\n"
    script += "print(b'0' in kept, b'1' in kept, b'2' in kept)"
    done = subprocess.run(
        [sys.executable, "-B", "-c", script], cwd=PYTHON, stdout=subprocess.PIPE, check=True, text=True
    )
    assert done.stdout == "True False True\n"


AGENT = PYTHON.parents[2] / "python" / "agent"

# As the fork server, and then its worker, which sees the code of its function at another place.
IMPORTED = """
import importlib, sys, types
programs, code, place, handler = sys.argv[1:]
sys.path.insert(0, programs)
from agents import Agents
from compiled import Compiled
agents = Agents(Compiled("/nowhere"), open(programs + "/agent_digests").read())
path, before = list(sys.meta_path), set(sys.modules)
agents.prepare(code, place)
print(sorted(name for name in set(sys.modules) - before if name.startswith("lambdapool")), sys.meta_path == path)
answers = []
client = types.SimpleNamespace()
client.find_handler = lambda name: importlib.import_module(name.rpartition(".")[0]).lambda_handler
client.rehearse = lambda handler, task: answers.append(handler.lambdapool_raw(task, None))
agents.rehearse(client)
sys.path.insert(0, place)
agents.hand_on({"environment": {"LAMBDA_TASK_ROOT": place}, "code": code, "handler": handler})
print(sys.meta_path == path)
import lambdapool_agent
import lambdapool_by_value
files = [lambdapool_agent.__file__, lambdapool_agent.handler.__file__, lambdapool_by_value.__file__]
files.append(lambdapool_agent.lambda_handler.__code__.co_filename)
print(sys.meta_path == path, [file[len(place):] for file in files if file.startswith(place)])
print(lambdapool_agent.preload.LIST.startswith(place), sys.modules["lambdapool_agent.handler"].code.manifest())
from lambdapool_agent import task_process
import inspect
print(len(inspect.getsource(lambdapool_agent.lambda_handler)) > 50)
print([len(answer.partition(b"\\0")[2]) > 0 for answer in answers])
"""


@pytest.fixture
def deployed(tmp_path):
    """(the fork server's programs, the code of a function, where its worker sees it)."""
    programs, code, place = (str(tmp_path / name) for name in ("programs", "code", "place"))
    shutil.copytree(PYTHON, programs)
    for there in (code, place):
        shutil.copytree(AGENT, there, ignore=shutil.ignore_patterns("__pycache__"))
    files = [file.relative_to(code) for file in Path(code).rglob("*.py")]
    digests = [(hashlib.sha256((Path(code) / file).read_bytes()).hexdigest(), file) for file in files]
    (Path(programs) / "agent_digests").write_text("".join("%s %s\n" % line for line in digests))
    (Path(place) / "lambdapool_manifest.json").write_text("its own")
    return programs, code, place


def run_imported(deployed, handler="lambdapool_agent.lambda_handler"):
    command = [sys.executable, "-I", "-S", "-B", "-c", IMPORTED, *deployed, handler]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()


FILES = [
    "/lambdapool_agent/__init__.py",
    "/lambdapool_agent/handler.py",
    "/lambdapool_agent/vendor/lambdapool_by_value/__init__.py",
    "/lambdapool_agent/handler.py",
]


def test_a_worker_gets_the_agent_that_was_imported_in_advance_as_if_it_had_imported_it(deployed):
    source = (Path(deployed[2]) / "lambdapool_agent" / "handler.py").read_text()
    (Path(deployed[2]) / "lambdapool_agent" / "handler.py").write_text("raise ImportError\n" + source)
    assert run_imported(deployed)[:4] == ["[] True", "False", "True %s" % FILES, "True b'its own'"]


def test_its_sources_are_found_and_so_are_modules_that_were_not_imported(deployed):
    assert run_imported(deployed)[4] == "True"


def test_a_process_that_is_going_to_be_a_worker_has_run_a_task_of_nobodys(deployed):
    assert run_imported(deployed)[5] == "[True]"


@pytest.mark.parametrize("case", ["another agent", "another handler", "its own module of that name"])
def test_a_worker_imports_itself_what_is_not_the_agent_that_is_known(deployed, case):
    if case == "another agent":
        with open(Path(deployed[1]) / "lambdapool_agent" / "early.py", "a") as file:
            file.write("# changed\n")
    if case == "its own module of that name":
        (Path(deployed[2]) / "lambdapool_by_value.py").write_text(
            "exceptions = plain = None\ndef namespaces(): pass\ndef begin_task(): pass\n"
        )
    handler = "theirs.handler" if case == "another handler" else "lambdapool_agent.lambda_handler"
    assert run_imported(deployed, handler)[:2] == ["[] True", "True"]


REHEARSED = """
import faulthandler, logging, os, signal, sys, types
programs, runtime, code = sys.argv[1:]
for path in ["%s/lambdapool_%s.py" % (runtime, name) for name in ("records", "invocation", "channel")] + [
    "%s/%s.py" % (programs, name) for name in ("packets", "sdk", "runtime_client")
]:
    name = os.path.basename(path)[:-3]
    client = types.ModuleType(name if name.startswith("lambdapool_") else "lambdapool_" + name)
    client.__file__, sys.modules[client.__name__] = path, client
    exec(open(path).read(), vars(client))
sys.path.insert(0, programs)
from agents import Agents
from compiled import Compiled
from spare import Spare
compiled = Compiled("/nowhere")
agents = Agents(compiled, open(programs + "/agent_digests").read())
agents.prepare(code, "/var/task")

def state():
    signals = [signal.getsignal(number) for number in range(1, 65)]
    log = logging.getLogger()
    own = {name for name in sys.modules if name.startswith("lambdapool")}
    return list(sys.path), list(sys.meta_path), own, signals, faulthandler.is_enabled(), log.handlers[:], log.level

packets = sys.modules["lambdapool_packets"]
sent, before = [], state()
packets.Rehearsal.send = lambda self, data: sent.append(data[:2])
Spare(None, compiled, agents).rehearse(client)
print(sent, state() == before, dict(os.environ), sys.modules["lambdapool_invocation"].LogHandler.request_id == "")
"""


def test_nothing_is_left_of_what_it_has_run(deployed):
    runtime = str(AGENT / "lambdapool_runtime")
    command = [sys.executable, "-I", "-S", "-B", "-c", REHEARSED, deployed[0], runtime, deployed[1]]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    assert done.stdout == "[b'', b'RM', b'Q0'] True {} True\n"


# As the fork server: what it is given it says to whom it was given.
RESERVE = """
import os, signal, socket, sys
sys.path.insert(0, sys.argv[1])
import reserve
control, server, apart = os.open("/dev/null", os.O_RDONLY), os.getpid(), []

def live(given):
    message, fds, _, _ = socket.recv_fds(given, 1000, 1)
    if message:
        forked, descriptors = os.getpid() != server, len(os.listdir("/proc/self/fd"))
        os.write(fds[0], b"%s %d %d %d" % (message, forked, descriptors, len(apart)))
        reserve.stand_apart(unshare)
        os.write(fds[0], b" %d" % len(apart))

def unshare(flags):
    apart.append(flags)
    return 0

one = reserve.Reserve(control, live, unshare)
reader, writer = os.pipe()
print(one.give(b"none", [writer]), one.patience({}), one.patience({1: 1}))
reserve.is_memory_short = lambda: True
one.waited({1: 1})
print(one.patience({1: 1}), one.give(b"none", [writer]), one.patience({1: 1}))
reserve.is_memory_short = lambda: False
one.waited({1: 1})
one.prepare()
print(one.patience({}), one.patience({1: 1}))
for root in ("/root", ""):  # of the last one, by which the next is prepared
    one.in_root = root != ""
    pid = one.give(b"to you", [writer])
    ended = os.waitpid(pid, 0) == (pid, 0)
    print(os.read(reader, 100).decode(), ended, one.patience({1: 1}), one.give(b"again", [writer]))
    one.prepare()
one.waited({})
print(os.WTERMSIG(os.wait()[1]) == signal.SIGKILL, one.give(b"none", [writer]))
one.prepare()
os.kill(one._pid, signal.SIGKILL)
one.ended(os.wait()[0])
print(one.give(b"none", [writer]))
one.prepare()
os.kill(one._pid, signal.SIGKILL)
os.waitid(os.P_PID, one._pid, os.WEXITED | os.WNOWAIT)
print(one.give(b"none", [writer]))
"""


def test_a_worker_that_was_forked_before_it_was_asked_for_is_given_away_once():
    command = [sys.executable, "-I", "-S", "-B", "-c", RESERVE, str(PYTHON)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    assert done.stdout.splitlines() == [
        "None None 2",
        "None None 2",
        "30000 None",
        "to you 1 7 0 1 True 0 None",
        "to you 1 7 1 1 True 0 None",
        "True None",
        "None",
        "None",
    ]


def test_a_fresh_worker_waits_for_no_module_that_few_tasks_need():
    script = "import sys; sys.path.insert(0, sys.argv[1]); import lambdapool_agent; print(sorted(sys.modules))"
    command = [sys.executable, "-I", "-S", "-B", "-c", script, str(AGENT)]
    loaded = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
    assert "'lambdapool_agent.handler'" in loaded
    assert not any("'%s'" % name in loaded for name in ("hashlib", "ast", "pickletools", "cloudpickle"))
