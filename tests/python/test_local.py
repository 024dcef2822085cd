"""lambdapool.local() and the pytest plugin, as a user's own tests have them."""

import os
import subprocess
import sys

import pytest
from conftest import BUILD, PROGRAM, package_is_built

pytestmark = pytest.mark.skipif(not package_is_built(), reason="the package is not built")


def deploy(name, source):
    source.write_text("def double(x):\n    return 2 * x\n")
    made = subprocess.run([str(PROGRAM), "create", name, str(source)], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr


def test_pools_commands_and_boto3_find_it(tmp_path):
    import lambdapool

    pytest.importorskip("boto3")
    with lambdapool.local() as service:
        assert service.client("lambda").list_functions()["Functions"] == []
        deploy("doubling", tmp_path / "doubling.py")
        found = service.client("lambda").list_functions()["Functions"]
        assert [function["FunctionName"] for function in found] == ["doubling"]
        with lambdapool.LambdaPool(2, "doubling") as pool:
            assert pool.map(abs, [-1, -2]) == [1, 2]


def test_the_environment_and_the_disk_are_as_before(monkeypatch):
    import lambdapool

    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("LAMBDAPOOL_TARGET", "aws")
    before = dict(os.environ)
    with lambdapool.local() as service:
        home = service.home
        assert home.is_dir() and "AWS_PROFILE" not in os.environ and os.environ["LAMBDAPOOL_TARGET"] == "local"
    assert dict(os.environ) == before
    assert not home.exists()
    with pytest.raises(ValueError, match="not running"):
        service.endpoint_url


def test_two_at_once_know_nothing_of_each_other(tmp_path):
    import lambdapool

    pytest.importorskip("boto3")
    with lambdapool.local() as one:
        deploy("doubling", tmp_path / "doubling.py")
        with lambdapool.local() as two:
            assert two.client().list_functions()["Functions"] == []
        assert os.environ["LAMBDAPOOL_HOME"] == str(one.home)
        assert len(one.client().list_functions()["Functions"]) == 1


def test_a_home_that_is_given_stays(tmp_path):
    import lambdapool

    home = tmp_path / "kept"
    with lambdapool.local(home):
        deploy("doubling", tmp_path / "doubling.py")
    with lambdapool.local(home), lambdapool.LambdaPool(1, "doubling") as pool:
        assert pool.apply(abs, (-1,)) == 1


def test_who_has_not_its_key_is_refused():
    import lambdapool

    boto3 = pytest.importorskip("boto3")
    with lambdapool.local() as service:
        stranger = boto3.client(
            "lambda", endpoint_url=service.endpoint_url, region_name="us-east-1", aws_access_key_id="any",
            aws_secret_access_key="any",
        )
        with pytest.raises(
            stranger.exceptions.ClientError, match="InvalidSignature|UnrecognizedClient|SignatureDoesNotMatch"
        ):
            stranger.list_functions()


def test_a_forked_child_that_leaves_the_block_ends_nothing(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import os, sys, lambdapool\n"
        "with lambdapool.local() as service:\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        sys.exit(3)\n"
        "    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3\n"
        "    assert service.home.is_dir() and os.environ['LAMBDAPOOL_HOME'] == str(service.home)\n"
        "print('whole')\n"
    )
    environment = dict(os.environ, PYTHONPATH=str(BUILD / "python"))
    run = subprocess.run([sys.executable, str(script)], env=environment, capture_output=True, text=True, timeout=120)
    assert (run.returncode, run.stdout) == (0, "whole\n"), run.stderr


def test_a_home_that_cannot_be_is_told(tmp_path):
    import lambdapool

    (tmp_path / "file").write_text("")
    with pytest.raises(lambdapool.LocalError, match="file"):
        with lambdapool.local(tmp_path / "file"):
            pass


def test_the_plugin_is_one_line_in_a_conftest(tmp_path):
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["lambdapool.pytest_plugin"]\n')
    (tmp_path / "test_mine.py").write_text(
        "import os, subprocess, lambdapool\n"
        "def test_mine(local_lambda, tmp_path):\n"
        "    (tmp_path / 'mine.py').write_text('def double(x):\\n    return 2 * x\\n')\n"
        f"    subprocess.run([{str(PROGRAM)!r}, 'create', 'mine', str(tmp_path / 'mine.py')], check=True)\n"
        "    with lambdapool.LambdaPool(2, 'mine') as pool:\n"
        "        assert pool.map(abs, [-1]) == [1]\n"
        "def test_it_is_empty_again(local_lambda):\n"
        "    assert list((local_lambda.home / 'code').glob('*')) == []\n"
    )
    environment = dict(os.environ, PYTHONPATH=str(BUILD / "python"))
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path, env=environment, capture_output=True, text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
