"""Function URLs: boto3 configures them; urllib, as any HTTP client, and botocore's signer call them."""

import base64
import json
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest

pytest.importorskip("boto3")
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from local_lambda import REGION, client_of, create, served

ECHO = "def handler(event, context):\n    return event\n"


@pytest.fixture(scope="module")
def client(endpoint):
    return client_of(endpoint)


@pytest.fixture
def name(request):
    return "".join(c if c.isalnum() else "-" for c in request.node.name)[:60]


def allow_everybody(client, name, **more):
    add = dict(FunctionName=name, Principal="*", **more)
    client.add_permission(**add, StatementId="url", Action="lambda:InvokeFunctionUrl", FunctionUrlAuthType="NONE")
    client.add_permission(**add, StatementId="invoke", Action="lambda:InvokeFunction", InvokedViaFunctionUrl=True)


def public(client, name, source=ECHO, **config):
    create(client, name, source)
    allow_everybody(client, name)
    return client.create_function_url_config(FunctionName=name, AuthType="NONE", **config)["FunctionUrl"]


class Answer:
    def __init__(self, answer):
        self.status, self.headers, self.body = answer.status, answer.headers, answer.read()

    def json(self):
        return json.loads(self.body)


class Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None


def call(endpoint, url, path="", method=None, body=None, **headers):
    """Connects to the service and names the URL's host, as a client does that can look the name up."""
    parts = urlsplit(url)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if parts.hostname.endswith(".localhost"):
        headers["Host"] = parts.netloc
        url = endpoint + parts.path
    request = urllib.request.Request(url + path, data=body, headers=headers, method=method)
    try:
        return Answer(urllib.request.build_opener(Redirects).open(request, timeout=60))
    except urllib.error.HTTPError as error:
        return Answer(error)


def by_path(endpoint, url):
    return f"{endpoint}/lambda-url/{urlsplit(url).hostname.split('.')[0]}/"


