"""What deployment tools ask for and templates carry: kept and answered, or said not to be here."""

import subprocess

import pytest

pytest.importorskip("boto3")
from botocore.exceptions import ClientError
from conftest import PROGRAM
from local_lambda import ARN, RUNTIME, client_of, create, zipped

ROLE = "arn:aws:iam::000000000000:role/any"
KEPT = {
    "TracingConfig": {"Mode": "Active"},
    "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:000000000000:dead"},
    "KMSKeyArn": "arn:aws:kms:us-east-1:000000000000:key/1",
    "FileSystemConfigs": [
        {"Arn": "arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-1", "LocalMountPath": "/mnt/data"}
    ],
    "SnapStart": {"ApplyOn": "PublishedVersions"},
}
EMPTY = {
    "TracingConfig": {"Mode": "PassThrough"},
    "DeadLetterConfig": {"TargetArn": ""},
    "KMSKeyArn": "",
    "FileSystemConfigs": [],
    "SnapStart": {"ApplyOn": "None"},
}


@pytest.fixture(scope="module")
def client(endpoint):
    return client_of(endpoint)


def refusal(call, **arguments):
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_settings_without_effect_are_kept_and_can_be_taken_back(client):
    create(client, "kept", **KEPT)
    shown = client.get_function_configuration(FunctionName="kept")
    assert shown["SnapStart"].pop("OptimizationStatus") == "Off"
    assert {name: shown[name] for name in KEPT} == KEPT
    assert client.publish_version(FunctionName="kept")["SnapStart"]["OptimizationStatus"] == "On"
    assert client.invoke(FunctionName="kept", Payload=b"1")["Payload"].read() == b"1"
    changed = client.update_function_configuration(FunctionName="kept", **EMPTY)
    assert changed["TracingConfig"] == {"Mode": "PassThrough"} and changed["SnapStart"]["ApplyOn"] == "None"
    assert not {"DeadLetterConfig", "KMSKeyArn", "FileSystemConfigs"} & set(changed)


@pytest.mark.parametrize(
    "setting, text",
    [
        ({"TracingConfig": {"Mode": "On"}}, r"'tracingConfig.mode' .* enum value set: \[Active, PassThrough\]"),
        ({"SnapStart": {"ApplyOn": "x"}}, r"'snapStart.applyOn' .* enum value set: \[PublishedVersions, None\]"),
        ({"KMSKeyArn": "key"}, "'kMSKeyArn'"),
        ({"DeadLetterConfig": {"TargetArn": "queue"}}, "'deadLetterConfig.targetArn'"),
        ({"FileSystemConfigs": [{"Arn": "arn:aws:x", "LocalMountPath": "/data"}]}, "localMountPath"),
        ({"Runtime": "provided.al2023", "SnapStart": {"ApplyOn": "PublishedVersions"}}, "SnapStart"),
    ],
)
def test_settings_are_validated(client, setting, text):
    arguments = {"Runtime": RUNTIME, "Role": ROLE, "Handler": "main.handler", "Code": {"ZipFile": zipped("")}}
    with pytest.raises(ClientError, match=text):
        client.create_function(FunctionName="wrong", **{**arguments, **setting})


