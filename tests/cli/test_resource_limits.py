"""What the system refuses this process (threads, large files, memory) is told in one sentence, and ends."""

import os
import resource
import subprocess

import pytest

NOBODY = 65534


@pytest.fixture
def run_within(lambdapool, clean_environment, tmp_path):
    """Runs `lambdapool ARGS...` with less of a resource."""

    def run_within(limit, bytes_or_count, *arguments, user=None, **environment):
        def enter():
            resource.setrlimit(limit, (bytes_or_count, bytes_or_count))
            if user:
                os.setgroups([])
                os.setgid(user)
                os.setuid(user)

        return subprocess.run(
            [lambdapool, *arguments],
            cwd="/" if user else tmp_path,
            env={**clean_environment, **environment},
            preexec_fn=enter,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run_within


def refused(done):
    assert done.returncode == 1, done
    assert done.stderr.startswith("Error: ") and done.stderr.count("\n") == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize("kilobytes", [1, 20, 60])
def test_a_file_that_may_not_become_so_large_is_an_error(run_within, algorithms, home, kilobytes):
    (algorithms / "algorithms" / "data").write_bytes(os.urandom(100_000))
    assert "ulimit -f" in refused(run_within(resource.RLIMIT_FSIZE, kilobytes * 1024, "create", "f", "algorithms"))


def test_a_home_in_which_no_directory_can_be_made_is_named(run, algorithms):
    message = refused(run("create", "f", "algorithms", LAMBDAPOOL_HOME="/proc/lambdapool-home", timeout=60))
    assert "cannot create its home /proc/lambdapool-home" in message


@pytest.mark.parametrize("name, told", [("h" * 100 + "/", "is too long"), ("h\udcff", "h\\xff, is not UTF-8")])
def test_a_home_whose_path_cannot_be_used_is_refused_before_it_is_made(run, algorithms, tmp_path, name, told):
    home = tmp_path / "homes" / (6 * name)
    assert told in refused(run("create", "f", "algorithms", LAMBDAPOOL_HOME=os.fsencode(home)))
    assert not (tmp_path / "homes").exists()


# One user's processes and threads are counted together, root's are not.
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user who has no other processes")
def test_where_no_thread_can_be_had_it_is_said_what_to_look_at(run_within, lambdapool, tmp_path):
    if subprocess.run([lambdapool, "--version"], user=NOBODY, cwd="/", capture_output=True).returncode != 0:
        pytest.skip("the program cannot be run by others")
    message = refused(run_within(resource.RLIMIT_NPROC, 1, "list", user=NOBODY, LAMBDAPOOL_HOME="/nowhere"))
    assert "no thread could be started; look at" in message and "ulimit -u" in message
