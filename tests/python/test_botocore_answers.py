"""Every answer that we parse, against botocore's service models; and no call without its case here.

An answer with every member that the model has is made up from the model's shapes. botocore's parser reads it, and ours
does (the program lambdapool_answers_dump): what both have must be equal. Then each error that the model has.
"""

import base64
import json
import os
import pathlib
import re
import subprocess
from xml.sax.saxutils import escape

import pytest

pytest.importorskip("botocore")
import botocore.session
from botocore.parsers import create_parser

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LAMBDAPOOL_BUILD", ROOT / "build"))
DUMP = BUILD / "tests" / "lambdapool_answers_dump"
AWS = ROOT / "src" / "aws"

pytestmark = pytest.mark.skipif(not DUMP.exists(), reason=f"{DUMP} is not built")

# parser -> the service and operations whose answers it reads
PARSERS = {
    "lambda.parse_configuration": (
        "lambda",
        [
            "CreateFunction",
            "UpdateFunctionCode",
            "UpdateFunctionConfiguration",
            "GetFunctionConfiguration",
            "PublishVersion",
        ],
    ),
    "lambda.parse_get_function": ("lambda", ["GetFunction"]),
    "lambda.parse_list_functions": ("lambda", ["ListFunctions"]),
    "lambda.parse_no_content": (
        "lambda",
        [
            "DeleteFunction",
            "TagResource",
            "UntagResource",
            "PutFunctionConcurrency",
            "DeleteFunctionConcurrency",
            "DeleteLayerVersion",
        ],
    ),
    "invoke.parse_invoke": ("lambda", ["Invoke"]),
    "layers.parse_layer_version": ("lambda", ["PublishLayerVersion"]),
    "versions.parse_list_versions": ("lambda", ["ListVersionsByFunction"]),
    "versions.parse_list_aliases": ("lambda", ["ListAliases"]),
    "layers.parse_layer_content": ("lambda", ["GetLayerVersionByArn"]),
    "layers.parse_list_layers": ("lambda", ["ListLayers"]),
    "layers.parse_list_layer_versions": ("lambda", ["ListLayerVersions"]),
    "logs.parse_filter_log_events": ("logs", ["FilterLogEvents"]),
    "iam.parse_role": ("iam", ["CreateRole", "GetRole"]),
    "iam.parse_attached_policies": ("iam", ["ListAttachedRolePolicies"]),
    "iam.parse_policy_names": ("iam", ["ListRolePolicies"]),
    "iam.parse_role_policy": ("iam", ["GetRolePolicy"]),
    "iam.parse_done": (
        "iam",
        ["AttachRolePolicy", "DetachRolePolicy", "PutRolePolicy", "DeleteRolePolicy", "DeleteRole"],
    ),
    "s3.parse_upload_id": ("s3", ["CreateMultipartUpload"]),
    "s3.parse_etag": ("s3", ["UploadPart"]),
    "s3.parse_completed": ("s3", ["CompleteMultipartUpload"]),
    "s3.parse_done": ("s3", ["AbortMultipartUpload", "DeleteObject"]),
    "sts.parse_assumed_role": ("sts", ["AssumeRole", "AssumeRoleWithWebIdentity"]),
    "sts.parse_caller_identity": ("sts", ["GetCallerIdentity"]),
}
# Headers whose calls botocore has no service model for, or whose answers another oracle compares.
NO_MODEL = {"metadata"}
ANSWERS_ELSEWHERE = {"sso"}  # test_identity_oracle.py: whole runs beside botocore
CASES = [(parser, service, operation) for parser, (service, operations) in PARSERS.items() for operation in operations]


def declared(pattern):
    """header.function for each declaration in src/aws that the pattern finds."""
    for header in sorted(AWS.rglob("*.hpp")):
        code = re.sub(r"//[^\n]*", "", header.read_text())
        yield from ((header.stem, name) for name in re.findall(pattern, code))


def test_every_request_builder_is_among_those_compared_with_the_models():
    dumped = set(re.findall(r"(\w+_request)\(", (AWS / "requests_dump.cpp").read_text()))
    builders = set(declared(r"http::Request\s+(\w+)\("))
    missing = sorted(
        f"{header}.hpp: {name}" for header, name in builders if header not in NO_MODEL and name not in dumped
    )
    assert missing == [], "print it in src/aws/requests_dump.cpp and describe it in test_botocore_models.py"


def test_every_parser_is_among_those_compared_with_the_models():
    dumped = subprocess.run([DUMP, "names"], capture_output=True, text=True, check=True).stdout.split()
    parsers = declared(r"Result<[^;{}()]*>\s+(parse_\w+)\(\s*(?:const\s+)?http::Response")
    wanted = {f"{header}.{name}" for header, name in parsers if header not in NO_MODEL | ANSWERS_ELSEWHERE}
    assert wanted == set(dumped) == set(PARSERS), "add it to src/aws/answers_dump.cpp and to PARSERS here"


