"""A C++ program that deploys: itself, on the local Lambda and on the local Cloud Run."""

import re
import subprocess

import pytest
from conftest import BUILD

TRANSCRIPT = """\
self %s 256 MB 60 s
self, ..., Uploaded the code of self
42
9 s
create again: thrown
too little memory: thrown
given up: thrown
10
remove again: thrown
0
"""


@pytest.mark.on_both_targets
def test_a_program_deploys_calls_changes_and_removes_itself(clean_environment, target):
    done = subprocess.run(
        [BUILD / "tests" / "deploys"], env=clean_environment, capture_output=True, text=True, timeout=120
    )
    runtime = "provided.al2023" if target == "local" else "osonly24"
    assert (done.stdout, done.stderr, done.returncode) == (TRANSCRIPT % runtime, "", 0)


@pytest.mark.on_both_targets
def test_a_program_is_deployed_on_call_and_found_again_where_the_project_says(clean_environment, target, tmp_path):
    (tmp_path / "lambdapool.toml").write_text('region = "europe-west1"\nproject = "mine"\n')

    def run(**variables):
        done = subprocess.run(
            [BUILD / "tests" / "itself"],
            env={**clean_environment, **variables}, cwd=tmp_path, capture_output=True, text=True, timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done

    first = run()
    *values, listed = first.stdout.splitlines()
    assert values == ["2 4 6 42", "8", "10"]
    place = "arn:aws:lambda:europe-west1:" if target == "local" else "projects/mine/locations/europe-west1/services/"
    assert re.match(r"itself 256 MB 30 s %s.*itself$" % place, listed)
    versions = re.findall(r"lambdapool: deployed itself \(\d+ kB\) as version (\w+) of function itself", first.stderr)
    assert len(versions) == 2 and first.stderr.count("\n") == 2  # with the executor's settings, which are others
    second = run()
    assert (second.stdout.splitlines()[:3], second.stderr) == (values, "")
    if target == "gcp-local":
        elsewhere = run(GOOGLE_CLOUD_PROJECT="other")
        assert "projects/other/locations/europe-west1/services/itself" in elsewhere.stdout


def test_a_program_compares_sizes_of_memory(clean_environment):
    done = subprocess.run(
        [BUILD / "tests" / "tunes"], env=clean_environment, capture_output=True, text=True, timeout=240
    )
    assert (done.stdout, done.returncode) == ("ok\n", 0), done.stdout + done.stderr
