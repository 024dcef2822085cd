"""A home on a disk that is full: it is called so, nothing half-done is left, and all is well when there is room again."""

import json
import os
import subprocess
import sys

import pytest
from conftest import BUILD

TASK = """
from lambdapool import LambdaPool
with LambdaPool(workers=2, lambda_function="f") as pool:
    print(pool.map(len, [[], [1]], chunksize=1))
"""


class Disk:
    def __init__(self, path):
        self.path, self.ballast = path, path / "ballast"

    def leave(self, kilobytes):
        """Fills it but for so much."""
        self.ballast.unlink(missing_ok=True)
        status = os.statvfs(self.path)
        with open(self.ballast, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, status.f_bavail * status.f_frsize - kilobytes * 1024))

    def enlarge(self, megabytes):
        subprocess.run(["mount", "-o", "remount,size=%dm" % megabytes, self.path], check=True)

    def free(self):
        self.ballast.unlink(missing_ok=True)


@pytest.fixture
def disk(tmp_path):
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=700", "tmpfs", path], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("no file system may be mounted here")
    yield Disk(path)
    subprocess.run(["umount", "-l", path], check=True)


@pytest.fixture
def home(disk):
    return disk.path / "home"


@pytest.fixture
def package(tmp_path):
    (tmp_path / "large").mkdir()
    (tmp_path / "large" / "__init__.py").touch()
    (tmp_path / "large" / "data").write_bytes(os.urandom(1_500_000))
    return "large"


def kept(home):
    """What there is of packages, on their way or in place."""
    return sorted(
        str(path.relative_to(home))
        for folder in ("zips", "code", "incoming", "uploads", "run/code", "run/buckets/run-sources-local-us-central1")
        for path in ((home / folder).iterdir() if (home / folder).is_dir() else ())
    )


def listed(run):
    done = run("list", "--output", "json")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_commands_and_pools_say_that_the_disk_is_full(run, disk, algorithms, package, clean_environment, home):

    def task():
        environment = {**clean_environment, "PYTHONPATH": str(BUILD / "python")}
        return subprocess.run(
            [sys.executable, "-c", TASK], env=environment, capture_output=True, text=True, timeout=120
        )

    disk.leave(0)
    first = run("create", "f", "algorithms")
    assert first.returncode == 1 and "the disk is full" in first.stderr
    disk.free()
    assert run("create", "f", "algorithms").returncode == 0
    before = listed(run)
    disk.leave(0)
    commands = [["list"], ["create", "g", package], ["update", "f", package], ["update", "f", "--memory", "256"],
                ["delete", "f"], ["logs", "f"], ["doctor"], ["layer", "publish", "l", package]]  # fmt: skip
    for command in commands:
        done = run(*command)
        assert done.returncode == 1 and "the disk is full" in done.stdout + done.stderr, command
    failed = task()
    assert failed.returncode == 1 and "LocalError" in failed.stderr and "the disk is full" in failed.stderr
    disk.free()
    assert listed(run) == before
    assert task().stdout == "[0, 1]\n"
    assert run("delete", "f").returncode == 0


def served(run, home, verb):
    """What a failed command may not change. Cloud Run shows what was asked for last; its revision is what serves."""
    record = home / "run" / "services" / "local" / "us-central1" / "f.json"
    if verb == "update" and record.exists():
        return json.loads(record.read_text())["service"]["latestReadyRevision"]
    return listed(run)


@pytest.mark.parametrize("verb", ["create", "update"])
@pytest.mark.on_both_targets
def test_whatever_room_is_left_all_is_done_or_nothing(run, disk, algorithms, package, home, target, verb):
    all_or_nothing(run, disk, package, home, verb)


def test_whatever_room_is_left_a_layer_is_made_or_nothing(run, disk, algorithms, package, home):
    all_or_nothing(run, disk, package, home, "layer")


def all_or_nothing(run, disk, package, home, verb):
    command = {"create": ["create", "g"], "update": ["update", "f"], "layer": ["layer", "publish", "l"]}[verb] + [
        package
    ]
    assert run("create", "f", "algorithms").returncode == 0
    before, code = served(run, home, verb), kept(home)
    for kilobytes in (48, 500, 1_560, 2_000, 3_100, 3_200, 3_300):
        disk.leave(kilobytes)
        done = run(*command)
        disk.free()
        if done.returncode == 0:
            break
        assert done.returncode == 1 and "the disk is full" in done.stderr, (kilobytes, done.stderr)
        assert served(run, home, verb) == before and kept(home) == code, (kilobytes, done.stderr)
    assert run(*command).returncode == (1 if verb == "create" and done.returncode == 0 else 0)


NAMED = """
from lambdapool import LambdaPool
with LambdaPool(workers=2, lambda_function="f") as pool:
    print(pool.map(len, [[], [1]], chunksize=1, name="r"))
"""


def test_a_named_run_says_that_its_disk_is_full_and_goes_on_when_there_is_room(
    run, disk, algorithms, clean_environment, tmp_path
):
    assert run("create", "f", "algorithms", LAMBDAPOOL_HOME=str(tmp_path / "elsewhere")).returncode == 0
    runs = disk.path / "runs"
    environment = {
        **clean_environment,
        "PYTHONPATH": str(BUILD / "python"),
        "LAMBDAPOOL_HOME": str(tmp_path / "elsewhere"),
        "LAMBDAPOOL_RUNS": str(runs),
    }

    def named():
        return subprocess.run(
            [sys.executable, "-c", NAMED], env=environment, capture_output=True, text=True, timeout=120
        )

    disk.leave(8)
    failed = named()
    assert failed.returncode == 1
    assert f"cannot write the journal {runs}/r/journal.db: the disk is full" in failed.stderr
    disk.free()
    assert named().stdout == "[0, 1]\n"
    assert {path.stat().st_mode & 0o077 for path in runs.glob("r/journal.db*")} == {0}


def test_a_cpp_task_whose_file_finds_no_room_says_why_and_leaves_nothing(run, disk, clean_environment, tmp_path):
    disk.enlarge(512)
    program, file = BUILD / "tests" / "cpp_program", tmp_path / "two.bin"
    file.write_bytes(os.urandom(2_000_000))
    created = run("create", "f", program)
    assert created.returncode == 0, created.stderr
    process = subprocess.Popen(
        [program, "full-disk", "f", file],
        env=clean_environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:

        def said(answer=None):
            if answer is not None:
                process.stdin.write(answer)
                process.stdin.flush()
            return process.stdout.readline()

        assert [said(), said()] == ["this line is the program's own\n", "has room\n"]
        disk.leave(1_000)
        told = said("go on\n")
        assert "cannot keep a file that has arrived" in told and "No space left on device" in told, told
        disk.free()
        assert said("go on\n") == "ok\n"