def test_the_service_says_once_what_has_no_effect_and_doctor_says_of_which_function(tmp_path):
    process = subprocess.Popen(
        [str(PROGRAM), "serve", "--port", "0"], env={"LAMBDAPOOL_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        client = client_of(process.stdout.readline().split(" at ")[1].split()[0])
        for name in "one", "two":
            create(client, name, TracingConfig={"Mode": "Active"})
        create(client, "three", VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]})
    finally:
        process.terminate()
        warned = process.communicate(timeout=60)[1].splitlines()
    assert [line.split(" of functions: ")[0] for line in warned] == ["lambdapool: TracingConfig", "lambdapool: VpcConfig"]
    found = subprocess.run(
        [str(PROGRAM), "--target", "local", "doctor"], env={"LAMBDAPOOL_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, timeout=120,
    ).stdout  # fmt: skip
    assert "one: TracingConfig (kept" in found and "three: VpcConfig (kept" in found


def test_code_and_layers_come_from_the_local_object_store(endpoint, client):
    s3 = client_of(endpoint, "s3")
    s3.create_bucket(Bucket="artifacts")
    s3.put_object(Bucket="artifacts", Key="a/one.zip", Body=zipped("def handler(event, context): return 'one'"))
    s3.put_object(Bucket="artifacts", Key="a/two.zip", Body=zipped("def handler(event, context): return 'two'"))
    source = {"S3Bucket": "artifacts", "S3Key": "a/one.zip"}
    client.create_function(FunctionName="stored", Runtime=RUNTIME, Role=ROLE, Handler="main.handler", Code=source)
    client.get_waiter("function_active_v2").wait(FunctionName="stored")
    assert client.invoke(FunctionName="stored")["Payload"].read() == b'"one"'
    client.update_function_code(FunctionName="stored", S3Bucket="artifacts", S3Key="a/two.zip")
    client.get_waiter("function_updated_v2").wait(FunctionName="stored")
    assert client.invoke(FunctionName="stored")["Payload"].read() == b'"two"'
    assert client.publish_layer_version(LayerName="stored", Content=source)["Version"] == 1
    update = {"FunctionName": "stored", "S3Bucket": "artifacts"}
    assert refusal(client.update_function_code, **update, S3Key="none") == (
        "InvalidParameterValueException",
        "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.",
    )
    assert "NoSuchBucket" in refusal(client.update_function_code, **{**update, "S3Bucket": "../x"}, S3Key="k")[1]
    assert "no versions" in refusal(client.update_function_code, **update, S3Key="a/one.zip", S3ObjectVersion="7")[1]


def test_what_is_not_here_is_said_as_of_what_is_not_there(client):
    create(client, "asked")
    assert "CodeSigningConfigArn" not in client.get_function_code_signing_config(FunctionName="asked")
    arn = "arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-0123456789abcdef0"
    assert refusal(
        client.put_function_code_signing_config, FunctionName="asked", CodeSigningConfigArn=arn
    )[0] == "CodeSigningConfigNotFoundException"  # fmt: skip
    client.delete_function_code_signing_config(FunctionName="asked")
    assert client.list_code_signing_configs()["CodeSigningConfigs"] == []
    assert client.list_event_source_mappings(FunctionName="asked")["EventSourceMappings"] == []
    assert client.list_provisioned_concurrency_configs(FunctionName="asked")["ProvisionedConcurrencyConfigs"] == []
    code, text = refusal(
        client.create_event_source_mapping, FunctionName="asked", EventSourceArn="arn:aws:sqs:us-east-1:000000000000:q"
    )
    assert code == "InvalidParameterValueException" and "does not support event sources" in text
    assert refusal(client.get_event_source_mapping, UUID="1")[0] == "ResourceNotFoundException"
    assert refusal(client.get_code_signing_config, CodeSigningConfigArn=arn)[0] == "ResourceNotFoundException"


def test_runtime_management_and_recursion_are_kept(client):
    create(client, "managed")
    assert client.get_runtime_management_config(FunctionName="managed")["UpdateRuntimeOn"] == "Auto"
    put = client.put_runtime_management_config(FunctionName="managed", UpdateRuntimeOn="FunctionUpdate")
    assert (put["UpdateRuntimeOn"], put["FunctionArn"]) == ("FunctionUpdate", ARN + "managed")
    assert client.get_runtime_management_config(FunctionName="managed")["UpdateRuntimeOn"] == "FunctionUpdate"
    assert "required" in refusal(
        client.put_runtime_management_config, FunctionName="managed", UpdateRuntimeOn="Manual")[1]  # fmt: skip
    assert client.get_function_recursion_config(FunctionName="managed")["RecursiveLoop"] == "Terminate"
    client.put_function_recursion_config(FunctionName="managed", RecursiveLoop="Allow")
    assert client.get_function_recursion_config(FunctionName="managed")["RecursiveLoop"] == "Allow"


@pytest.mark.parametrize(
    "call, arguments, code",
    [
        ("get_function", {"FunctionName": "a.b"}, "ResourceNotFoundException"),
        ("get_alias", {"FunctionName": "a.b", "Name": "x"}, "ValidationException"),
        ("get_function", {"FunctionName": "a" * 200}, "ResourceNotFoundException"),
        ("get_alias", {"FunctionName": "a" * 141, "Name": "x"}, "ValidationException"),
        ("get_function_recursion_config", {"FunctionName": "a:1"}, "ValidationException"),
        ("get_function", {"FunctionName": ARN.replace("0" * 12, "1" * 12) + "a"}, "AccessDeniedException"),
        ("list_tags", {"Resource": ARN.replace(":function:", ":foobar:") + "a"}, "ValidationException"),
        ("list_tags", {"Resource": ARN + "asked:alias"}, "InvalidParameterValueException"),
    ],
)
def test_each_operation_has_its_own_rule_for_names(client, call, arguments, code):
    assert refusal(getattr(client, call), **arguments)[0] == code
