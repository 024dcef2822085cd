"""What the local Lambda's fork server does in advance for its workers (src/local/python/spare.py)."""

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
from spare import Spare
compiled = Compiled(kept)
finished = []
spare = Spare(lambda: finished.append(True), compiled)
while spare.work():
    pass
spare.look_at(seen)
spare.look_at(seen)
while spare.work():
    pass
spare.hand_on()
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
            "False True",
            "True True",
            "False False",
            "",
        ]


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
