"""The command line's whole life against moto's server, which we did not write."""

import os
import re

import pytest

boto3 = pytest.importorskip("boto3")
pytest.importorskip("moto")

from moto_server import MotoServer

READ = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


@pytest.fixture(scope="module")
def moto():
    """moto's server in a process of its own, on a free port; its URL."""
    # moto's Lambda only keeps functions here: it would run them in Docker. IAM knows AWS's own policies.
    server = MotoServer(MOTO_IAM_LOAD_MANAGED_POLICIES="true", MOTO_DOCKER_NETWORK_MODE="none")
    yield server.endpoint
    server.close()


@pytest.fixture
def environment(moto):
    import urllib.request

    urllib.request.urlopen(urllib.request.Request(moto + "/moto-api/reset", method="POST")).close()
    return {
        "LAMBDAPOOL_TARGET": "aws",
        "AWS_ENDPOINT_URL": moto,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "key",
        "AWS_REGION": "us-east-1",
    }


@pytest.fixture
def run_moto(run, environment):
    return lambda *arguments, **more: run(*arguments, **{**environment, **more})


@pytest.fixture
def client(environment):
    return lambda service: boto3.client(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="key",
    )


def ok(done):
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def test_a_functions_whole_life(run_moto, client, algorithms, tmp_path):
    (tmp_path / "things.json").write_text(
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
    )
    (tmp_path / "numbers.py").write_text("ONE = 1\n")
    ok(run_moto("layer", "publish", "numbers", "numbers.py"))
    (tmp_path / "requirements.txt").write_text("")
    ok(
        run_moto(
            "create", "f", "algorithms", "-r", "requirements.txt", "--memory", "256", "--env", "AA=1", "--tag", "team=x",
            "--layers", "numbers", "--concurrency", "3", "--policy", READ, "--policy", "things.json",
            "--ephemeral-storage", "1024", "--description", "words",
        )
    )  # fmt: skip
    f = client("lambda").get_function(FunctionName="f")
    configuration = f["Configuration"]
    assert (configuration["MemorySize"], configuration["EphemeralStorage"]) == (256, {"Size": 1024})
    assert configuration["Environment"]["Variables"]["AA"] == "1"
    assert [layer["Arn"].rsplit(":", 2)[1:] for layer in configuration["Layers"]] == [["numbers", "1"]]
    assert f["Concurrency"] == {"ReservedConcurrentExecutions": 3}
    assert f["Tags"]["team"] == "x" and set(f["Tags"]) == {"team", "lambdapool", "lambdapool:requirements"}
    iam = client("iam")
    role = iam.get_role(RoleName="lambdapool-role-f")["Role"]
    assert role["Path"] == "/lambdapool/" and configuration["Role"] == role["Arn"]
    attached = iam.list_attached_role_policies(RoleName="lambdapool-role-f")["AttachedPolicies"]
    assert {policy["PolicyArn"] for policy in attached} == {BASIC, READ}
    assert iam.list_role_policies(RoleName="lambdapool-role-f")["PolicyNames"] == ["things"]

    assert "f" in ok(run_moto("list"))
    with open(algorithms / "algorithms" / "algorithms.py", "a") as source:
        source.write("\nTWO = 2\n")
    ok(run_moto("update", "f", "algorithms", "-r", ""))
    out = ok(
        run_moto(
            "update",
            "f",
            "--memory",
            "512",
            "--unset-env",
            "AA",
            "--untag",
            "team",
            "--concurrency",
            "none",
            "--layers=",
        )
    )
    assert "Changing memory from 256 to 512 MB..." in out
    after = client("lambda").get_function(FunctionName="f")
    assert after["Configuration"]["CodeSha256"] != configuration["CodeSha256"]
    assert after["Configuration"]["MemorySize"] == 512
    assert "AA" not in after["Configuration"]["Environment"]["Variables"]
    assert set(after["Tags"]) == {"lambdapool"} and "Concurrency" not in after
    assert after["Configuration"].get("Layers", []) == []

    assert "already exists" in run_moto("create", "f", "algorithms").stderr
    ok(run_moto("delete", "f"))
    assert client("lambda").list_functions()["Functions"] == []
    assert iam.list_roles(PathPrefix="/lambdapool/")["Roles"] == []
    ok(run_moto("layer", "delete", "numbers"))
    assert client("lambda").list_layers()["Layers"] == []