def code_of(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response
    return error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Code"]


def test_a_url_is_configured_as_on_aws(client, endpoint, name):
    create(client, name)
    cors = {"AllowOrigins": ["https://example.com"], "AllowMethods": ["GET"], "MaxAge": 60, "AllowCredentials": True}
    made = client.create_function_url_config(FunctionName=name, AuthType="AWS_IAM", Cors=cors)
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert made["FunctionArn"].endswith(f":function:{name}") and made["Cors"] == cors
    port = urlsplit(endpoint).port
    host = urlsplit(made["FunctionUrl"])
    assert host.scheme == "http" and host.port == port and host.hostname.endswith(f".lambda-url.{REGION}.localhost")
    assert code_of(client.create_function_url_config, FunctionName=name, AuthType="NONE") == (
        409,
        "ResourceConflictException",
    )
    changed = client.update_function_url_config(FunctionName=name, AuthType="NONE", Cors={})
    assert (changed["AuthType"], changed["FunctionUrl"]) == ("NONE", made["FunctionUrl"]) and "Cors" not in changed
    found = client.get_function_url_config(FunctionName=name)
    assert found["CreationTime"] == made["CreationTime"] and found["InvokeMode"] == "BUFFERED"
    assert "InvokeMode" not in made  # as it is asked for alone
    assert [u["FunctionUrl"] for u in client.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"]] == [
        made["FunctionUrl"]
    ]
    assert client.delete_function_url_config(FunctionName=name)["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert code_of(client.get_function_url_config, FunctionName=name) == (404, "ResourceNotFoundException")
    assert code_of(client.delete_function_url_config, FunctionName=name) == (404, "ResourceNotFoundException")


@pytest.mark.parametrize(
    "arguments, code",
    [
        (dict(AuthType="SOME"), (400, "ValidationException")),
        (dict(), (400, "ValidationException")),
        (dict(AuthType="NONE", InvokeMode="OTHER"), (400, "ValidationException")),
        (dict(AuthType="NONE", Qualifier="1"), (400, "ValidationException")),
        (dict(AuthType="NONE", Qualifier="nowhere"), (404, "ResourceNotFoundException")),
        (dict(AuthType="NONE", Cors={"MaxAge": 86401}), (400, "ValidationException")),
        (dict(AuthType="NONE", Cors={"AllowMethods": ["OPTIONS"]}), (400, "ValidationException")),
        (dict(AuthType="NONE", Cors={"AllowOrigins": ["a\nb"]}), (400, "ValidationException")),
        (dict(FunctionName="nothing-of-this-name", AuthType="NONE"), (404, "ResourceNotFoundException")),
    ],
)
def test_what_cannot_be_configured_is_refused(client, arguments, code):
    if "judged" not in [f["FunctionName"] for f in client.list_functions()["Functions"]]:
        create(client, "judged")
    assert code_of(client.create_function_url_config, **{"FunctionName": "judged", **arguments}) == code


def test_the_function_sees_the_request_as_payload_format_2_0(client, endpoint, name):
    url = public(client, name)
    answer = call(
        endpoint, url, "a%20b/c?x=1&y=%C3%A4+b&x=2", "POST", '{"k": "ä"}'.encode(),
        Content_Type="application/json", Cookie="a=1; b=2", X_Custom="v", User_Agent="test",
    )  # fmt: skip
    event = answer.json()
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/json"
    assert event["version"] == "2.0" and event["routeKey"] == "$default"
    assert event["rawPath"] == "/a%20b/c" and event["rawQueryString"] == "x=1&y=%C3%A4+b&x=2"
    assert event["queryStringParameters"] == {"x": "1,2", "y": "ä b"} and event["cookies"] == ["a=1", "b=2"]
    assert event["headers"]["x-custom"] == "v" and event["headers"]["x-forwarded-proto"] == "http"
    assert (event["body"], event["isBase64Encoded"]) == ('{"k": "ä"}', False)
    context = event["requestContext"]
    assert context["http"] == {
        "method": "POST", "path": "/a b/c", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test",
    }  # fmt: skip
    assert context["accountId"] == "anonymous" and "authorizer" not in context
    assert context["domainName"] == urlsplit(url).hostname and context["apiId"] == context["domainPrefix"]
    assert context["requestId"] == answer.headers["x-amzn-RequestId"]
    assert context["timeEpoch"] > 1.7e12 and context["time"].endswith(" +0000")
    plain = call(endpoint, url).json()
    assert not {"body", "cookies", "queryStringParameters"} & set(plain) and plain["rawPath"] == "/"


def test_what_is_not_text_arrives_as_base64(client, endpoint, name):
    url = public(client, name)
    for type, body in (
        ("application/octet-stream", b"\x00\xff"),
        ("text/plain", b"\xff"),
        ("application/x-www-form-urlencoded", b"a=1"),
    ):
        event = call(endpoint, url, method="POST", body=body, Content_Type=type).json()
        assert event["isBase64Encoded"] and base64.b64decode(event["body"]) == body, type


ANSWERS = """
import base64, json
def handler(event, context):
    return eval(base64.b64decode(event["headers"]["x-answer"]).decode())
"""


@pytest.fixture(scope="module")
def answering(client):
    return public(client, "answering", ANSWERS)


def answer(endpoint, url, returned):
    return call(endpoint, url, X_Answer=base64.b64encode(returned.encode()).decode())


@pytest.mark.parametrize(
    "returned, body", [("'hello'", b"hello"), ("None", b"null"), ("[1, 'a']", b'[1,"a"]'), ("{'b': 3.10, 'a': 'x \"\\\\ y'}", b'{"b":3.1,"a":"x \\"\\\\ y"}')]
)
def test_what_says_no_status_is_the_body_of_a_200(endpoint, answering, returned, body):
    answered = answer(endpoint, answering, returned)
    assert (answered.status, answered.body, answered.headers["Content-Type"]) == (200, body, "application/json")


def test_an_answer_with_a_status_is_taken_at_its_word(endpoint, answering):
    made = answer(
        endpoint, answering,
        "{'statusCode': 201, 'headers': {'Content-Type': 'text/html', 'X-Number': 7, 'Content-Length': '999'}, "
        "'cookies': ['a=1; Secure', 'b=2'], 'body': '<p>'}",
    )  # fmt: skip
    assert (made.status, made.body, made.headers["Content-Type"], made.headers["X-Number"]) == (
        201,
        b"<p>",
        "text/html",
        "7",
    )
    assert made.headers.get_all("Set-Cookie") == ["a=1; Secure", "b=2"] and made.headers["Content-Length"] == "3"
    binary = answer(endpoint, answering, "{'statusCode': 200, 'body': 'AP8=', 'isBase64Encoded': True}")
    assert (binary.body, binary.headers["Content-Type"]) == (b"\x00\xff", "application/json")
    moved = answer(endpoint, answering, "{'statusCode': 302, 'headers': {'Location': '/x'}}")
    assert (moved.status, moved.headers["Location"], moved.body) == (302, "/x", b"")
    assert answer(endpoint, answering, "{'statusCode': 200, 'body': {'a': 1}}").json() == {"a": 1}


@pytest.mark.parametrize(
    "returned",
    [
        "{'statusCode': 99}", "{'statusCode': 'soon'}", "{'statusCode': 200, 'headers': {'a b': 'c'}}",
        "{'statusCode': 200, 'headers': {'a': 'b\\r\\nX-Injected: c'}}", "{'statusCode': 200, 'cookies': ['a\\nb']}",
        "{'statusCode': 200, 'body': '*', 'isBase64Encoded': True}", "1/0",
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_sent_is_a_502(endpoint, answering, returned):
    answered = answer(endpoint, answering, returned)
    assert answered.status == 502 and "Internal Server Error" in answered.json()["Message"]
    assert "X-Injected" not in answered.headers


def test_an_alias_has_a_url_of_its_own(client, endpoint, name):
    seen = "context.invoked_function_arn + context.function_version"
    create(client, name, f"def handler(event, context):\n    return {seen}\n")
    client.publish_version(FunctionName=name)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    made = client.create_function_url_config(FunctionName=name, Qualifier="live", AuthType="NONE")
    allow_everybody(client, name)
    assert call(endpoint, made["FunctionUrl"]).status == 403, "the function's policy is not the alias's"
    allow_everybody(client, name, Qualifier="live")
    assert call(endpoint, made["FunctionUrl"]).body.endswith(f":{name}:live1".encode())
    client.create_function_url_config(FunctionName=name, AuthType="NONE")
    first = client.list_function_url_configs(FunctionName=name, MaxItems=1)
    second = client.list_function_url_configs(FunctionName=name, MaxItems=1, Marker=first["NextMarker"])
    assert [u["FunctionArn"].split(":")[7:] for u in first["FunctionUrlConfigs"] + second["FunctionUrlConfigs"]] == [
        [],
        ["live"],
    ]
    client.delete_alias(FunctionName=name, Name="live")
    assert call(endpoint, made["FunctionUrl"]).status == 403


def test_without_both_statements_nobody_is_let_in(client, endpoint, name):
    create(client, name)
    url = client.create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"]
    assert "lambda:InvokeFunctionUrl" in call(endpoint, url).json()["Message"]
    add = dict(FunctionName=name, Principal="*")
    client.add_permission(**add, StatementId="1", Action="lambda:InvokeFunctionUrl", FunctionUrlAuthType="AWS_IAM")
    client.add_permission(**add, StatementId="2", Action="lambda:InvokeFunction", SourceAccount="000000000000")
    client.add_permission(**{**add, "Principal": "000000000000"}, StatementId="3", Action="lambda:*")
    assert call(endpoint, url).status == 403
    client.add_permission(**add, StatementId="4", Action="lambda:InvokeFunctionUrl", FunctionUrlAuthType="NONE")
    assert call(endpoint, url).status == 403
    client.add_permission(**add, StatementId="5", Action="lambda:InvokeFunction", InvokedViaFunctionUrl=True)
    assert call(endpoint, url).status == 200
    client.remove_permission(FunctionName=name, StatementId="4")
    assert call(endpoint, url).status == 403


def signed(url, body=b"", key=("any", "key"), region=REGION, service="lambda"):
    request = AWSRequest("POST", url, data=body, headers={"Content-Type": "text/plain", "Host": urlsplit(url).netloc})
    SigV4Auth(Credentials(*key), service, region).add_auth(request)
    return {name.replace("-", "_"): value for name, value in request.headers.items() if name != "Host"}


def test_a_signed_url_takes_what_botocore_signs(client, endpoint, name):
    create(client, name)
    url = client.create_function_url_config(FunctionName=name, AuthType="AWS_IAM")["FunctionUrl"]
    unsigned = call(endpoint, url)
    assert unsigned.status == 403 and "Missing Authentication Token" in unsigned.json()["Message"]
    event = call(endpoint, url, method="POST", body=b"hi", **signed(url, b"hi")).json()
    assert event["body"] == "hi" and event["requestContext"]["authorizer"]["iam"]["accessKey"] == "any"
    assert "authorization" not in event["headers"]


def test_where_a_key_is_required_the_signature_is_verified(tmp_path):
    keys = tmp_path / "keys"
    keys.write_text("[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n")
    keys.chmod(0o600)
    key = ("AKIDEXAMPLE", "secret")
    with served(tmp_path / "home", "--keys", str(keys)) as endpoint:
        import boto3

        client = boto3.client(
            "lambda", endpoint_url=endpoint, region_name=REGION, aws_access_key_id=key[0], aws_secret_access_key=key[1]
        )
        create(client, "f")
        url = client.create_function_url_config(FunctionName="f", AuthType="AWS_IAM")["FunctionUrl"]
        for each in (url, by_path(endpoint, url)):
            assert call(endpoint, each, method="POST", body=b"hi", **signed(each, b"hi", key)).status == 200
            for wrong in (
                signed(each, b"ho", key),
                signed(each, b"hi", ("AKIDEXAMPLE", "other")), signed(each, b"hi", ("other", "secret")),
                signed(each, b"hi", key, region="eu-west-1"),
            ):  # fmt: skip
                assert call(endpoint, each, method="POST", body=b"hi", **wrong).status == 403
        for_s3 = signed(url, b"hi", key, service="s3")
        assert call(endpoint, url, method="POST", body=b"hi", **for_s3).status == 403
        large = b"x" * 1_000_000
        answered = call(endpoint, url, method="POST", body=large, **signed(url, large, key))
        assert answered.json()["body"] == large.decode()


def test_a_url_is_called_by_its_path_too(client, endpoint, name):
    url = by_path(endpoint, public(client, name))
    event = call(endpoint, url, "p/q?r=1").json()
    assert event["rawPath"] == "/p/q" and event["queryStringParameters"] == {"r": "1"}
    assert call(endpoint, url.rstrip("/")).json()["rawPath"] == "/"


@pytest.mark.parametrize("host", ["0" * 32 + f".lambda-url.{REGION}.localhost", "x.lambda-url.eu-west-1.localhost"])
def test_a_url_that_nobody_has_is_forbidden(endpoint, host):
    port = urlsplit(endpoint).port
    answered = call(endpoint, f"http://{host}:{port}/")
    assert answered.status == 403 and "No function has this URL" in answered.json()["Message"]
    assert call(endpoint, endpoint + "/lambda-url/").status == 403


def test_limits_are_those_of_an_invocation(client, endpoint, name):
    url = public(client, name)
    assert call(endpoint, url, method="POST", body=b"x" * 6_291_457, Content_Type="text/plain").status == 413
    assert call(endpoint, url, method="POST", body=b"x" * 6_291_000, Content_Type="text/plain").status == 413
    body = b"x" * 3_000_000
    assert call(endpoint, url, method="POST", body=body, Content_Type="text/plain").json()["body"] == body.decode()
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    assert call(endpoint, url).status == 429


SITE = "https://example.com"


def test_a_web_page_is_let_in_where_cors_says_so_only(client, endpoint, name):
    url = public(client, name)
    page = dict(Origin=SITE, Sec_Fetch_Site="cross-site")
    assert call(endpoint, url, **page).status == 403
    assert call(endpoint, url, Sec_Fetch_Site="cross-site").status == 403, "an image, a script or a link of a page"
    configure = lambda **cors: client.update_function_url_config(FunctionName=name, Cors=cors)  # noqa: E731
    configure(AllowOrigins=["https://other.example"], AllowMethods=["*"])
    assert call(endpoint, url, **page).status == 403
    configure(AllowOrigins=[SITE], AllowMethods=["GET"], ExposeHeaders=["x-a"], AllowCredentials=True)
    answered = call(endpoint, url, **page)
    assert answered.status == 200 and answered.headers["Access-Control-Allow-Origin"] == SITE
    assert answered.headers["Access-Control-Allow-Credentials"] == "true"
    assert answered.headers["Access-Control-Expose-Headers"] == "x-a" and answered.headers["Vary"] == "Origin"
    assert call(endpoint, url, method="POST", body=b"", **page).status == 403, "which a browser sends unasked"
    assert call(endpoint, url, Sec_Fetch_Site="cross-site").status == 403, "whose page it is, nobody says"
    assert "Access-Control-Allow-Origin" not in call(endpoint, url).headers
    own = dict(Origin=url.rstrip("/"), Sec_Fetch_Site="same-origin")
    assert call(endpoint, url, method="POST", body=b"", **own).status == 200, "its own page"
    configure(AllowOrigins=["*"])
    assert call(endpoint, url, method="POST", body=b"", **page).status == 200
    assert call(endpoint, url, method="DELETE", **page).status == 403
    assert call(endpoint, by_path(endpoint, url), **page).status == 403, "not by a path, where all are of one origin"
    client.update_function_url_config(FunctionName=name, AuthType="AWS_IAM")
    assert call(endpoint, url, method="POST", body=b"", **page, **signed(url)).status == 403


def test_a_preflight_is_answered_without_the_function(client, endpoint, name):
    url = public(
        client, name, "1/0",
        Cors={"AllowOrigins": [SITE], "AllowMethods": ["PUT", "GET"], "AllowHeaders": ["x-a", "x-b"], "MaxAge": 9},
    )  # fmt: skip
    asks = dict(Access_Control_Request_Method="PUT", Sec_Fetch_Site="cross-site")
    answered = call(endpoint, url, method="OPTIONS", Origin=SITE, **asks)
    assert answered.status == 200 and answered.headers["Access-Control-Allow-Origin"] == SITE
    assert answered.headers["Access-Control-Allow-Methods"] == "PUT,GET"
    assert (
        answered.headers["Access-Control-Allow-Headers"] == "x-a,x-b"
        and answered.headers["Access-Control-Max-Age"] == "9"
    )
    refused = call(endpoint, url, method="OPTIONS", Origin="https://other.example", **asks)
    assert refused.status == 403 and "Access-Control-Allow-Origin" not in refused.headers


def test_a_function_does_not_answer_for_the_cors_that_is_configured(client, endpoint, name):
    source = "def handler(event, context):\n    return {'statusCode': 200, 'headers': {'Access-Control-Allow-Origin': '*'}}\n"
    url = public(client, name, source, Cors={"AllowOrigins": [SITE]})
    assert "Access-Control-Allow-Origin" not in call(endpoint, url).headers
    assert call(endpoint, url, Origin=SITE).headers.get_all("Access-Control-Allow-Origin") == [SITE]
