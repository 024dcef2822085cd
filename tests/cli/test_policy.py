"""policy: the documents are what IAM takes, and let through what lambdapool sends, and nothing else.

Which calls are sent is what a scripted AWS has recorded; which actions there are is parliament's knowledge.
"""

import fnmatch
import json

import pytest
from fake_aws import ACCOUNT, error

REGION = "us-east-1"
LAMBDA = f"arn:aws:lambda:{REGION}:{ACCOUNT}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/lambdapool/lambdapool-role-f"


@pytest.fixture
def policy(run):
    def policy(*arguments, **environment):
        done = run("policy", *arguments, **{"LAMBDAPOOL_TARGET": "aws", "AWS_REGION": REGION, **environment})
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    return policy


def listed(value):
    return value if isinstance(value, list) else [value]


def allows(policy, action, resource):
    return any(
        statement["Effect"] == "Allow"
        and action in listed(statement["Action"])
        and any(fnmatch.fnmatchcase(resource, pattern) for pattern in listed(statement["Resource"]))
        for statement in policy["Statement"]
    )


def permission(request):
    """The action and resource that IAM asks about for a request."""
    if request.form:
        return f"iam:{request.action}", ROLE
    if request.action == "ListFunctions":
        return "lambda:ListFunctions", "*"
    return f"lambda:{request.action}", f"{LAMBDA}:function:f"


@pytest.mark.parametrize(
    "arguments",
    [
        ["invoke", "f"],
        ["invoke", "f", "--bucket", "b"],
        ["logs", "f"],
        ["deploy", "f"],
        [
            "deploy",
            "f",
            "--account",
            ACCOUNT,
            "--bucket",
            "b",
            "--layers",
            "--role",
            "arn:aws:iam::123456789012:role/r",
        ],
    ],
)
def test_an_independent_linter_finds_nothing(policy, arguments):
    parliament = pytest.importorskip("parliament")
    document = policy(*arguments)
    findings = parliament.analyze_policy_string(json.dumps(document)).findings
    assert [str(finding) for finding in findings] == []


def test_deploy_lets_a_whole_life_through(run, aws, algorithms, policy):
    aws.environment["AWS_REGION"] = REGION
    for arguments in (["create", "f", "algorithms"], ["list"], ["update", "f", "--memory", "256"], ["delete", "f"]):
        assert run(*arguments, **aws.environment).returncode == 0
    document = policy("deploy", "f", "--account", ACCOUNT)
    refused = {permission(request) for request in aws.requests if not allows(document, *permission(request))}
    assert refused == set()
    for role in (ROLE, f"{ROLE}-{REGION}"):
        assert allows(document, "iam:PassRole", role) and allows(document, "iam:CreateRole", role)
    assert not allows(document, "lambda:UpdateFunctionCode", f"{LAMBDA}:function:other")


def test_a_brought_role_is_passed_and_no_role_is_made(policy):
    mine = f"arn:aws:iam::{ACCOUNT}:role/mine"
    document = policy("deploy", "f", "--role", mine)
    assert allows(document, "iam:PassRole", mine)
    actions = {action for statement in document["Statement"] for action in listed(statement["Action"])}
    assert {action for action in actions if action.startswith("iam:")} == {"iam:PassRole"}


def test_invoke_is_for_a_pool_and_its_qualifiers(policy):
    document = policy("invoke", "f")
    assert allows(document, "lambda:InvokeFunction", f"{LAMBDA}:function:f")
    assert allows(document, "lambda:InvokeFunction", f"{LAMBDA}:function:f:prod")
    assert not allows(document, "lambda:InvokeFunction", f"{LAMBDA}:function:ff")
    assert len(document["Statement"]) == 1


def test_invoke_with_a_bucket_lets_large_data_through_and_no_packages(policy):
    document = policy("invoke", "f", "--bucket", "b")
    for action in ("PutObject", "GetObject", "DeleteObject", "AbortMultipartUpload"):
        assert allows(document, f"s3:{action}", "arn:aws:s3:::b/lambdapool-data/0123/result-1")
        assert not allows(document, f"s3:{action}", "arn:aws:s3:::b/lambdapool/f/package.zip")


def test_partition_region_and_account_are_those_that_are_known(policy, run):
    arn = policy("logs", "f", "--region", "us-gov-west-1", "--account", ACCOUNT)["Statement"][0]["Resource"][0]
    assert arn == f"arn:aws-us-gov:logs:us-gov-west-1:{ACCOUNT}:log-group:/aws/lambda/f"
    offline = run("policy", "invoke", "f", LAMBDAPOOL_TARGET="aws")  # no region, no credentials
    assert json.loads(offline.stdout)["Statement"][0]["Resource"][0] == "arn:aws:lambda:*:*:function:f"


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["everything", "f"], "is not one of 'invoke', 'deploy', 'logs'"),
        (["invoke", "f", "--account", "12"], "twelve digits"),
        (["logs", "f", "--bucket", "b"], "policy deploy and invoke only"),
        (["invoke", "f", "--layers"], "policy deploy only"),
        (["invoke", "no such"], "letters, digits, hyphens"),
        (["invoke", "f", "--target", "local"], "--target local does not go"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(run, arguments, words):
    done = run("policy", *arguments, LAMBDAPOOL_TARGET="aws")
    assert done.returncode in (1, 2) and done.stdout == ""
    assert done.stderr.startswith("Error: ") and done.stderr.count("\n") == 1 and words in done.stderr


def test_a_refused_call_names_the_statement_to_add(run, aws):
    denied = f"User: arn:aws:iam::{ACCOUNT}:user/ada is not authorized to perform: lambda:ListFunctions on resource: * because no identity-based policy allows the lambda:ListFunctions action"
    aws.hook("ListFunctions", error(403, "AccessDeniedException", denied))
    done = run("list", **aws.environment)
    assert done.returncode == 1
    assert '{"Effect":"Allow","Action":"lambda:ListFunctions","Resource":"*"}' in done.stderr
