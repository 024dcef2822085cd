"""Functions and classes of __main__: scripts of users, run as such. What travels whole is the same on both sides."""

import os
import pickle
import subprocess
import sys
import types

import cloudpickle
import lambdapool_tasks as tasks
import pytest
from conftest import BUILD, HERE
from lambdapool import pickling


def run_script(name):
    environment = dict(os.environ, PYTHONPATH=str(BUILD / "python"))
    script = str(HERE / "scripts" / name)
    finished = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, timeout=120)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@pytest.mark.usefixtures("service")
def test_each_kind_of_function_and_class_is_there_what_it_is_here_and_comes_back():
    lines = run_script("kinds.py").splitlines()
    assert len(lines) == 1, lines
    assert int(lines[0].split()[0]) >= 50


@pytest.mark.usefixtures("service")
def test_results_change_nothing_here_and_what_cannot_be_sent_is_found_before():
    assert run_script("results.py") == "done\n"


@pytest.mark.usefixtures("service")
def test_functions_that_share_a_variable_share_it_there():
    assert run_script("closures.py") == "done\n"


def test_another_thread_may_be_importing_cloudpickle(monkeypatch):
    monkeypatch.setitem(sys.modules, "cloudpickle", types.ModuleType("cloudpickle"))  # which then is empty as yet
    assert pickle.loads(pickling.dumps(tasks.square)) is tasks.square


def test_a_functions_name_is_kept_and_its_value_is_not():
    assert pickling.dumps(tasks.square) is pickling.dumps(tasks.square)
    added = 1

    def closure():
        return added

    by_value = [pickling.dumps(closure)]
    added = 2
    by_value += [pickling.dumps(closure), pickling.dumps(lambda: 3)]
    assert len(set(by_value)) == 3 and not any(data.endswith(pickling._FOUND_BY_NAME) for data in by_value)


def test_a_function_whose_name_is_anothers_meanwhile_goes_by_value(monkeypatch):
    named, function = pickling.dumps(tasks.square), tasks.square
    monkeypatch.setattr(tasks, "square", lambda n: n)
    sent = pickling.dumps(function)
    assert sent != named and pickle.loads(sent)(3) == 9


def test_a_function_whose_module_is_registered_meanwhile_goes_by_value():
    named = pickling.dumps(tasks.square)
    cloudpickle.register_pickle_by_value(tasks)
    try:
        assert len(pickling.dumps(tasks.square)) > len(named)
    finally:
        cloudpickle.unregister_pickle_by_value(tasks)
    assert pickling.dumps(tasks.square) == named
