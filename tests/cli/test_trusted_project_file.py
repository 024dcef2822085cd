"""A lambdapool.toml that another user of the machine could have written is not obeyed, and not passed over either."""

import os

import pytest

FILE = '[functions.one]\npaths = ["m.py"]\n'
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")
STRANGER = 54321


@pytest.fixture
def planted(tmp_path):
    """A project's directory, and the file in the one above it."""
    below = tmp_path / "shared" / "project"
    below.mkdir(parents=True)
    (below / "m.py").write_text("k = 1\n")
    file = below.parent / "lambdapool.toml"
    file.write_text('[functions.one]\npaths = ["project/m.py"]\n')
    file.parent.chmod(0o755)
    file.chmod(0o644)
    return file


def refused(run, file, *words, **variables):
    for command in (["create"], ["update"], ["create", "two", "m.py"], ["list"]):
        done = run(*command, cwd=file.parent / "project", **variables)
        assert (done.returncode, done.stdout) == (1, ""), (command, done)
        assert done.stderr.startswith("Error: %s is not obeyed: " % file) and done.stderr.count("\n") == 1, done.stderr
        assert done.stderr.endswith(".\n") and all(word in done.stderr for word in words), done.stderr


def test_what_everybody_can_write_is_refused(run, planted):
    planted.chmod(0o666)
    refused(run, planted, "everybody can write to it (mode 0666)", "run 'chmod go-w %s'" % planted)
    planted.chmod(0o644)
    planted.parent.chmod(0o777)
    refused(run, planted, "everybody can write to its directory %s (mode 0777)" % planted.parent)
    planted.parent.chmod(0o1777)
    assert run("create", "--dry-run", cwd=planted.parent / "project").returncode == 0


@as_root
def test_what_another_user_has_put_there_is_refused(run, planted):
    os.chown(planted, STRANGER, STRANGER)
    planted.parent.chmod(0o1777)
    refused(run, planted, "it belongs to user 54321, not to you or root", "chown")
    os.rename(planted, planted.with_name("mine"))
    os.chown(planted.with_name("mine"), 0, 0)
    os.symlink("mine", planted)
    os.lchown(planted, STRANGER, STRANGER)
    refused(run, planted, "it belongs to user 54321")


@as_root
def test_sudo_in_a_users_own_directory_goes_on_working(run, planted):
    os.chown(planted, STRANGER, STRANGER)
    os.chown(planted.parent, STRANGER, STRANGER)
    planted.parent.chmod(0o775)  # umask 002, and a group of the user's own
    planted.chmod(0o664)
    refused(run, planted, "belongs to user 54321")
    refused(run, planted, "belongs to user 54321", SUDO_UID="54322")
    done = run("create", "--dry-run", cwd=planted.parent / "project", SUDO_UID="54321")
    assert (done.returncode, done.stderr) == (0, "")


@as_root
def test_a_group_of_others_is_refused(run, planted):
    os.chown(planted, 0, STRANGER)
    planted.chmod(0o664)
    refused(run, planted, "the group 54321 can write to it (mode 0664)", "run 'chmod g-w %s'" % planted)


def test_one_that_is_nearer_counts(run, planted):
    planted.chmod(0o666)
    (planted.parent / "project" / "lambdapool.toml").write_text(FILE)
    assert run("create", "--dry-run", cwd=planted.parent / "project").returncode == 0


def test_a_fifo_of_that_name_is_no_file(run, planted):
    planted.unlink()
    os.mkfifo(planted)
    done = run("create", cwd=planted.parent / "project")
    assert done.stderr == "Error: name a function, or list the project's in a lambdapool.toml.\n"
