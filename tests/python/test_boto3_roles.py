"""The local IAM and STS, by boto3: what tools call that deploy functions, in the order in which they do."""

import datetime
import json
import urllib.error
import urllib.parse
import urllib.request

import pytest
from botocore.exceptions import ClientError
from local_lambda import ROLE, RUNTIME, client_of, served, zipped

TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
})  # fmt: skip
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    with served(tmp_path_factory.mktemp("home")) as url:
        yield url


@pytest.fixture(scope="module")
def iam(endpoint):
    return client_of(endpoint, "iam")


@pytest.fixture(scope="module")
def sts(endpoint):
    return client_of(endpoint, "sts")


@pytest.fixture
def role(iam, request):
    name = request.node.name[:60]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    yield name
    for arn in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=arn["PolicyArn"])
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)


def code_of(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_a_role_from_its_making_to_its_end(iam):
    made = iam.create_role(RoleName="life", AssumeRolePolicyDocument=TRUST, Path="/of/", Description='<a> & "b"',
                           MaxSessionDuration=7200, Tags=[{"Key": "team", "Value": "blue"}])["Role"]  # fmt: skip
    assert made["Arn"] == "arn:aws:iam::000000000000:role/of/life"
    found = iam.get_role(RoleName="life")["Role"]
    assert found == made
    assert (found["Description"], found["MaxSessionDuration"]) == ('<a> & "b"', 7200)
    assert found["AssumeRolePolicyDocument"] == json.loads(TRUST)
    assert found in iam.list_roles()["Roles"] and found in iam.list_roles(PathPrefix="/of/")["Roles"]
    assert iam.list_roles(PathPrefix="/elsewhere/")["Roles"] == []
    iam.update_assume_role_policy(RoleName="life", PolicyDocument='{"Statement": []}')
    iam.tag_role(RoleName="life", Tags=[{"Key": "team", "Value": "red"}, {"Key": "cost", "Value": "1"}])
    iam.untag_role(RoleName="life", TagKeys=["cost"])
    assert iam.list_role_tags(RoleName="life")["Tags"] == [{"Key": "team", "Value": "red"}]
    assert iam.get_role(RoleName="life")["Role"]["AssumeRolePolicyDocument"] == {"Statement": []}
    assert iam.list_instance_profiles_for_role(RoleName="life")["InstanceProfiles"] == []
    iam.delete_role(RoleName="life")
    assert code_of(iam.get_role, RoleName="life") == (
        "NoSuchEntity", "The role with name life cannot be found.")  # fmt: skip


def test_policies_of_a_role(iam, role):
    iam.put_role_policy(RoleName=role, PolicyName="logs", PolicyDocument=TRUST)
    iam.attach_role_policy(RoleName=role, PolicyArn=BASIC)
    iam.attach_role_policy(RoleName=role, PolicyArn=BASIC)
    assert iam.get_role_policy(RoleName=role, PolicyName="logs")["PolicyDocument"] == json.loads(TRUST)
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["logs"]
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == [
        {"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": BASIC}]  # fmt: skip
    assert code_of(iam.delete_role, RoleName=role)[0] == "DeleteConflict"
    iam.detach_role_policy(RoleName=role, PolicyArn=BASIC)
    assert code_of(iam.delete_role, RoleName=role)[0] == "DeleteConflict"
    iam.delete_role_policy(RoleName=role, PolicyName="logs")
    assert code_of(iam.get_role_policy, RoleName=role, PolicyName="logs")[0] == "NoSuchEntity"
    assert code_of(iam.detach_role_policy, RoleName=role, PolicyArn=BASIC)[0] == "NoSuchEntity"


@pytest.mark.parametrize(
    "arguments, code, text",
    [
        ({"RoleName": "a b"}, "ValidationError", "+=,.@_-"),
        ({"RoleName": "a" * 65}, "ValidationError", "at most 64"),
        ({"AssumeRolePolicyDocument": "nothing"}, "MalformedPolicyDocument", "invalid Json"),
        ({"AssumeRolePolicyDocument": "[]"}, "MalformedPolicyDocument", "no Statement"),
        ({"Path": "of"}, "ValidationError", "begin and end with /"),
        ({"MaxSessionDuration": 60}, "ValidationError", "between 3600 and 43200"),
        ({"PermissionsBoundary": BASIC}, "InvalidInput", "no PermissionsBoundary of CreateRole"),
    ],
)
def test_what_no_role_can_be(iam, arguments, code, text):
    refusal = code_of(iam.create_role, **{"RoleName": "never", "AssumeRolePolicyDocument": TRUST, **arguments})
    assert refusal[0] == code and text in refusal[1]
    assert code_of(iam.get_role, RoleName="never")[0] == "NoSuchEntity"


def test_a_role_is_there_once(iam, role):
    assert code_of(iam.create_role, RoleName=role, AssumeRolePolicyDocument=TRUST) == (
        "EntityAlreadyExists", f"Role with name {role} already exists.")  # fmt: skip


def test_what_is_not_there_says_so(endpoint, iam, sts):
    assert code_of(iam.list_users) == (
        "InvalidAction",
        "The local IAM has roles with their policies, as far as tools that deploy functions ask for them, and no "
        "ListUsers.",
    )
    assert code_of(sts.get_session_token)[0] == "InvalidAction"
    code, text = code_of(client_of(endpoint, "cloudformation").list_stacks)
    assert code == "UnknownOperationException" and "no service 'cloudformation'" in text and "docs/serve.md" in text


def test_who_calls(sts):
    caller = sts.get_caller_identity()
    assert (caller["Account"], caller["Arn"]) == ("000000000000", "arn:aws:iam::000000000000:root")


def test_credentials_of_a_role(sts, iam, role):
    arn = iam.get_role(RoleName=role)["Role"]["Arn"]
    taken = [sts.assume_role(RoleArn=arn, RoleSessionName="s", DurationSeconds=900) for _ in range(2)]
    keys = [each["Credentials"] for each in taken]
    assert all(key["AccessKeyId"].startswith("ASIA") for key in keys)
    assert keys[0]["SecretAccessKey"] != keys[1]["SecretAccessKey"]
    assert taken[0]["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::000000000000:assumed-role/{role}/s"
    left = keys[0]["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert left <= datetime.timedelta(seconds=900)
    assert code_of(sts.assume_role, RoleArn=ROLE, RoleSessionName="s")[0] == "AccessDenied"
    assert code_of(sts.assume_role, RoleArn=arn, RoleSessionName="s", DurationSeconds=7200)[0] == "ValidationError"


def test_a_key_of_its_own_is_asked_for_here_too(tmp_path):
    with served(tmp_path, "--require-signature") as endpoint:
        assert code_of(client_of(endpoint, "iam").list_roles)[0] == "UnrecognizedClientException"
        assert code_of(client_of(endpoint, "sts").get_caller_identity)[0] == "UnrecognizedClientException"


def test_no_web_page_and_nobody_unsigned_gets_in(endpoint):
    form = urllib.parse.urlencode({"Action": "ListRoles", "Version": "2010-05-08"}).encode()
    for headers in ({}, {"Origin": "http://example.com"}):
        request = urllib.request.Request(endpoint, form, headers)
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request)
        assert caught.value.code == 403


def test_cargo_lambdas_calls(endpoint, iam, sts):
    """Those of `cargo lambda deploy` without a --role, as recorded."""
    function = client_of(endpoint)
    caller = sts.get_caller_identity()
    trust = json.loads(TRUST)
    trust["Statement"].append(
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": [caller["Arn"], caller["Account"]]}})  # fmt: skip
    arn = iam.create_role(RoleName="cargo-lambda-role-1", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.attach_role_policy(RoleName="cargo-lambda-role-1", PolicyArn=BASIC)
    assert sts.assume_role(RoleArn=arn, RoleSessionName="cargo_lambda_session")["Credentials"]["SessionToken"]
    iam.update_assume_role_policy(RoleName="cargo-lambda-role-1", PolicyDocument=TRUST)
    made = function.create_function(FunctionName="of-cargo", Runtime=RUNTIME, Role=arn, Handler="main.handler",
                                    Code={"ZipFile": zipped("def handler(event, _): return event")}, Publish=True)  # fmt: skip
    assert made["Role"] == arn and made["Version"] == "1"


def test_chalices_calls(endpoint, iam):
    """Those of `chalice deploy` and `chalice delete`, as recorded."""
    function = client_of(endpoint)
    assert code_of(iam.get_role, RoleName="chalice-dev")[0] == "NoSuchEntity"
    arn = iam.create_role(RoleName="chalice-dev", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.put_role_policy(RoleName="chalice-dev", PolicyName="chalice-dev", PolicyDocument=TRUST)
    function.create_function(FunctionName="of-chalice", Runtime=RUNTIME, Role=arn, Handler="main.handler",
                             Code={"ZipFile": zipped("def handler(event, _): return event")})  # fmt: skip
    function.get_waiter("function_active_v2").wait(FunctionName="of-chalice")
    function.delete_function_concurrency(FunctionName="of-chalice")
    function.delete_function(FunctionName="of-chalice")
    for policy in iam.list_role_policies(RoleName="chalice-dev")["PolicyNames"]:
        iam.delete_role_policy(RoleName="chalice-dev", PolicyName=policy)
    iam.delete_role(RoleName="chalice-dev")
