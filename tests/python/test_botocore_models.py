"""Every request that we build must be the one that botocore's service models prescribe.

The C++ side is the program lambdapool_requests_dump, found in $LAMBDAPOOL_BUILD/tests (default: build/tests).
"""

import json
import os
import pathlib
import subprocess
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree.ElementTree import canonicalize

import pytest

pytest.importorskip("botocore")
import botocore.session
from botocore.serialize import create_serializer

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LAMBDAPOOL_BUILD", REPOSITORY / "build"))
DUMP = BUILD / "tests" / "lambdapool_requests_dump"

pytestmark = pytest.mark.skipif(not DUMP.exists(), reason=f"{DUMP} is not built")

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:algorithms:$LATEST"
LAYERS = ["arn:aws:lambda:eu-west-1:123456789012:layer:numpy:3"]
ZIP = b"PK\x03\x04\x00\xff"
FUNCTION_ARN = "arn:aws:lambda:eu-west-1:123456789012:function:algorithms"
VPC = {"SubnetIds": ["subnet-1a"], "SecurityGroupIds": ["sg-2b"]}
DOCUMENT = '{"Version":"2012-10-17","Statement":[]}'
OBJECT = {"Bucket": "bucket", "Key": "lambdapool/a b/c.zip"}
ENVIRONMENT = {"Variables": {"LAMBDAPOOL_CODEC": "pickle"}}
ROLE = "lambdapool-role-algorithms"
POLICY = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}

