"""What becomes of asynchronous invocations: the configuration by boto3, and that it is honoured."""

import json
import socket

import pytest
from local_lambda import ARN, client_of, create, refused, served

NOT_FOUND, INVALID = "ResourceNotFoundException", "InvalidParameterValueException"

# Tells the test what it was given, by a connection that the test waits for.
REPORTS = """
import json, socket
def handler(event, context):
    with socket.create_connection(("127.0.0.1", {port})) as connection:
        connection.sendall(json.dumps(event).encode())
"""
FAILS = "def handler(event, context):\n    if event.get('fail'):\n        raise ValueError('no')\n    return {'made': event}\n"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("home")) as endpoint:
        client = client_of(endpoint)
        create(client, "f", FAILS)
        yield client


def test_a_configuration_from_put_to_delete(client):
    empty = {"OnSuccess": {}, "OnFailure": {}}
    put = client.put_function_event_invoke_config(FunctionName="f", MaximumEventAgeInSeconds=60)
    assert (put["FunctionArn"], put["MaximumEventAgeInSeconds"], put["DestinationConfig"]) == (
        ARN + "f:$LATEST",
        60,
        empty,
    )
    assert "MaximumRetryAttempts" not in put
    updated = client.update_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=1)
    assert (updated["MaximumEventAgeInSeconds"], updated["MaximumRetryAttempts"]) == (60, 1)
    got = client.get_function_event_invoke_config(FunctionName="f", Qualifier="$LATEST")
    assert got["MaximumRetryAttempts"] == 1 and got["LastModified"].year > 2000
    listed = client.list_function_event_invoke_configs(FunctionName="f")["FunctionEventInvokeConfigs"]
    assert [one["FunctionArn"] for one in listed] == [ARN + "f:$LATEST"]
    client.delete_function_event_invoke_config(FunctionName="f")
    missing = f"The function {ARN}f:$LATEST doesn't have an EventInvokeConfig"
    for call in (client.get_function_event_invoke_config, client.delete_function_event_invoke_config):
        assert refused(call, FunctionName="f")[:2] == (NOT_FOUND, missing)
    assert refused(client.update_function_event_invoke_config, FunctionName="f", MaximumRetryAttempts=0)[1] == missing


@pytest.mark.parametrize("arguments, code, text", [
    ({"FunctionName": "nope", "MaximumRetryAttempts": 0}, NOT_FOUND, "The function doesn't exist."),
    ({"FunctionName": "f", "Qualifier": "nope", "MaximumRetryAttempts": 0}, NOT_FOUND, "The function doesn't exist."),
    ({"FunctionName": "f"}, INVALID, "You must specify at least one of error handling or destination setting."),
    ({"FunctionName": "f", "MaximumRetryAttempts": 3}, "ValidationException", "less than or equal to 2"),
    ({"FunctionName": "f", "DestinationConfig": {"OnSuccess": {"Destination": ARN + "nope"}}}, INVALID,
     f"The destination ARN {ARN}nope is invalid."),
    ({"FunctionName": "f", "DestinationConfig": {"OnSuccess": {"Destination": ARN + "f"}}}, INVALID,
     "You can't specify the function as a destination for itself."),
    ({"FunctionName": "f", "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:000000000000:q"}}},
     INVALID, "Lambda functions only, and not to sqs"),
    ({"FunctionName": "f", "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:_-/!lambda:x"}}},
     "ValidationException", "'destinationConfig.onFailure.destination'"),
])
def test_what_cannot_be_configured(client, arguments, code, text):
    refusal = refused(client.put_function_event_invoke_config, **arguments)
    assert refusal[0] == code and text in refusal[1]


def test_destinations_are_told_how_an_event_ended(client):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        create(client, "told", REPORTS.replace("{port}", str(listener.getsockname()[1])), Timeout=30)
        to = {"Destination": ARN + "told"}
        client.put_function_event_invoke_config(
            FunctionName="f", MaximumRetryAttempts=0, DestinationConfig={"OnSuccess": to, "OnFailure": to})
        for event, condition in (({"n": 1}, "Success"), ({"fail": True}, "RetriesExhausted")):
            client.invoke(FunctionName="f", InvocationType="Event", Payload=json.dumps(event))
            connection, _ = listener.accept()
            with connection:
                record = json.loads(b"".join(iter(lambda: connection.recv(65536), b"")))
            assert record["requestContext"]["condition"] == condition
            assert record["requestContext"]["functionArn"] == ARN + "f:$LATEST"
            assert record["requestContext"]["approximateInvokeCount"] == 1
            assert record["requestPayload"] == event
            if condition == "Success":
                assert record["responsePayload"] == {"made": event}
            else:
                assert record["responseContext"]["functionError"] == "Unhandled"
                assert record["responsePayload"]["errorType"] == "ValueError"