def sample(shape, name="value", seen=()):
    """Something that the shape allows, with every member it has (recursive ones once)."""
    kind = shape.type_name
    if kind == "structure":
        if shape.name in seen:
            return {}
        return {member: sample(of, member, (*seen, shape.name)) for member, of in shape.members.items()}
    if kind == "list":
        return [sample(shape.member, name, seen), sample(shape.member, name, seen)]
    if kind == "map":
        return {"key": sample(shape.value, name, seen)}
    if kind == "string":
        return shape.enum[0] if getattr(shape, "enum", None) else f"a <{name}> & \"more\" ä"
    if kind in ("integer", "long"):
        return int(shape.metadata.get("min", 7)) or 7
    if kind in ("float", "double"):
        return 7.5
    if kind == "boolean":
        return False
    if kind == "timestamp":
        return "2026-11-22T19:00:00Z"
    return base64.b64encode(b"bytes").decode()  # blob


def as_json(shape, value):
    """`value` with timestamps as JSON protocols have them."""
    if shape.type_name == "structure":
        return {name: as_json(shape.members[name], member) for name, member in value.items()}
    if shape.type_name == "list":
        return [as_json(shape.member, each) for each in value]
    return 1795374000.0 if shape.type_name == "timestamp" else value


def as_xml(shape, value):
    if shape.type_name == "structure":
        members = ((shape.members[name], name, member) for name, member in value.items())
        return "".join(f"<{tag(of, name)}>{as_xml(of, member)}</{tag(of, name)}>" for of, name, member in members)
    if shape.type_name == "list":
        name = shape.member.serialization.get("name", "member")
        return "".join(f"<{name}>{as_xml(shape.member, each)}</{name}>" for each in value)
    if shape.type_name == "map":
        return "".join(
            f"<entry><key>{k}</key><value>{as_xml(shape.value, v)}</value></entry>" for k, v in value.items()
        )
    return escape(str(value).lower() if isinstance(value, bool) else str(value))


def tag(shape, name):
    return shape.serialization.get("name", name)


def model_of(service, operation):
    return botocore.session.get_session().get_service_model(service).operation_model(operation)


def answer_of(service, model):
    """A full answer as it goes over the wire: status, headers, body."""
    protocol, shape = model.service_model.metadata["protocol"], model.output_shape
    headers, body = {"x-amzn-requestid": "id-1"}, ""
    status = model.http.get("responseCode", 200)
    value = sample(shape) if shape else {}
    for name, member in shape.members.items() if shape else ():
        if member.serialization.get("location") == "header":
            text = value.pop(name)
            if member.type_name == "timestamp":
                text = "Sun, 22 Nov 2026 19:00:00 GMT"
                headers[tag(member, name)] = text
                continue
            headers[tag(member, name)] = (
                "header" if isinstance(text, str) and not getattr(member, "enum", None) else str(text)
            )
        elif member.serialization.get("location") in ("statusCode", "headers"):
            value.pop(name)
    headers.pop("X-Amz-Function-Error", None)  # with it, the answer is an error
    payload = shape.serialization.get("payload") if shape else None
    if payload:
        body = '{"answer":42}'
    elif protocol in ("rest-json", "json") and shape:
        body = json.dumps(as_json(shape, {name: value[name] for name in value})) if value else ""
    elif protocol == "query":
        result = (
            f"<{shape.serialization['resultWrapper']}>{as_xml(shape, value)}</{shape.serialization['resultWrapper']}>"
            if shape
            else ""
        )
        body = f"<{model.name}Response>{result}<ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></{model.name}Response>"
    elif protocol == "rest-xml" and value:
        root = shape.serialization.get("name", f"{model.name}Result")
        body = f'<?xml version="1.0"?><{root}>{as_xml(shape, value)}</{root}>'
    return status, headers, body


def botocore_reads(model, status, headers, body):
    parser = create_parser(model.service_model.metadata["protocol"])
    return parser.parse({"status_code": status, "headers": headers, "body": body.encode()}, model.output_shape)


@pytest.fixture(scope="module")
def ours():
    def ours(parser, status, headers, body):
        asked = json.dumps({"parser": parser, "status": status, "headers": headers, "body": body})
        done = subprocess.run([DUMP], input=asked + "\n", capture_output=True, text=True, timeout=60, check=True)
        return json.loads(done.stdout)

    return ours


# Where we call a thing otherwise than botocore does.
ELSEWHERE = {
    "EphemeralStorage": lambda it: it["EphemeralStorage"]["Size"],
    "LogGroup": lambda it: it["LoggingConfig"]["LogGroup"],
    "Variables": lambda it: it["Environment"]["Variables"],
    "Payload": lambda it: it["Payload"].decode() if isinstance(it["Payload"], bytes) else it["Payload"],
    "Expiration": lambda it: int(it["Expiration"].timestamp()),
}


