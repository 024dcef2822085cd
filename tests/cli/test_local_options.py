"""The options of create and update where functions run here, seen by another client of the service."""

import pytest

pytestmark = pytest.mark.on_both_targets


@pytest.mark.on_lambda_alone("Cloud Run has no such storage, IAM and reserved concurrency")
def test_the_options_of_lambda_are_kept_and_changed(run, described, algorithms):
    done = run(
        "create", "f", "algorithms", "--ephemeral-storage", "1024", "--concurrency", "5",
        "--policy", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "The local target has no IAM" in done.stdout
    assert (described("f")["storage"], described("f")["concurrency"]) == (1024, 5)
    done = run("update", "f", "--ephemeral-storage=512", "--concurrency=none")
    assert (done.returncode, done.stderr) == (0, "")
    assert (described("f")["storage"], described("f")["concurrency"]) == (512, None)


def test_the_options_are_kept_and_changed(run, described, algorithms):
    done = run(
        "create", "f", "algorithms", "--memory", "1024", "--timeout", "9", "--description", "words", "--env", "AA=1",
        "--tag", "team=x",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    f = described("f")
    assert (f["memory"], f["timeout"], f["description"], f["tags"]) == (1024, 9, "words", {"team": "x"})
    assert f["environment"]["AA"] == "1"
    done = run(
        "update", "f", "--memory=512", "--timeout=11", "--description=", "--unset-env=AA", "--env=BB=2", "--untag=team",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    f = described("f")
    assert (f["memory"], f["timeout"], f["description"], f["tags"]) == (512, 11, "", {})
    assert "AA" not in f["environment"] and f["environment"]["BB"] == "2"


def test_what_the_target_has_not_got_is_refused(run, target, algorithms):
    for options, word in (
        (["--subnet", "subnet-1", "--security-group", "sg-1"], "VPC"),
        (["--architecture", "arm64"], "arm64"),
    ):
        done = run("create", "f", "algorithms", *options)
        assert done.returncode == 1, done.stdout
        assert done.stderr.startswith(f"Error: {'the local target' if target == 'local' else 'on the target gcp-local'}")
        assert word in done.stderr and done.stderr.count("\n") == 1
    assert run("doctor", "f").returncode == 1, "nothing was made"


def test_a_refused_change_puts_the_old_code_back(run, described, target, algorithms):
    """What Lambda refuses after it has the code; on Cloud Run a revision that does not come up."""
    assert run("create", "f", "algorithms").returncode == 0
    before = described("f")
    (algorithms / "algorithms" / "more.py").write_text("")
    refused = {
        "local": ["--layers", "arn:aws:lambda:us-east-1:123456789012:layer:none:1"],
        "gcp-local": ["--env", "LD_PRELOAD=/nowhere.so", "--env", "PYTHONHOME=/nowhere"],
    }
    done = run("update", "f", "algorithms", *refused[target])
    assert done.returncode == 1
    after = described("f")
    if target == "local":
        assert done.stderr.count("\n") == 1 and after["code"] == before["code"]
    else:  # what was asked for last is shown as failed; what serves is what served
        assert "Container failed to start" in done.stderr and after["revision"] == before["revision"]
