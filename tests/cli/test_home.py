"""What another user of the machine sees of a home, and what they can change there."""

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from functions import create

SECRET = "hunter2-of-the-home"


@pytest.fixture
def home():
    """Where another user could get to; pytest's own directories are closed to them."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder).resolve() / "home"


READS_ALL = """
import os, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
found = 0
for folder, folders, files in os.walk(sys.argv[1]):
    for name in files:
        try:
            found += sys.argv[2].encode() in open(os.path.join(folder, name), "rb").read()
        except OSError:
            pass
        try:
            open(os.path.join(folder, name), "ab").close()
            found += 1
        except OSError:
            pass
print(found)
"""


def open_to_others(home):
    """What in the home anybody else may read or write, by its modes alone."""
    return [
        os.path.join(folder, name)
        for folder, folders, files in os.walk(home)
        for name in [".", *folders, *files]
        if not os.path.islink(os.path.join(folder, name))
        and stat.S_IMODE(os.lstat(os.path.join(folder, name)).st_mode) & 0o077
    ]


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o002])
@pytest.mark.parametrize("before", [None, 0o755], ids=["a new home", "one that was there"])
def test_everything_in_a_home_is_its_users_alone(start_serve, home, mask, before):
    if before:
        home.mkdir()
        home.chmod(before)
    previous = os.umask(mask)
    try:
        serve = start_serve()
    finally:
        os.umask(previous)
    client = serve.client()
    source = f"import os\nprint({SECRET!r})\ndef handler(event, context):\n    print({SECRET!r})\n    return event\n"
    create(client, "f", source, Environment={"Variables": {"SECRET": SECRET}})
    assert client.invoke(FunctionName="f", Payload=b"1")["Payload"].read() == b"1"
    assert open_to_others(home) == []
    if os.geteuid() != 0:
        return  # only root can become another user; the modes are as they should be
    for folder in home.parents:
        if not os.stat(folder).st_mode & stat.S_IXOTH:
            pytest.skip(f"another user cannot get as far as the home: {folder} is closed")
    command = [sys.executable, "-I", "-S", "-c", READS_ALL, str(home), SECRET]
    seen = subprocess.run(command, capture_output=True, text=True)
    assert (seen.stdout, seen.stderr) == ("0\n", ""), "nothing is read, nothing can be written to"


@pytest.mark.on_both_targets
def test_what_commands_and_pools_leave_is_their_users_alone(run, home, target, algorithms, monkeypatch):
    from lambdapool import LambdaPool

    previous = os.umask(0)
    try:
        assert run("create", "f", "algorithms", "--env", f"SECRET={SECRET}").returncode == 0
        monkeypatch.setenv("LAMBDAPOOL_HOME", str(home))
        with LambdaPool(workers=1, lambda_function="f", target=target) as pool:
            assert pool.apply(len, [[]]) == 0
        assert run("update", "f", "--memory", "256").returncode == 0
    finally:
        os.umask(previous)
    # What an instance of Cloud Run compiles lies as its umask has it, in a closed folder.
    assert [path for path in open_to_others(home) if "__pycache__" not in path] == []


def test_a_home_that_others_can_write_to_is_refused_with_the_way_out(run, home):
    home.mkdir()
    (home / "lambdapool.db").touch()
    home.chmod(0o777)
    refused = run("create", "f")
    assert refused.returncode == 1
    assert "other users can write to it (mode 0777)" in refused.stderr
    assert f"chmod 700 {home}" in refused.stderr
    assert "LAMBDAPOOL_HOME" in refused.stderr
    doctor = run("doctor")
    assert "other users can write to it" in doctor.stdout + doctor.stderr
    home.chmod(0o700)
    assert run("create", "f").returncode == 0