# What requests_dump.cpp asks for, in botocore's words.
PARAMETERS = {
    "CreateFunction": {
        "FunctionName": "algorithms",
        "Runtime": "python3.12",
        "Role": "arn:aws:iam::123456789012:role/lambdapool/r",
        "Handler": "lambdapool_agent.lambda_handler",
        "Code": {"ZipFile": ZIP},
        "Description": "made by a test",
        "Architectures": ["arm64"],
        "MemorySize": 256,
        "Timeout": 900,
        "Layers": LAYERS,
        "Environment": ENVIRONMENT,
        "Tags": {"lambdapool": "0.10.0"},
        "EphemeralStorage": {"Size": 1024},
        "VpcConfig": VPC,
    },
    "UpdateFunctionCode": {
        "FunctionName": "algorithms",
        "ZipFile": ZIP,
        "Architectures": ["arm64"],
        "RevisionId": "revision",
    },
    "UpdateFunctionConfiguration": {
        "FunctionName": "algorithms",
        "MemorySize": 512,
        "Timeout": 60,
        "Layers": LAYERS,
        "Runtime": "python3.13",
        "Handler": "handler",
        "Environment": ENVIRONMENT,
        "RevisionId": "revision",
        "Role": "arn:aws:iam::123456789012:role/lambdapool/r",
        "Description": "changed by a test",
        "EphemeralStorage": {"Size": 1024},
        "VpcConfig": VPC,
    },
    "TagResource": {"Resource": FUNCTION_ARN, "Tags": {"lambdapool": "0.10.0"}},
    "UntagResource": {"Resource": FUNCTION_ARN, "TagKeys": ["a b", "c"]},
    "PutFunctionConcurrency": {"FunctionName": "algorithms", "ReservedConcurrentExecutions": 5},
    "DeleteFunctionConcurrency": {"FunctionName": "algorithms"},
    "PublishLayerVersion": {
        "LayerName": "things",
        "Content": {"ZipFile": ZIP},
        "Description": "made by a test",
        "CompatibleRuntimes": ["python3.12"],
        "CompatibleArchitectures": ["arm64"],
    },
    "PublishVersion": {
        "FunctionName": "algorithms",
        "Description": "made by a test",
        "CodeSha256": "digest",
        "RevisionId": "revision",
    },
    "ListVersionsByFunction": {"FunctionName": "algorithms", "MaxItems": 50, "Marker": "m"},
    "DeleteFunction version": {"FunctionName": "algorithms", "Qualifier": "7"},
    "ListAliases": {"FunctionName": "algorithms", "MaxItems": 50, "Marker": "m"},
    "GetLayerVersionByArn": {"Arn": LAYERS[0]},
    "ListLayers": {"MaxItems": 50, "Marker": "m"},
    "ListLayerVersions": {"LayerName": "things", "MaxItems": 50, "Marker": "m"},
    "DeleteLayerVersion": {"LayerName": "things", "VersionNumber": 3},
    "GetFunction": {"FunctionName": ARN},
    "GetFunctionConfiguration": {"FunctionName": "algorithms"},
    "DeleteFunction": {"FunctionName": "algorithms"},
    "ListFunctions": {"MaxItems": 50, "Marker": "marker+/= x"},
    "Invoke DryRun": {"FunctionName": "algorithms", "InvocationType": "DryRun"},
    "FilterLogEvents": {"logGroupName": "/aws/lambda/algorithms", "startTime": 1795374000000, "nextToken": "token"},
    "InvokeWithResponseStream": {"FunctionName": ARN, "LogType": "Tail", "Payload": b'{"lambdapool":1}'},
    "Invoke": {"FunctionName": ARN, "LogType": "Tail", "Payload": b'{"lambdapool":1}'},
    "CreateRole": {
        "RoleName": ROLE,
        "Path": "/lambdapool/",
        "AssumeRolePolicyDocument": json.dumps(TRUST, separators=(",", ":")),
        "Description": "made by a test",
        "Tags": [{"Key": "lambdapool", "Value": "0.10.0"}],
    },
    "GetRole": {"RoleName": ROLE},
    "AttachRolePolicy": {"RoleName": ROLE, "PolicyArn": POLICY},
    "DetachRolePolicy": {"RoleName": ROLE, "PolicyArn": POLICY},
    "ListAttachedRolePolicies": {"RoleName": ROLE, "Marker": "m"},
    "PutRolePolicy": {"RoleName": ROLE, "PolicyName": "things", "PolicyDocument": DOCUMENT},
    "GetRolePolicy": {"RoleName": ROLE, "PolicyName": "things"},
    "DeleteRolePolicy": {"RoleName": ROLE, "PolicyName": "things"},
    "ListRolePolicies": {"RoleName": ROLE, "Marker": "m"},
    "DeleteRole": {"RoleName": ROLE},
    "CreateMultipartUpload": OBJECT,
    "UploadPart": {**OBJECT, "UploadId": "id/+=", "PartNumber": 2, "Body": b"PK"},
    "CompleteMultipartUpload": {
        **OBJECT,
        "UploadId": "id/+=",
        "MultipartUpload": {"Parts": [{"ETag": '"a"', "PartNumber": 1}, {"ETag": '"b"', "PartNumber": 2}]},
    },
    "AbortMultipartUpload": {**OBJECT, "UploadId": "id/+="},
    "DeleteObject": OBJECT,
    "PutObject": {**OBJECT, "Body": b"PK"},
    "GetObject": {**OBJECT, "Range": "bytes=5-14"},
    "AssumeRole": {
        "RoleArn": "arn:aws:iam::123456789012:role/r",
        "RoleSessionName": "me",
        "DurationSeconds": 900,
        "ExternalId": "an-id/:",
        "SerialNumber": "arn:aws:iam::123456789012:mfa/me",
        "TokenCode": "123456",
    },
    "AssumeRoleWithWebIdentity": {
        "RoleArn": "arn:aws:iam::123456789012:role/r",
        "RoleSessionName": "me",
        "WebIdentityToken": "a.jwt.of+some/kind==",
    },
    "GetCallerIdentity": {},
    "GetRoleCredentials": {"roleName": "Admin Role", "accountId": "123456789012", "accessToken": "access/token+"},
    "CreateToken": {
        "clientId": "id",
        "clientSecret": "secret",
        "grantType": "refresh_token",
        "refreshToken": "refresh",
    },
}
LOG_OPERATIONS = ["FilterLogEvents"]
S3_OPERATIONS = [o for o in PARAMETERS if "Multipart" in o or o in ("UploadPart", "DeleteObject", "PutObject", "GetObject")]
STS_OPERATIONS = ["AssumeRole", "AssumeRoleWithWebIdentity", "GetCallerIdentity"]
SSO_OPERATIONS = {"GetRoleCredentials": "sso", "CreateToken": "sso-oidc"}
IAM_OPERATIONS = [o for o in PARAMETERS if o.endswith(("Role", "RolePolicy", "RolePolicies")) and o != "AssumeRole"]
LAMBDA_OPERATIONS = [
    o
    for o in PARAMETERS
    if o not in [*S3_OPERATIONS, *IAM_OPERATIONS, *STS_OPERATIONS, *SSO_OPERATIONS, *LOG_OPERATIONS]
]


