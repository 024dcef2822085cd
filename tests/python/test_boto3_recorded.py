"""The local Lambda beside answers of AWS that have been recorded: the same types, texts and fields."""

import socket

import pytest
from local_lambda import ARN, REGION, ROLE, RUNTIME, client_of, create, refused, served, zipped


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("home")) as endpoint:
        yield client_of(endpoint)


@pytest.fixture
def function(client, request):
    name = request.node.originalname[:60]
    try:
        client.delete_function(FunctionName=name)
    except client.exceptions.ResourceNotFoundException:
        pass
    create(client, name)
    return name


INVALID, VALIDATION, NOT_FOUND = "InvalidParameterValueException", "ValidationException", "ResourceNotFoundException"
PATTERN = "Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?"


@pytest.mark.parametrize(
    "name, code, text",
    [
        ("my-function!", VALIDATION, PATTERN),
        ("invalid-account:function:my-function", VALIDATION, PATTERN),
        ("arn:aws:lambda:invalid-region:000000000000:function:my-function", VALIDATION, PATTERN),
        ("arn:aws:ec2:us-east-1:000000000000:instance:i-1", VALIDATION, PATTERN),
        ("arn:aws:lambda:us-east-1:000000000000:function:my-function:1:2", VALIDATION, PATTERN),
        ("arn:aws:lambda::000000000000:function:my-function", VALIDATION, PATTERN),
        ("arn:aws:lambda:us-east-1::function:my-function", VALIDATION, PATTERN),
        ("arn:aws:lambda:us-east-1:000000000000:function:my-function:$LATES", VALIDATION, PATTERN),
        ("arn:aws:lambda:us-east-1:000000000000:function", NOT_FOUND, f"Function not found: {ARN}function"),
        ("a" * 65, NOT_FOUND, f"Function not found: {ARN}{'a' * 65}"),
        ("arn:aws:lambda:eu-west-1:000000000000:function:f", NOT_FOUND, "are not reachable in this region"),
    ],
)
def test_names_that_lead_to_no_function(client, name, code, text):
    for call in (client.get_function, client.delete_function):
        refusal = refused(call, FunctionName=name)
        assert refusal[0] == code and text in refusal[1]


def test_parts_of_an_arn_may_be_left_out(client, function):
    for name in (f"arn:aws:lambda:000000000000:function:{function}", f"{REGION}:000000000000:function:{function}",
                 f"000000000000:function:{function}", f"function:{function}", ARN + function):
        assert client.get_function(FunctionName=name)["Configuration"]["FunctionName"] == function


def test_lengths_of_names_and_qualifiers(client):
    new = dict(Runtime=RUNTIME, Role=ROLE, Handler="main.handler", Code={"ZipFile": zipped("")})
    refusal = refused(client.create_function, FunctionName="a" * 65, **new)
    assert refusal[0] == INVALID and refusal[1].endswith("Member must have length less than or equal to 64")
    refusal = refused(client.create_function, FunctionName="my-function:" + "a" * 129, **new)
    assert refusal[0] == VALIDATION and refusal[1].endswith("Member must have length less than or equal to 140")
    refusal = refused(client.get_function, FunctionName="f", Qualifier="a" * 129)
    assert refusal[0] == VALIDATION and refusal[1].endswith("Member must have length less than or equal to 128")
    refusal = refused(client.get_function, FunctionName="f!", Qualifier="a" * 129)
    assert refusal[1].startswith("2 validation errors detected: ")


