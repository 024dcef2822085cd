"""Details of answers that deployment tools compare, as AWS gives them."""

import pytest

pytest.importorskip("boto3")
from botocore.exceptions import ClientError
from local_lambda import client_of, create, served

ROLE = "arn:aws:iam::000000000000:role/any"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("home")) as endpoint:
        yield client_of(endpoint)


def test_an_empty_environment_is_shown_where_one_was_given(client):
    create(client, "without")
    create(client, "given", Environment={"Variables": {}})
    assert "Environment" not in client.get_function_configuration(FunctionName="without")
    assert client.get_function_configuration(FunctionName="given")["Environment"] == {"Variables": {}}
    changed = client.update_function_configuration(FunctionName="given", Environment={"Variables": {"STAGE": "b"}})
    assert changed["Environment"] == {"Variables": {"STAGE": "b"}}
    client.get_waiter("function_updated_v2").wait(FunctionName="given", WaiterConfig={"Delay": 1})
    emptied = client.update_function_configuration(FunctionName="given", Environment={"Variables": {}})
    assert emptied["Environment"] == {"Variables": {}}


def test_a_version_is_active_as_it_is_published_and_stays_what_it_was_answered(client):
    create(client, "published")
    made = client.publish_version(FunctionName="published", Description="one")
    assert (made["State"], made["LastUpdateStatus"], made["Description"]) == ("Active", "Successful", "one")
    found = client.get_function_configuration(FunctionName="published", Qualifier=made["Version"])
    assert found["RevisionId"] == made["RevisionId"] and found["State"] == "Active"
    assert client.invoke(FunctionName="published", Qualifier=made["Version"], Payload=b"1")["StatusCode"] == 200


def test_what_is_published_again_without_a_change_is_the_same_version(client):
    """As recorded of AWS: the description of a version alone makes no new one, a changed one of $LATEST does."""
    create(client, "described")

    def publish(**more):
        made = client.publish_version(FunctionName="described", **more)
        return made["Version"], made["Description"]

    assert [publish(Description="one"), publish(Description="two"), publish()] == [("1", "one")] * 3
    client.update_function_configuration(FunctionName="described", Description="of $LATEST")
    client.get_waiter("function_updated_v2").wait(FunctionName="described", WaiterConfig={"Delay": 1})
    assert [publish(), publish(Description="three")] == [("2", "of $LATEST")] * 2


def test_an_image_is_refused_as_that(client):
    with pytest.raises(ClientError, match="does not support container images"):
        client.create_function(FunctionName="image", PackageType="Image", Code={"ImageUri": "x:1"}, Role=ROLE)
