"""The options of create and update on the local Lambda, seen through boto3."""


def test_the_options_are_kept_and_changed(run, serve, algorithms):
    client = serve.client()
    done = run(
        "create", "f", "algorithms", "--ephemeral-storage", "1024", "--description", "words", "--env", "AA=1",
        "--tag", "team=x", "--concurrency", "5", "--policy", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "The local target has no IAM" in done.stdout
    f = client.get_function(FunctionName="f")
    assert f["Configuration"]["EphemeralStorage"] == {"Size": 1024}
    assert f["Configuration"]["Description"] == "words"
    assert f["Configuration"]["Environment"]["Variables"]["AA"] == "1"
    assert f["Tags"]["team"] == "x" and set(f["Tags"]) == {"team", "lambdapool"}
    assert f["Concurrency"] == {"ReservedConcurrentExecutions": 5}
    done = run(
        "update", "f", "--ephemeral-storage=512", "--description=", "--unset-env=AA", "--env=BB=2", "--untag=team",
        "--concurrency=none",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    f = client.get_function(FunctionName="f")
    assert f["Configuration"]["EphemeralStorage"] == {"Size": 512}
    assert f["Configuration"]["Description"] == ""
    variables = f["Configuration"]["Environment"]["Variables"]
    assert "AA" not in variables and variables["BB"] == "2"
    assert set(f["Tags"]) == {"lambdapool"}
    assert "Concurrency" not in f


def test_what_the_local_target_has_not_got_is_refused(run, algorithms):
    for options, word in (
        (["--subnet", "subnet-1", "--security-group", "sg-1"], "VPC"),
        (["--architecture", "arm64"], "arm64"),
    ):
        done = run("create", "f", "algorithms", *options)
        assert done.returncode == 1 and done.stderr.startswith("Error: the local target"), done.stderr
        assert word in done.stderr


def test_a_refused_configuration_puts_the_old_code_back(run, serve, algorithms):
    assert run("create", "f", "algorithms").returncode == 0
    before = serve.client().get_function_configuration(FunctionName="f")
    (algorithms / "algorithms" / "more.py").write_text("")
    done = run("update", "f", "algorithms", "--layers", "arn:aws:lambda:us-east-1:123456789012:layer:none:1")
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    after = serve.client().get_function_configuration(FunctionName="f")
    assert after["CodeSha256"] == before["CodeSha256"]