def test_deleting_what_is_not_there(client, function):
    assert client.delete_function(FunctionName=function, Qualifier="1221")["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refused(client.delete_function, FunctionName="nope", Qualifier="1")[1] == f"Function not found: {ARN}nope"
    assert refused(client.delete_function, FunctionName="nope", Qualifier="$LATEST")[:2] == (
        INVALID, "$LATEST version cannot be deleted without deleting the function.")
    assert refused(client.delete_function, FunctionName=function, Qualifier="live")[:2] == (
        INVALID, "Deletion of aliases is not currently supported.")


def settled(client, function):
    client.get_waiter("function_updated_v2").wait(FunctionName=function)
    return client.get_function_configuration(FunctionName=function)


def test_logging_is_changed_in_parts(client, function):
    def update(**logging):
        answer = client.update_function_configuration(FunctionName=function, LoggingConfig=logging)["LoggingConfig"]
        assert settled(client, function)["LoggingConfig"] == answer
        return answer

    group = f"/aws/lambda/{function}"
    assert settled(client, function)["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": group}
    json = {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO", "LogGroup": group}
    assert update(LogFormat="JSON") == json
    assert update(SystemLogLevel="DEBUG") == {**json, "SystemLogLevel": "DEBUG"}
    assert update(LogGroup="cool") == {**json, "SystemLogLevel": "DEBUG", "LogGroup": "cool"}
    assert update(LogFormat="Text") == {"LogFormat": "Text", "LogGroup": "cool"}
    assert refused(client.update_function_configuration, FunctionName=function,
                   LoggingConfig={"LogFormat": "xml"})[0] == VALIDATION


def test_a_runtime_is_told_of_json_logs(client):
    source = "import os\ndef handler(e, c):\n    return os.environ.get('AWS_LAMBDA_LOG_FORMAT'), os.environ.get('AWS_LAMBDA_LOG_LEVEL')\n"
    create(client, "json-logs", source, LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "WARN"})
    assert client.invoke(FunctionName="json-logs")["Payload"].read() == b'["JSON", "WARN"]'


def test_a_vpc_is_kept_and_taken_away(client, function):
    vpc = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    answer = client.update_function_configuration(FunctionName=function, VpcConfig=vpc)["VpcConfig"]
    assert {**vpc, "Ipv6AllowedForDualStack": False}.items() <= answer.items() and answer["VpcId"]
    settled(client, function)
    none = {"SubnetIds": [], "SecurityGroupIds": []}
    answer = client.update_function_configuration(FunctionName=function, VpcConfig=none)["VpcConfig"]
    assert answer == {**none, "VpcId": "", "Ipv6AllowedForDualStack": False}


def test_revisions_across_versions_and_aliases(client, function):
    def revision(**which):
        return client.get_function(FunctionName=function, **which)["Configuration"]["RevisionId"]

    stale = ("PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id. Call the "
             "GetFunction/GetAlias API to retrieve the latest Revision Id", 412)
    before = revision()
    assert refused(client.publish_version, FunctionName=function, RevisionId="wrong") == stale
    client.publish_version(FunctionName=function, RevisionId=before)
    client.get_waiter("published_version_active").wait(FunctionName=function, Qualifier="1")
    after = revision()
    assert after != before, "publishing changes $LATEST's"
    alias = client.create_alias(FunctionName=function, Name="a", FunctionVersion="1")
    assert revision() == after
    assert refused(client.update_alias, FunctionName=function, Name="a", RevisionId="wrong") == stale
    assert (
        client.update_alias(FunctionName=function, Name="a", RevisionId=alias["RevisionId"])["RevisionId"]
        != alias["RevisionId"]
    )


def test_reserved_concurrency_is_a_functions_own(client, function):
    assert refused(client.put_function_concurrency, FunctionName="nope", ReservedConcurrentExecutions=1)[:2] == (
        NOT_FOUND, f"Function not found: {ARN}nope:$LATEST")
    refusal = refused(
        client.put_function_concurrency, FunctionName=ARN + function + ":1", ReservedConcurrentExecutions=1
    )
    assert refusal[0] == INVALID and refusal[1].startswith("This operation is permitted on Lambda functions only. ")
    refusal = refused(client.put_function_concurrency, FunctionName=function, ReservedConcurrentExecutions=901)
    assert refusal[0] == INVALID and refusal[1].endswith("below its minimum value of [100].")


def test_what_a_layer_says_of_itself_is_judged(client):
    new = dict(LayerName="described", Content={"ZipFile": zipped("")})
    code, text = refused(client.publish_layer_version, **new, CompatibleRuntimes=["python3.11", "cobol"],
                         CompatibleArchitectures=["z80"])[:2]  # fmt: skip
    assert code == VALIDATION and text.startswith(
        "2 validation errors detected: Value '[python3.11, cobol]' at 'compatibleRuntimes' failed to satisfy constraint: "
        "Member must satisfy enum value set: [nodejs, "
    )
    assert text.endswith("; Value '[z80]' at 'compatibleArchitectures' failed to satisfy constraint: Member must satisfy "
                         "constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]")
    assert refused(client.publish_layer_version, **new, CompatibleRuntimes=["python3.11"] * 16)[0] == VALIDATION
    assert refused(client.publish_layer_version, **new, Description="x" * 257)[0] == VALIDATION
    assert refused(client.publish_layer_version, **new, LicenseInfo="x" * 513)[0] == VALIDATION
    made = client.publish_layer_version(**new, CompatibleRuntimes=["python3.11", "java21"], CompatibleArchitectures=["arm64"])
    assert made["CompatibleRuntimes"] == ["python3.11", "java21"] and made["CompatibleArchitectures"] == ["arm64"]
    bare = client.publish_layer_version(LayerName="bare", Content={"ZipFile": zipped("")})
    assert bare["CompatibleRuntimes"] == [] and bare["CompatibleArchitectures"] == []
    for call, more in ((client.list_layers, {}), (client.list_layer_versions, {"LayerName": "described"})):
        assert "'compatibleRuntime' failed" in refused(call, **more, CompatibleRuntime="cobol")[1]
        assert "'compatibleArchitecture' failed" in refused(call, **more, CompatibleArchitecture="z80")[1]
    assert client.list_layer_versions(LayerName="described", CompatibleRuntime="java21")["LayerVersions"]
    assert not client.list_layer_versions(LayerName="described", CompatibleRuntime="java17")["LayerVersions"]


def test_layers_that_a_function_cannot_have(client):
    new = dict(FunctionName="f", Runtime=RUNTIME, Role=ROLE, Handler="main.handler", Code={"ZipFile": zipped("")})
    layer = client.publish_layer_version(LayerName="l", Content={"ZipFile": zipped("")})["LayerVersionArn"]
    assert refused(client.create_function, **new, Layers=[layer, layer])[:2] == (
        INVALID, "Two different versions of the same layer are not allowed to be referenced in the same function. "
        f"{layer} and {layer} are versions of the same layer.")
    assert refused(client.create_function, **new, Layers=[layer.rsplit(":", 1)[0]])[0] == VALIDATION
    assert refused(client.create_function, **new, Layers=[layer.replace(REGION, "eu-west-1")])[:2] == (
        INVALID, f"Layers are not in the same region as the function. Layers are expected to be in region {REGION}.")
    assert refused(client.get_layer_version, LayerName="l", VersionNumber=0)[:2] == (
        INVALID, "Layer Version Cannot be less than 1")


def test_weights_of_an_alias(client, function):
    client.publish_version(FunctionName=function)
    client.get_waiter("published_version_active").wait(FunctionName=function, Qualifier="1")
    alias = dict(FunctionName=function, Name="a", FunctionVersion="1")

    def routed(weights, **more):
        return refused(client.create_alias, **{**alias, **more}, RoutingConfig={"AdditionalVersionWeights": weights})

    assert routed({"1": 0.1, "2": 0.1})[:2] == (
        INVALID, "Number of items in AdditionalVersionWeights cannot be greater than 1")
    for weight in (2.0, -1.0):
        refusal = routed({"2": weight})
        assert (
            refusal[0] == VALIDATION
            and f"Value '{{2={weight}}}' at 'routingConfig.additionalVersionWeights'" in refusal[1]
        )
    assert "Value '{$LATEST=0.5}'" in routed({"$LATEST": 0.5})[1]
    assert routed({"1": 0.5})[1] == (
        "Invalid function version 1. Function version 1 is already included in routing configuration.")
    assert routed({"10": 0.5})[:2] == (NOT_FOUND, f"Function not found: {ARN}{function}:10")
    assert routed({"1": 0.5}, FunctionVersion="$LATEST")[1] == (
        "$LATEST is not supported for an alias pointing to more than 1 version")
    assert refused(client.create_alias, FunctionName="nope", Name="a", FunctionVersion="1")[1] == (
        f"Function not found: {ARN}nope:1")
    assert refused(client.update_alias, FunctionName=function, Name="non-existent")[1] == (
        f"Alias not found: {ARN}{function}:non-existent")


def test_what_breaks_the_model_is_answered_first_and_all_of_it(client, function):
    new = dict(FunctionName="never", Runtime="cobol", Role=ROLE, Handler="main.handler", Code={"ZipFile": b""})
    assert refused(client.create_function, **new, SnapStart={"ApplyOn": "always"})[:2] == (
        VALIDATION, "1 validation error detected: Value 'always' at 'snapStart.applyOn' failed to satisfy constraint: "
        "Member must satisfy enum value set: [PublishedVersions, None]")
    code, text = refused(client.create_function, **{**new, "Role": "r1", "Timeout": 0}, MemorySize=1)[:2]
    assert code == VALIDATION and text.startswith("3 validation errors detected: Value 'r1' at 'role' failed")
    assert "; Value '0' at 'timeout' failed" in text and "; Value '1' at 'memorySize' failed" in text
    code, text = refused(client.create_function, FunctionName="never")[:2]
    assert (code, text) == (
        VALIDATION, "2 validation errors detected: Value null at 'role' failed to satisfy constraint: Member must not be "
        "null; Value null at 'code' failed to satisfy constraint: Member must not be null")
    code, text = refused(client.create_function, FunctionName="never", Role=ROLE, Code={"ZipFile": b""})[:2]
    assert code == INVALID and text.startswith("Runtime and Handler are mandatory parameters")
    for vpc, value, member, rule in [
        ({"SubnetIds": ["bad-subnet"]}, "[bad-subnet]", "subnetIds", "subnet-[0-9a-z]*"),
        ({"SubnetIds": [], "SecurityGroupIds": ["sg-1", "sg_2"]}, "[sg-1, sg_2]", "securityGroupIds", "sg-[0-9a-zA-Z]*"),
    ]:
        code, text = refused(client.update_function_configuration, FunctionName=function, VpcConfig=vpc)[:2]
        assert code == VALIDATION and f"Value '{value}' at 'vpcConfig.{member}' failed" in text
        assert text.endswith(f"Member must satisfy regular expression pattern: {rule}]")


def test_tags_renew_a_functions_revision(client, function):
    def revision():
        return client.get_function_configuration(FunctionName=function)["RevisionId"]

    seen = [revision()]
    client.tag_resource(Resource=ARN + function, Tags={"a": "b"})
    seen.append(revision())
    client.untag_resource(Resource=ARN + function, TagKeys=["a"])
    seen.append(revision())
    assert len(set(seen)) == 3


def test_a_request_that_is_too_large_is_refused_by_its_length(client):
    length = 70_167_212
    host = client.meta.endpoint_url.removeprefix("http://")
    raw = socket.create_connection(host.split(":"))
    with raw, raw.makefile("rb") as answer:
        raw.sendall(f"POST /2015-03-31/functions HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n".encode())
        assert b" 413 " in answer.readline()
        assert b"Request must be smaller than 70167211 bytes for the CreateFunction operation" in answer.read()


def test_errors_of_which_some_do_not_say_whose_fault_it_is(client, function):
    def answered(call, **asked):
        with pytest.raises(client.exceptions.ClientError) as raised:
            call(**asked)
        return raised.value.response

    reserved = answered(client.put_function_concurrency, FunctionName=function, ReservedConcurrentExecutions=901)
    config = "arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-00000000000000000"
    signing = answered(client.get_code_signing_config, CodeSigningConfigArn=config)
    assert "Type" not in reserved and "Type" not in signing
    assert answered(client.get_function, FunctionName="nope")["Type"] == "User"


def test_architectures_that_there_are_not(client):
    new = dict(FunctionName="never", Runtime=RUNTIME, Role=ROLE, Handler="main.handler", Code={"ZipFile": zipped("")})
    begin = "1 validation error detected: Value '{}' at 'architectures' failed to satisfy constraint: Member must "
    for given, listed, rule in [
        (["X86_64"], "[X86_64]", "satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], "
                                 "Member must not be null]"),
        (["x86_64", "arm64"], "[x86_64, arm64]", "have length less than or equal to 1"),
        ([], "[]", "have length greater than or equal to 1"),
    ]:
        assert refused(client.create_function, **new, Architectures=given)[:2] == (
            VALIDATION, begin.format(listed) + rule)


def test_a_url_is_not_changed_where_no_function_is(client, function):
    missing = (NOT_FOUND, "Function does not exist", 404)
    assert refused(client.update_function_url_config, FunctionName="nope", AuthType="NONE") == missing
    aliased = dict(FunctionName=function, Qualifier="nope", AuthType="NONE")
    assert refused(client.update_function_url_config, **aliased) == missing
