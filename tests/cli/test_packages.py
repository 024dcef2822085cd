"""What a package is made of, and where it ends up."""

import os

import pytest
from conftest import BUILD

pytestmark = pytest.mark.on_both_targets


@pytest.fixture
def large(tmp_path):
    """A package of more than 50 MB zipped, and of less than 250 MB."""
    (tmp_path / "large").mkdir()
    (tmp_path / "large" / "__init__.py").touch()
    (tmp_path / "large" / "model.bin").write_bytes(os.urandom(60 << 20))
    return tmp_path


def test_on_local_a_large_package_needs_no_bucket(run, large, home, target):
    assert run("create", "f", "large").returncode == 0
    (large / "large" / "more.py").touch()
    assert run("update", "f", "large").returncode == 0
    if target == "local":
        assert run("layer", "publish", "l", "large").returncode == 0
        assert list((home / "uploads").iterdir()) == [], "what was handed over is gone again"
    else:
        assert len(list((home / "run" / "buckets" / "run-sources-local-us-central1").iterdir())) == 1


@pytest.mark.on_lambda_alone("Cloud Run refuses --bucket: test_gcp_local.py")
def test_on_local_a_bucket_is_not_ignored_in_silence(run, algorithms):
    for command in (
        ["create", "f", "algorithms"],
        ["update", "f", "algorithms"],
        ["layer", "publish", "l", "algorithms"],
    ):
        done = run(*command, "--bucket", "my-bucket")
        assert done.returncode == 0 and "The local target has no buckets and needs none" in done.stdout, command
    assert "bucket" not in run("update", "f", "algorithms", LAMBDAPOOL_BUCKET="for-aws").stdout


@pytest.mark.on_lambda_alone("Lambda's limit on what is unpacked")
def test_a_package_beyond_the_limit_is_refused_on_local_too(run, tmp_path):
    with open(tmp_path / "huge.bin", "wb") as file:
        file.truncate(250 << 20)
    done = run("create", "f", "huge.bin")
    assert done.returncode == 1 and "huge.bin (250.0 MB)" in done.stderr


def test_the_current_directory_says_where_it_lands(run, algorithms):
    done = run("create", "f", ".", cwd=algorithms / "algorithms", LAMBDAPOOL_TARGET="local")
    assert (
        done.returncode == 0
        and "is under algorithms/ in the function, to be imported as algorithms.MODULE" in done.stdout
    )


def test_what_is_left_out_is_named(run, algorithms):
    (algorithms / "algorithms" / ".git").mkdir()
    (algorithms / "algorithms" / "notes.py~").touch()
    for verb in ("create", "update"):
        done = run(verb, "f", "algorithms")
        assert done.returncode == 0
        line = next(line for line in done.stdout.splitlines() if line.startswith("Leaving out "))
        assert "algorithms/.git" in line and "algorithms/notes.py~" in line


def test_data_goes_beside_a_program(run, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "table.txt").write_text("x")
    done = run("create", "f", BUILD / "bin" / "algorithms", "data")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Copying table.txt..." in done.stdout
    (tmp_path / "data" / ".env").write_text("A=1")
    done = run("update", "f", BUILD / "bin" / "algorithms", "data")
    assert done.returncode == 1 and "data/.env" in done.stderr
