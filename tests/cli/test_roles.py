"""The roles that create makes: IAM is one for all regions, functions are regional."""

import json

import pytest
from fake_aws import ACCOUNT, FakeAws

BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
READ = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
PATH = f"arn:aws:iam::{ACCOUNT}:role/lambdapool/"


@pytest.fixture
def regions(run, algorithms):
    """Two regions with one IAM: each one's scripted AWS and how to run lambdapool there."""
    east, west = FakeAws(), FakeAws()
    west.roles = east.roles
    west.environment["AWS_REGION"] = "eu-west-1"

    def runner(aws):
        return lambda *arguments: run(*arguments, **aws.environment)

    yield (east, runner(east)), (west, runner(west))
    east.close()
    west.close()


def ok(done):
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def test_functions_of_one_name_in_two_regions_have_a_role_each(regions):
    (east, run_east), (west, run_west) = regions
    ok(run_east("create", "f", "algorithms"))
    assert "Would make the role lambdapool-role-f-eu-west-1\n" in ok(run_west("create", "f", "algorithms", "--dry-run"))
    ok(run_west("create", "f", "algorithms", "--policy", READ))
    assert east.roles["lambdapool-role-f"]["policies"] == [BASIC]
    assert sorted(east.roles["lambdapool-role-f-eu-west-1"]["policies"]) == sorted([BASIC, READ])
    assert west.functions["f"]["Role"] == PATH + "lambdapool-role-f-eu-west-1"
    ok(run_west("update", "f", "--policy", ""))
    assert east.roles["lambdapool-role-f-eu-west-1"]["policies"] == [BASIC]
    assert "Would remove the role lambdapool-role-f-eu-west-1\n" in ok(run_west("delete", "f", "--dry-run"))
    ok(run_west("delete", "f"))
    assert list(east.roles) == ["lambdapool-role-f"]
    ok(run_east("delete", "f"))
    assert east.roles == {}


def test_a_failed_create_takes_its_own_role_back_and_no_other(regions):
    (east, run_east), (west, run_west) = regions
    ok(run_east("create", "f", "algorithms"))
    west.hook("CreateFunction", (403, {"message": "no"}, {"x-amzn-ErrorType": "AccessDeniedException"}))
    assert run_west("create", "f", "algorithms").returncode == 1
    assert list(east.roles) == ["lambdapool-role-f"]


def test_deleting_where_there_is_no_function_leaves_another_regions_role(regions):
    (east, run_east), (_, run_west) = regions
    ok(run_east("create", "f", "algorithms"))
    assert "does not exist" in run_west("delete", "f").stderr
    assert list(east.roles) == ["lambdapool-role-f"]


@pytest.mark.parametrize("tags", [{}, {"lambdapool:function": "g", "lambdapool:region": "us-east-1"}])
def test_a_role_of_nobody_known_is_neither_taken_nor_changed_nor_removed(regions, tags):
    (aws, run), _ = regions
    foreign = {"arn": PATH + "lambdapool-role-f", "policies": [], "tags": tags}
    aws.roles["lambdapool-role-f"] = json.loads(json.dumps(foreign))
    ok(run("create", "f", "algorithms"))
    assert aws.functions["f"]["Role"] == PATH + "lambdapool-role-f-us-east-1"
    aws.functions["f"]["Role"] = foreign["arn"]
    assert "which lambdapool did not make for it in us-east-1" in run("update", "f", "--policy", READ).stderr
    done = run("delete", "f")
    assert done.returncode == 0 and "Warning: role " + foreign["arn"] + " is left" in done.stderr
    assert aws.roles["lambdapool-role-f"] == foreign and not aws.functions


def test_both_names_taken_is_told(regions):
    (aws, run), _ = regions
    for name in ("lambdapool-role-f", "lambdapool-role-f-us-east-1"):
        aws.roles[name] = {"arn": PATH + name, "policies": []}
    done = run("create", "f", "algorithms")
    assert done.returncode == 1 and "name a role with --role" in done.stderr and not aws.functions


def test_another_role_leaves_another_regions_alone(regions):
    (east, run_east), (west, run_west) = regions
    ok(run_east("create", "f", "algorithms"))
    ok(run_west("create", "f", "algorithms"))
    west.functions["f"]["Role"] = east.functions["f"]["Role"]
    ok(run_west("update", "f", "--role", f"arn:aws:iam::{ACCOUNT}:role/mine"))
    assert "lambdapool-role-f" in east.roles