def assert_equal(mine, theirs, where=""):
    if isinstance(mine, dict):
        for name, value in mine.items():
            assert_equal(value, ELSEWHERE[name](theirs) if name in ELSEWHERE else theirs[name], f"{where}.{name}")
    elif isinstance(mine, list):
        assert len(mine) == len(theirs), where
        for index, (one, other) in enumerate(zip(mine, theirs)):
            assert_equal(one, other, f"{where}[{index}]")
    else:
        assert mine == theirs, where


def shaped(parser, theirs):
    """What of botocore's result the parser is about."""
    if parser == "iam.parse_role":
        return theirs["Role"]
    if parser == "iam.parse_attached_policies":
        return {"Policies": [each["PolicyArn"] for each in theirs["AttachedPolicies"]], "Marker": theirs["Marker"]}
    if parser == "iam.parse_policy_names":
        return {"Policies": theirs["PolicyNames"], "Marker": theirs["Marker"]}
    if parser == "iam.parse_role_policy":
        return theirs["PolicyDocument"]
    if parser == "sts.parse_assumed_role":
        return theirs["Credentials"]
    if parser == "versions.parse_list_aliases":
        aliases = [
            {
                "Name": each["Name"],
                "Versions": [each["FunctionVersion"], *each["RoutingConfig"]["AdditionalVersionWeights"]],
            }
            for each in theirs["Aliases"]
        ]
        return {"Aliases": aliases, "NextMarker": theirs["NextMarker"]}
    if parser == "layers.parse_list_layers":
        return {
            "Layers": [each["LatestMatchingVersion"] for each in theirs["Layers"]],
            "NextMarker": theirs["NextMarker"],
        }
    if parser == "layers.parse_list_layer_versions":
        return {"Layers": theirs["LayerVersions"], "NextMarker": theirs["NextMarker"]}
    if parser == "s3.parse_upload_id":
        return theirs["UploadId"]
    return theirs["ETag"] if parser == "s3.parse_etag" else theirs


def truncated(parser, body):
    return body.replace("<IsTruncated>false", "<IsTruncated>true") if parser.startswith("iam.") else body


@pytest.mark.parametrize("parser, service, operation", CASES)
def test_a_full_answer_is_read_as_botocore_reads_it(ours, parser, service, operation):
    model = model_of(service, operation)
    status, headers, body = answer_of(service, model)
    body = truncated(parser, body)
    mine = ours(parser, status, headers, body)
    assert mine["ok"], mine
    if "value" in mine:
        assert_equal(mine["value"], shaped(parser, botocore_reads(model, status, headers, body)), parser)


def error_answer(model, shape):
    code = shape.metadata.get("error", {}).get("code") or shape.name
    status = shape.metadata.get("error", {}).get("httpStatusCode", 400)
    protocol = model.service_model.metadata["protocol"]
    if protocol in ("query", "rest-xml"):
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>what it says</Message></Error>"
        body = f"<ErrorResponse>{error}<RequestId>id-1</RequestId></ErrorResponse>" if protocol == "query" else error
        return code, status, {}, body
    member = next((name for name in shape.members if name.lower() == "message"), "message")
    if protocol == "json":
        return code, status, {}, json.dumps({"__type": f"com.amazonaws#{shape.name}", member: "what it says"})
    return code, status, {"x-amzn-ErrorType": shape.name}, json.dumps({"Type": "User", member: "what it says"})


KINDS = {404: "not_found", 429: "throttled", 413: "payload_too_large", 412: "conflict"}


@pytest.mark.parametrize("parser, service, operation", CASES)
def test_every_error_of_the_model_has_its_code_its_text_and_a_kind(ours, parser, service, operation):
    model = model_of(service, operation)
    for shape in model.error_shapes:
        code, status, headers, body = error_answer(model, shape)
        mine = ours(parser, status, headers, body)
        assert not mine["ok"] and mine["code"] == code, shape.name
        assert mine["kind"] not in ("protocol", "network") and "what it says" in mine["message"], (shape.name, mine)
        if status in KINDS and service != "s3":
            assert mine["kind"] == KINDS[status], shape.name


@pytest.mark.parametrize("parser", sorted(PARSERS))
@pytest.mark.parametrize("body", ["", "<html>no", "{", "[]", "null", '{"Functions":7}', "\x00"])
def test_what_is_no_answer_is_an_error_or_nothing_but_never_a_crash(ours, parser, body):
    for status in (200, 403, 500):
        mine = ours(parser, status, {}, body)
        assert mine["ok"] is True if status == 200 and mine["ok"] else mine["message"]