@pytest.fixture(scope="module")
def ours():
    lines = subprocess.run([str(DUMP)], capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()
    return {request["operation"]: request for request in map(json.loads, lines)}


def modelled(service, operation):
    """botocore's request; its validating serializer refuses what breaks the model's constraints."""
    model = botocore.session.get_session().get_service_model(service)
    serializer = create_serializer(model.metadata["protocol"], include_validation=True)
    return serializer.serialize_to_request(PARAMETERS[operation], model.operation_model(operation.split()[0]))


def test_every_builder_has_its_parameters_here(ours):
    assert set(ours) == set(PARAMETERS)


@pytest.mark.parametrize("operation", LAMBDA_OPERATIONS)
def test_lambda_requests_are_those_of_the_model(ours, operation):
    request, expected = ours[operation], modelled("lambda", operation)
    target = urlsplit(request["target"])
    assert request["method"] == expected["method"]
    model = urlsplit(expected["url_path"])
    assert target.path.rstrip("/") == model.path.rstrip("/")
    wanted = expected["query_string"].items()
    fixed = parse_qs(model.query)
    assert parse_qs(target.query) == {**fixed, **{k: v if isinstance(v, list) else [str(v)] for k, v in wanted}}
    if operation in ("Invoke", "InvokeWithResponseStream"):
        assert request["body"].encode() == expected["body"]
        assert request["log_type"] == expected["headers"]["X-Amz-Log-Type"]
    elif operation == "Invoke DryRun":
        assert (request["body"], request["invocation_type"]) == ("", expected["headers"]["X-Amz-Invocation-Type"])
    elif expected["body"]:
        assert json.loads(request["body"]) == json.loads(expected["body"])
        assert request["content_type"] == "application/json"
    else:
        assert request["body"] == ""


@pytest.mark.parametrize("operation", IAM_OPERATIONS + STS_OPERATIONS)
def test_forms_are_those_of_the_model(ours, operation):
    request, expected = ours[operation], modelled("iam" if operation in IAM_OPERATIONS else "sts", operation)
    assert (request["method"], request["target"]) == (expected["method"], expected["url_path"])
    assert request["content_type"] == expected["headers"]["Content-Type"]
    form = {name: values[0] for name, values in parse_qs(request["body"], strict_parsing=True).items()}
    assert form == {name: str(value) for name, value in expected["body"].items()}


@pytest.mark.parametrize("operation", SSO_OPERATIONS)
def test_identity_center_requests_are_those_of_the_model(ours, operation):
    request, expected = ours[operation], modelled(SSO_OPERATIONS[operation], operation)
    target = urlsplit(request["target"])
    assert (request["method"], target.path) == (expected["method"], expected["url_path"])
    assert parse_qs(target.query) == {name: [value] for name, value in expected["query_string"].items()}
    assert request["sso_token"] == expected["headers"].get("x-amz-sso_bearer_token", "")
    assert request["body"].encode() == b"" or json.loads(request["body"]) == json.loads(expected["body"])


def test_log_requests_are_those_of_the_model(ours):
    request, expected = ours["FilterLogEvents"], modelled("logs", "FilterLogEvents")
    assert (request["method"], request["target"]) == (expected["method"], expected["url_path"])
    assert json.loads(request["body"]) == json.loads(expected["body"])
    assert request["content_type"] == expected["headers"]["Content-Type"]
    assert request["amz_target"] == expected["headers"]["X-Amz-Target"]


@pytest.mark.parametrize("operation", S3_OPERATIONS)
def test_s3_requests_are_those_of_the_model(ours, operation):
    request, expected = ours[operation], modelled("s3", operation)
    target, wanted = urlsplit(request["target"]), urlsplit(expected["url_path"])
    assert request["method"] == expected["method"]
    assert unquote(target.path) == unquote(wanted.path)
    query = {**parse_qs(wanted.query, keep_blank_values=True)}
    query.update({name: [str(value)] for name, value in expected["query_string"].items()})
    assert parse_qs(target.query, keep_blank_values=True) == query
    assert request.get("range") == expected["headers"].get("Range", "")
    ours_body, body = request["body"].encode(), expected["body"]
    assert ours_body == body or canonicalize(ours_body.decode()) == canonicalize(body.decode())
