"""Resource policies, by boto3, with AWS's recorded texts."""

import json

import pytest
from local_lambda import ARN, client_of, create, refused, served

INVALID, NOT_FOUND = "InvalidParameterValueException", "ResourceNotFoundException"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("home")) as endpoint:
        client = client_of(endpoint)
        create(client, "f")
        yield client


S3 = dict(FunctionName="f", StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com",
          SourceArn="arn:aws:s3:::bucket")


def test_a_policy_from_its_first_statement_to_its_last(client):
    statement = json.loads(client.add_permission(**S3)["Statement"])
    assert statement == {
        "Sid": "s3", "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "lambda:InvokeFunction",
        "Resource": ARN + "f", "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::bucket"}}}
    assert refused(client.add_permission, **S3) == (
        "ResourceConflictException",
        "The statement id (s3) provided already exists. Please provide a new statement id, "
        "or remove the existing statement.",
        409,
    )
    more = dict(FunctionName="f", StatementId="url", Action="lambda:InvokeFunctionUrl", Principal="*",
                FunctionUrlAuthType="NONE", SourceAccount="111111111111")
    assert json.loads(client.add_permission(**more)["Statement"])["Condition"] == {
        "StringEquals": {"AWS:SourceAccount": "111111111111", "lambda:FunctionUrlAuthType": "NONE"}}
    answer = client.get_policy(FunctionName="f")
    policy = json.loads(answer["Policy"])
    assert (policy["Version"], policy["Id"]) == ("2012-10-17", "default")
    assert [one["Sid"] for one in policy["Statement"]] == ["s3", "url"]
    assert answer["RevisionId"] == client.get_function(FunctionName="f")["Configuration"]["RevisionId"]
    assert refused(client.remove_permission, FunctionName="f", StatementId="s3", RevisionId="wrong")[2] == 412
    assert refused(client.remove_permission, FunctionName="f", StatementId="no")[:2] == (
        NOT_FOUND, "Statement no is not found in resource policy.")
    for statement in ("s3", "url"):
        client.remove_permission(FunctionName="f", StatementId=statement)
    assert refused(client.get_policy, FunctionName="f")[:2] == (NOT_FOUND, "The resource you requested does not exist.")
    assert refused(client.remove_permission, FunctionName="f", StatementId="s3")[1] == (
        "No policy is associated with the given resource.")


@pytest.mark.parametrize("principal, shown", [
    ("111111111111", {"AWS": "arn:aws:iam::111111111111:root"}),
    ("arn:aws:iam::111111111111:user/me", {"AWS": "arn:aws:iam::111111111111:user/me"}),
    ("*", "*"),
])
def test_principals(client, principal, shown):
    asked = dict(FunctionName="f", StatementId="p", Action="lambda:InvokeFunction", Principal=principal)
    assert json.loads(client.add_permission(**asked)["Statement"])["Principal"] == shown
    client.remove_permission(FunctionName="f", StatementId="p")


@pytest.mark.parametrize("changed, code, text", [
    ({"StatementId": "example.com"}, "ValidationException", "([a-zA-Z0-9-_]+)"),
    ({"Qualifier": "$LATEST"}, INVALID, "We currently do not support adding policies for $LATEST."),
    ({"Principal": "invalid.nonaws"}, INVALID, "The provided principal was invalid."),
    ({"FunctionName": "nope"}, NOT_FOUND, f"Function not found: {ARN}nope"),
    ({"Qualifier": "nope"}, NOT_FOUND, f"Cannot find alias arn: {ARN}f:nope"),
    ({"Qualifier": "42"}, NOT_FOUND, f"Function not found: {ARN}f:42"),
    ({"Action": "s3:GetObject"}, "ValidationException", "(lambda:[*]|lambda:[a-zA-Z]+|[*])"),
    ({"RevisionId": "wrong"}, "PreconditionFailedException", "does not match the latest Revision Id"),
])
def test_what_cannot_be_added(client, changed, code, text):
    refusal = refused(client.add_permission, **{**S3, **changed})
    assert refusal[0] == code and text in refusal[1]


def test_a_policy_keeps_its_revision_while_its_function_changes(client):
    create(client, "published")
    asked = dict(S3, FunctionName="published")
    client.add_permission(**asked)
    policy = client.get_policy(FunctionName="published")
    assert "RevisionId" not in json.loads(policy["Policy"])
    client.publish_version(FunctionName="published")
    function = client.get_function_configuration(FunctionName="published")["RevisionId"]
    assert client.get_policy(FunctionName="published")["RevisionId"] == policy["RevisionId"] != function
    assert refused(client.add_permission, **{**asked, "StatementId": "b"}, RevisionId="wrong")[2] == 412
    client.add_permission(**{**asked, "StatementId": "b"}, RevisionId=policy["RevisionId"])
    assert refused(client.remove_permission, FunctionName="published", StatementId="b",
                   RevisionId=policy["RevisionId"])[2] == 412  # fmt: skip
    function = client.get_function_configuration(FunctionName="published")["RevisionId"]
    assert client.get_policy(FunctionName="published")["RevisionId"] == function
    client.remove_permission(FunctionName="published", StatementId="b", RevisionId=function)
