"""What the local Lambda's fork server does in advance for its workers (src/local/python/spare.py)."""

import subprocess
import sys
from pathlib import Path

SPARE = Path(__file__).resolve().parents[2] / "src" / "local" / "python" / "spare.py"

# As the fork server and then, in another directory, its worker do it. The agent has a file that comes twice, one that
# is another's there, and one that cannot be compiled.
SCRIPT = """
import importlib.util, sys
spare_file, seen, there = sys.argv[1:]
spec = importlib.util.spec_from_file_location("spare", spare_file)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
finished = []
spare = module.Spare(lambda: finished.append(True))
while spare.work():
    pass
spare.look_at(seen)
spare.look_at(seen)
while spare.work():
    pass
compiled = set(spare._compiled)
spare.hand_on()
sys.path.insert(0, there)
import lambdapool_agent.same, lambdapool_agent.twin, lambdapool_agent.other
print(len(compiled), len(finished))
for each in (lambdapool_agent.same, lambdapool_agent.twin, lambdapool_agent.other):
    print(each.value(), each.value.__code__.co_filename == each.__file__, each.__file__.startswith(there))
print(b"def value(): return 1" in spare._compiled)
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
    command = [sys.executable, "-I", "-B", "-c", SCRIPT, str(SPARE), seen, there]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    assert done.stdout.split("\n") == [
        "3 2",
        "1 True True",
        "1 True True",
        "3 True True",
        "False",
        "",
    ]
