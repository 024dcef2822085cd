"""Permissions of layer versions: AWS's answers, kept in the home."""

import io
import json
import zipfile

import pytest
from local_lambda import REGION, client_of, refused, served

ANYBODY = {"Action": "lambda:GetLayerVersion", "Principal": "*"}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("home")) as endpoint:
        yield client_of(endpoint)


@pytest.fixture
def layer(client, request):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("python/shared.py", "")
    name = request.node.originalname[:60]
    version = client.publish_layer_version(LayerName=name, Content={"ZipFile": buffer.getvalue()})["Version"]
    return {"LayerName": name, "VersionNumber": version}


def arn_of(layer):
    return f"arn:aws:lambda:{REGION}:000000000000:layer:{layer['LayerName']}:{layer['VersionNumber']}"


def statements(client, layer):
    return json.loads(client.get_layer_version_policy(**layer)["Policy"])["Statement"]


def test_statements_come_and_go(client, layer):
    first = client.add_layer_version_permission(**layer, StatementId="s1", **ANYBODY)
    expected = {"Sid": "s1", "Effect": "Allow", "Principal": "*", "Action": "lambda:GetLayerVersion",
                "Resource": arn_of(layer)}  # fmt: skip
    assert json.loads(first["Statement"]) == expected
    found = client.get_layer_version_policy(**layer)
    assert json.loads(found["Policy"]) == {"Version": "2012-10-17", "Id": "default", "Statement": [expected]}
    assert found["RevisionId"] == first["RevisionId"]
    second = client.add_layer_version_permission(**layer, StatementId="s2", Action="lambda:GetLayerVersion",
                                                 Principal="123456789012", RevisionId=first["RevisionId"])  # fmt: skip
    assert second["RevisionId"] != first["RevisionId"]
    assert statements(client, layer)[1]["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    client.remove_layer_version_permission(**layer, StatementId="s1", RevisionId=second["RevisionId"])
    assert [each["Sid"] for each in statements(client, layer)] == ["s2"]
    client.remove_layer_version_permission(**layer, StatementId="s2")
    none = ("ResourceNotFoundException", "No policy is associated with the given resource.", 404)
    assert refused(client.get_layer_version_policy, **layer) == none
    assert refused(client.remove_layer_version_permission, **layer, StatementId="s2") == none
    assert client.get_layer_version(**layer)["LayerVersionArn"] == arn_of(layer)


def test_an_organization(client, layer):
    client.add_layer_version_permission(**layer, StatementId="o", **ANYBODY, OrganizationId="o-0123456789")
    assert statements(client, layer)[0]["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-0123456789"}}


@pytest.mark.parametrize(
    "changed, code, text",
    [
        ({"Action": "*"}, "ValidationException",
         "1 validation error detected: Value '*' at 'action' failed to satisfy constraint: Member must satisfy regular "
         "expression pattern: lambda:GetLayerVersion"),
        ({"Principal": "arn:aws:iam::1:root"}, "ValidationException", "at 'principal'"),
        ({"Principal": "s3.amazonaws.com"}, "ValidationException", "at 'principal'"),
        ({"StatementId": "a b"}, "ValidationException", "at 'statementId'"),
        ({"OrganizationId": "o-short"}, "ValidationException", "at 'organizationId'"),
        ({"RevisionId": "other"}, "PreconditionFailedException",
         "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to retrieve the "
         "latest Revision Id"),
        ({"StatementId": "there"}, "ResourceConflictException",
         "The statement id (there) provided already exists. Please provide a new statement id, or remove the existing "
         "statement."),
    ],
)  # fmt: skip
def test_what_is_refused(client, layer, changed, code, text):
    client.add_layer_version_permission(**layer, StatementId="there", **ANYBODY)
    arguments = {**layer, "StatementId": "new", **ANYBODY, **changed}
    refusal = refused(client.add_layer_version_permission, **arguments)
    assert refusal[0] == code and text in refusal[1]
    assert len(statements(client, layer)) == 1


def test_what_is_not_there(client, layer):
    client.add_layer_version_permission(**layer, StatementId="there", **ANYBODY)
    assert refused(client.remove_layer_version_permission, **layer, StatementId="no")[1] == (
        "Statement no is not found in resource policy.")  # fmt: skip
    wrong = refused(client.remove_layer_version_permission, **layer, StatementId="there", RevisionId="other")
    assert wrong[0] == "PreconditionFailedException"
    missing = {**layer, "VersionNumber": 2}
    for call, more in [(client.add_layer_version_permission, {"StatementId": "s", **ANYBODY}),
                       (client.get_layer_version_policy, {}),
                       (client.remove_layer_version_permission, {"StatementId": "s"})]:  # fmt: skip
        assert refused(call, **missing, **more) == (
            "ResourceNotFoundException", f"Layer version {arn_of(missing)} does not exist.", 404)  # fmt: skip


def test_a_policy_goes_with_its_version(client, layer):
    client.add_layer_version_permission(**layer, StatementId="s", **ANYBODY)
    client.delete_layer_version(**layer)
    assert refused(client.get_layer_version_policy, **layer)[0] == "ResourceNotFoundException"