def test_functions_of_one_name_in_two_regions_have_a_role_each(run_moto, client, algorithms):
    iam = client("iam")
    ok(run_moto("create", "f", "algorithms"))
    ok(run_moto("create", "f", "algorithms", "--region", "eu-west-1", "--policy", READ))
    attached = iam.list_attached_role_policies(RoleName="lambdapool-role-f")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [BASIC]
    tags = iam.get_role(RoleName="lambdapool-role-f-eu-west-1")["Role"]["Tags"]
    assert {"Key": "lambdapool:region", "Value": "eu-west-1"} in tags
    ok(run_moto("delete", "f", "--region", "eu-west-1"))
    assert [role["RoleName"] for role in iam.list_roles(PathPrefix="/lambdapool/")["Roles"]] == ["lambdapool-role-f"]
    ok(run_moto("delete", "f"))
    assert iam.list_roles(PathPrefix="/lambdapool/")["Roles"] == []


@pytest.fixture
def large(algorithms):
    """More than 50 MB that do not compress."""
    with open(algorithms / "algorithms" / "noise.bin", "wb") as file:
        file.write(os.urandom(53_000_000))
    return algorithms


def test_a_large_package_goes_through_a_bucket_that_is_empty_again(run_moto, client, large):
    s3 = client("s3")
    s3.create_bucket(Bucket="packages")
    message = run_moto("create", "f", "algorithms").stderr
    assert "--bucket" in message and "noise.bin" in message and message.count("\n") == 1
    ok(run_moto("create", "f", "algorithms", "--bucket", "packages"))
    before = client("lambda").get_function_configuration(FunctionName="f")
    assert before["CodeSize"] > 53_000_000
    (large / "algorithms" / "more.py").write_text("")
    ok(run_moto("update", "f", "algorithms", LAMBDAPOOL_BUCKET="packages"))
    assert client("lambda").get_function_configuration(FunctionName="f")["CodeSha256"] != before["CodeSha256"]
    assert "Contents" not in s3.list_objects_v2(Bucket="packages")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="packages")


def test_a_bucket_that_is_not_there_leaves_nothing(run_moto, client, large):
    message = run_moto("create", "f", "algorithms", "--bucket", "nowhere").stderr
    assert "nowhere" in message and message.count("\n") == 1
    assert client("lambda").list_functions()["Functions"] == []
    assert client("iam").list_roles(PathPrefix="/lambdapool/")["Roles"] == []


LIFE = [
    ["create", "f", "algorithms", "--memory", "256", "--env", "AA=1", "--concurrency", "3"],
    ["create", "f", "algorithms"],
    ["update", "f", "--memory", "512", "--env", "BB=2", "--tag", "team=x"],
    ["update", "f", "--memory", "512"],
    ["update", "f", "algorithms"],
    ["layer", "publish", "numbers", "algorithms"],
    ["layer", "delete", "numbers:7"],
    ["update", "f", "--layers", "numbers"],
    ["update", "f", "--layers="],
    ["layer", "delete", "numbers"],
    ["list"],
    ["delete", "f"],
    ["delete", "f"],
    ["update", "f", "--memory", "128"],
]


def test_moto_and_the_local_lambda_give_the_same_transcript(run, run_moto, algorithms):
    def transcript(runner):
        lines = []
        for arguments in LIFE:
            done = runner(*arguments)
            lines.append((arguments, done.returncode, done.stdout, done.stderr))
        # Accounts differ, and so do ages, and with them the width of their column.
        lines = [re.sub(r"\d{12}|just now|\d+ seconds? ago", "*", str(line)) for line in lines]
        return [re.sub(r"([ -])\1+", r"\1", line) for line in lines]

    local = transcript(lambda *arguments: run(*arguments, AWS_REGION="us-east-1"))
    assert transcript(run_moto) == local
