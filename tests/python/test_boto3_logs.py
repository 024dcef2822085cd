"""CloudWatch Logs' reading calls, which `serve` answers beside Lambda's, as boto3 sends them."""

import json

import pytest

boto3 = pytest.importorskip("boto3")
from botocore.exceptions import ClientError
from local_lambda import client_of, create, served

CODE = """
def handler(event, context):
    for line in event["lines"]:
        print(line)
    return context.log_stream_name
"""
GROUP = "/aws/lambda/talker"


@pytest.fixture(scope="module")
def logs(endpoint):
    return client_of(endpoint, "logs")


def invoke(client, name, lines):
    return json.loads(client.invoke(FunctionName=name, Payload=json.dumps({"lines": lines}))["Payload"].read())


def wait_for(read, line):
    """What read() gives once a line is there that ends so: lines are written a tenth of a second after they came."""
    for _ in range(10_000):
        try:
            answer = read()
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ResourceNotFoundException"
            continue
        if any(event["message"] == line + "\n" for event in answer["events"]):
            return answer
    raise AssertionError(f"{line!r} never came")


@pytest.fixture(scope="module")
def stream(endpoint, logs):
    client = client_of(endpoint)
    create(client, "talker", CODE)
    stream = invoke(client, "talker", ["one", "ERROR two words", "ERROR retry", "WARN four", "the end"])
    wait_for(lambda: logs.filter_log_events(logGroupName=GROUP), "the end")
    return stream


def messages(answer):
    return [event["message"] for event in answer["events"]]


def test_groups_and_streams_have_lambdas_names(logs, stream):
    [group] = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    assert group["logGroupName"] == GROUP
    assert group["arn"] == f"arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}:*"
    found = logs.describe_log_streams(logGroupName=GROUP, orderBy="LastEventTime", descending=True)["logStreams"]
    assert [each["logStreamName"] for each in found] == [stream]
    assert found[0]["firstEventTimestamp"] <= found[0]["lastEventTimestamp"]


def test_events_are_filtered(logs, stream):
    def found(**more):
        return messages(logs.filter_log_events(logGroupName=GROUP, **more))

    everything = found()
    assert everything[0].startswith("START RequestId: ") and "REPORT RequestId: " in "".join(everything)
    assert found(filterPattern='"two words"') == ["ERROR two words\n"]
    assert found(filterPattern="ERROR -retry") == ["ERROR two words\n"]
    assert found(filterPattern="?WARN ?one") == ["one\n", "WARN four\n"]
    assert found(logStreamNames=["another"]) == [] and found(logStreamNames=[stream]) == everything
    assert found(logStreamNamePrefix=stream[:12]) == everything
    last = logs.filter_log_events(logGroupName=GROUP)["events"][-1]["timestamp"]
    assert found(startTime=last + 1) == [] and found(endTime=last + 1) == everything
    arn = f"arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}"
    assert messages(logs.filter_log_events(logGroupIdentifier=arn)) == everything


def test_pages_hold_every_event_once(logs, stream):
    everything = logs.filter_log_events(logGroupName=GROUP)["events"]
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP, PaginationConfig={"PageSize": 2})
    assert [event for page in pages for event in page["events"]] == everything
    assert len({event["eventId"] for event in everything}) == len(everything)
    later = logs.filter_log_events(logGroupName=GROUP, startTime=everything[-1]["timestamp"])["events"]
    assert later[-1] == everything[-1]  # with the same id


def test_a_stream_is_read_from_both_ends(logs, stream):
    everything = messages(logs.filter_log_events(logGroupName=GROUP))

    def page(**more):
        return logs.get_log_events(logGroupName=GROUP, logStreamName=stream, limit=3, **more)

    first = page(startFromHead=True)
    second = page(nextToken=first["nextForwardToken"])
    assert messages(first) + messages(second) == everything[:6]
    last = page()
    assert messages(last) == everything[-3:]
    assert messages(page(nextToken=last["nextBackwardToken"])) == everything[-6:-3]
    end = page(nextToken=last["nextForwardToken"])
    assert (end["events"], end["nextForwardToken"]) == ([], last["nextForwardToken"])


def test_a_group_of_a_functions_own(endpoint, logs):
    client = client_of(endpoint)
    create(client, "elsewhere", CODE, LoggingConfig={"LogGroup": "/my/own"})
    invoke(client, "elsewhere", ["here"])
    wait_for(lambda: logs.filter_log_events(logGroupName="/my/own"), "here")
    with pytest.raises(ClientError, match="The specified log group does not exist"):
        logs.filter_log_events(logGroupName="/aws/lambda/elsewhere")


@pytest.mark.parametrize(
    "call, arguments, code, text",
    [
        ("filter_log_events", {"logGroupName": "/no/such"}, "ResourceNotFoundException", "log group does not exist"),
        (
            "get_log_events",
            {"logGroupName": GROUP, "logStreamName": "none"},
            "ResourceNotFoundException",
            "log stream does not exist",
        ),
        (
            "filter_log_events",
            {"logGroupName": GROUP, "filterPattern": "{ $.a = 1 }"},
            "InvalidParameterException",
            "no patterns of JSON",
        ),
        (
            "filter_log_events",
            {"logGroupName": GROUP, "filterPattern": '"open'},
            "InvalidParameterException",
            "Invalid",
        ),
        ("filter_log_events", {"logGroupName": GROUP, "nextToken": "no"}, "InvalidParameterException", "nextToken"),
        (
            "put_retention_policy",
            {"logGroupName": GROUP, "retentionInDays": 3},
            "UnknownOperationException",
            "it has no PutRetentionPolicy",
        ),
    ],
)
def test_what_is_not_there_is_said(logs, stream, call, arguments, code, text):
    with pytest.raises(ClientError, match=text) as caught:
        getattr(logs, call)(**arguments)
    assert caught.value.response["Error"]["Code"] == code


def test_a_signature_is_one_for_logs_where_it_is_required(tmp_path, monkeypatch):
    monkeypatch.setenv("LAMBDAPOOL_SERVE_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("LAMBDAPOOL_SERVE_SECRET_ACCESS_KEY", "any")
    with served(tmp_path) as url:
        assert client_of(url, "logs").describe_log_groups()["logGroups"] == []
        stranger = boto3.client(
            "logs", endpoint_url=url, region_name="us-east-1", aws_access_key_id="any", aws_secret_access_key="other"
        )
        with pytest.raises(ClientError, match="signature we calculated does not match"):
            stranger.describe_log_groups()
