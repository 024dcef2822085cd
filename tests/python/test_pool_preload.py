"""What a function imports while it starts, beside its timeout."""

import importlib
import os
import subprocess
import sys

import lambdapool
import pytest
from conftest import PROGRAM
from lambdapool_agent import preload

FILES = {
    "start_uses.py": "import sys\ndef loaded(*names):\n    return [name in sys.modules for name in names]\n",
    "start_early/__init__.py": "",
    "start_early/inner.py": "import logging\nlogging.basicConfig()\nclass A: pass\n",
    "start_script.py": "def f(): pass\nprint('this ran')\n",
    "start_guarded.py": "def f(): pass\nif __name__ == '__main__':\n    print('this ran')\n",
    "start_data.py": "x = 1\n",
    "start_broken.py": "import start_nothing_there\ndef f(): pass\n",
    "start_exits.py": "import sys\ndef f(): pass\nfailed = sys.exit(3)\n",
}
LOADED = {"start_uses": True, "start_early.inner": True, "start_guarded": True}
NOT_LOADED = dict.fromkeys(("start_script", "start_data", "start_broken", "start_exits"), False)


@pytest.fixture
def folder(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.fixture
def listed(folder, monkeypatch):
    """The list that `create` makes of these."""
    monkeypatch.syspath_prepend(folder)
    names = sorted(name[:-3].replace("/__init__", "").replace("/", ".") for name in FILES)
    (folder / "modules.txt").write_text("\n".join(names) + "\n")
    yield folder / "modules.txt"
    for name in [name for name in sys.modules if name.startswith("start_")]:
        del sys.modules[name]


def test_the_agent_imports_what_defines_something_and_leaves_out_the_rest(listed, capsys):
    preload.import_own_modules(listed)
    expected = {**LOADED, **NOT_LOADED}
    assert {name: name in sys.modules for name in expected} == expected
    assert capsys.readouterr() == ("", "")


def test_no_import_begins_when_half_of_the_time_is_over(listed):
    times = iter([0, 1, 2, 6])
    preload.import_own_modules(listed, clock=lambda: next(times))
    assert "start_broken" not in sys.modules and "start_uses" not in sys.modules


def test_a_package_made_by_other_means_has_no_list(tmp_path):
    preload.import_own_modules(tmp_path / "modules.txt")


def test_a_created_function_has_imported_its_modules_before_its_first_task(folder, tmp_path_factory, monkeypatch):
    home = str(tmp_path_factory.mktemp("lambdapool-home"))
    for name, value in (("LAMBDAPOOL_HOME", home), ("LAMBDAPOOL_TARGET", "local")):
        monkeypatch.setenv(name, value)
    paths = [str(folder / name) for name in sorted({name.split("/")[0] for name in FILES})]
    made = subprocess.run([str(PROGRAM), "create", "starts", *paths], env=os.environ, capture_output=True, timeout=120)
    assert made.returncode == 0, made.stderr
    monkeypatch.syspath_prepend(folder)
    import start_uses

    expected = {**LOADED, **NOT_LOADED}
    with lambdapool.LambdaPool(1, "starts") as pool:
        assert pool.apply(start_uses.loaded, list(expected)) == list(expected.values())
        with pytest.raises(ModuleNotFoundError, match="start_nothing_there"):
            pool.apply(importlib.import_module, ("start_broken",))
    del sys.modules["start_uses"]
