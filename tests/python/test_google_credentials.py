"""Where tokens for Google Cloud come from, in many environments: the same requests as google-auth's.

The C++ side is the program lambdapool_google_oracle. Both are given the same files, variables and answers; nothing
goes over a network. The environments are generated, the same ones each time.
"""

import base64
import datetime
import json
import os
import random
import subprocess
import sys
import warnings
from pathlib import Path
from unittest import mock
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

google_auth = pytest.importorskip("google.auth", reason="google-auth is not installed")
pytest.importorskip("cryptography", reason="cryptography is not installed")

ROOT = Path(__file__).resolve().parents[2]
ORACLE = Path(os.environ.get("LAMBDAPOOL_BUILD", ROOT / "build")) / "tests" / "lambdapool_google_oracle"
NOW = datetime.datetime(2026, 11, 28, 12, 0, 0, tzinfo=datetime.timezone.utc)
SECONDS = int(NOW.timestamp())
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
ENVIRONMENTS = 320


@pytest.fixture(scope="module")
def private_key():
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key, pem.decode()


def encoded(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def jwt(expires):
    return "%s.%s.%s" % (encoded({"alg": "RS256"}), encoded({"exp": expires}), "c2ln")


class Case:
    """One environment: files in a directory, variables, and who answers what."""

    def __init__(self, number, directory, pem):
        self.random = random.Random(number)
        self.pem = pem
        self.directory = directory
        directory.mkdir()
        self.environment = {"HOME": str(directory), "NO_GCE_CHECK": "true", "PATH": os.environ["PATH"]}
        self.answers = []
        self.answer(
            "https://iamcredentials.googleapis.com/", {"accessToken": "acted", "expireTime": "2026-11-28T13:00:00Z"}
        )
        self.answer("https://oauth2.googleapis.com/token", {"access_token": "access", "expires_in": 3599})
        self.answer("https://sts.googleapis.com/v1/token", {"access_token": "exchanged", "expires_in": 1800})
        self.make()

    def chance(self, percent):
        return self.random.randrange(100) < percent

    def answer(self, url, body, status=200, headers=None):
        text = body if isinstance(body, str) else json.dumps(body)
        kind = "text/plain" if isinstance(body, str) else "application/json"
        headers = {"content-type": kind, **(headers or {})}
        self.answers.insert(0, {"url": url, "status": status, "body": text, "headers": headers})

    def file(self, name, content):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    def make(self):
        kinds = [self.key, self.user, self.federated_user, self.external, self.impersonated]
        kind = self.random.choice([*kinds, self.external, self.external, self.metadata])
        if kind == self.metadata:
            return self.metadata()
        content = kind()
        if self.chance(30):
            content["quota_project_id"] = "quota-of-file"
        if self.chance(20):
            self.environment["GOOGLE_CLOUD_QUOTA_PROJECT"] = "quota-of-variable"
        if self.chance(25):
            self.environment[self.random.choice(["GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"])] = "project-of-variable"
        needed = sorted(set(content) & NEEDED)
        if content["type"] in ("service_account", "authorized_user") and self.chance(10):
            content.pop(self.random.choice(needed))
        if self.chance(5):
            content["type"] = "unheard-of"
        where = self.random.choice(["variable", "home", "config"])
        if where == "variable":
            self.environment["GOOGLE_APPLICATION_CREDENTIALS"] = self.file("credentials.json", content)
        elif where == "home":
            self.file(".config/gcloud/application_default_credentials.json", content)
        else:
            self.environment["CLOUDSDK_CONFIG"] = str(self.directory / "sdk")
            self.file("sdk/application_default_credentials.json", content)
        if self.chance(10):  # the variable wins, also over what is good
            self.environment["GOOGLE_APPLICATION_CREDENTIALS"] = self.file("other.json", self.user())
        if self.chance(3):
            self.environment["GOOGLE_APPLICATION_CREDENTIALS"] = str(self.directory / "nowhere.json")

    def key(self):
        content = {
            "type": "service_account",
            "project_id": "project-of-key",
            "client_email": "robot@p.iam.gserviceaccount.com",
            "private_key": self.pem,
            "token_uri": self.random.choice(["https://oauth2.googleapis.com/token", "https://tokens.example/t?a=b"]),
        }
        self.answer("https://tokens.example/", {"access_token": "elsewhere", "expires_in": 100})
        if self.chance(80):
            content["private_key_id"] = "key-1"
        return content

    def user(self):
        secret = self.random.choice(["s3cret", "with space & sign+", "ünï"])
        return {"type": "authorized_user", "client_id": "c-1", "client_secret": secret, "refresh_token": "1//r"}

    def federated_user(self):
        return {
            "type": "external_account_authorized_user",
            "audience": "//iam.googleapis.com/locations/global/workforcePools/pool/providers/p",
            "client_id": "c-2",
            "client_secret": "s:2",
            "refresh_token": "r-2",
            "token_url": "https://sts.googleapis.com/v1/token",
            "token_info_url": "https://sts.googleapis.com/v1/info",
        }

    def impersonated(self):
        content = {
            "type": "impersonated_service_account",
            "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/"
            "serviceAccounts/other@p.iam.gserviceaccount.com:generateAccessToken",
            "source_credentials": self.random.choice([self.key, self.user, self.federated_user])(),
        }
        if self.chance(40):
            content["delegates"] = ["projects/-/serviceAccounts/between@p.iam.gserviceaccount.com"]
        if self.chance(20):
            content["scopes"] = ["https://www.googleapis.com/auth/devstorage.read_only"]
        return content

    def external(self):
        content = {
            "type": "external_account",
            "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/p",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": "https://sts.googleapis.com/v1/token",
        }
        if self.chance(40):
            content["service_account_impersonation_url"] = (
                "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
                "other@p.iam.gserviceaccount.com:generateAccessToken"
            )
            if self.chance(50):
                content["service_account_impersonation"] = {"token_lifetime_seconds": 2800}
        if self.chance(30):
            content.update(client_id="c-3", client_secret="s 3")
        if self.chance(25):
            content["audience"] = "//iam.googleapis.com/locations/global/workforcePools/pool/providers/p"
            content["workforce_pool_user_project"] = "77"
        source = self.random.choice([self.token_file, self.token_url, self.token_program, self.token_aws])
        content["credential_source"] = source(content)
        return content

    def token(self):
        """Text as it is, or in JSON, and the format that says so."""
        if self.chance(50):
            return "subject+token/=", {}
        wanted = self.random.choice(["id", "id", "missing"])
        return json.dumps({"id": "in-json"}), {"format": {"type": "json", "subject_token_field_name": wanted}}

    def token_file(self, content):
        text, form = self.token()
        path = self.file("token", text) if self.chance(90) else str(self.directory / "no-token")
        return {"file": path, **form}

    def token_url(self, content):
        text, form = self.token()
        status = 200 if self.chance(90) else 404
        self.answer("http://169.254.169.254/identity", text, status)
        headers = {"headers": {"Metadata": "True"}} if self.chance(50) else {}
        return {"url": "http://169.254.169.254/identity?resource=x", **headers, **form}

    def token_program(self, content):
        if self.chance(85):
            self.environment["GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES"] = "1"
        said = {"version": 1, "success": True, "token_type": "urn:ietf:params:oauth:token-type:id_token"}
        said.update(id_token="of-program", expiration_time=SECONDS + self.random.choice([600, 600, -600]))
        if self.chance(30):
            said.update(token_type="urn:ietf:params:oauth:token-type:saml2", saml_response="saml")
        if self.chance(10):
            said = {"version": 1, "success": False, "code": "401", "message": "no"}
        program = self.file("program.py", "print(%r)" % json.dumps(said))
        executable = {"command": "%s '%s'" % (sys.executable, program), "timeout_millis": 20_000}
        if self.chance(30):
            executable["output_file"] = self.file("kept.json", {**said, "id_token": "kept"})
        return {"executable": executable}

    def token_aws(self, content):
        content["subject_token_type"] = "urn:ietf:params:aws:token-type:aws4_request"
        metadata = "http://169.254.169.254/latest/"
        source = {"environment_id": "aws1", "url": metadata + "iam/roles", "region_url": metadata + "zone"}
        source["regional_cred_verification_url"] = (
            "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
        )
        if self.chance(60):
            self.environment.update(AWS_ACCESS_KEY_ID="AKID", AWS_SECRET_ACCESS_KEY="secret/key")
            if self.chance(50):
                self.environment["AWS_SESSION_TOKEN"] = "session=="
        if self.chance(60):
            self.environment[self.random.choice(["AWS_REGION", "AWS_DEFAULT_REGION"])] = "eu-west-1"
        if self.chance(50):
            source["imdsv2_session_token_url"] = metadata + "api/token"
        self.answer(metadata + "api/token", "session-of-metadata")
        self.answer(metadata + "zone", "us-east-2b")
        self.answer(metadata + "iam/roles", "role-1")
        keys = {"AccessKeyId": "of-role", "SecretAccessKey": "secret", "Token": "t"}
        self.answer(metadata + "iam/roles/role-1", json.dumps(keys))
        return source

    def metadata(self):
        del self.environment["NO_GCE_CHECK"]
        host = self.random.choice(["metadata.google.internal", "127.0.0.1:8999"])
        if host != "metadata.google.internal":
            self.environment["GCE_METADATA_HOST"] = host
        root = "http://%s/computeMetadata/v1/" % host
        if self.chance(90):
            self.answer("http://169.254.169.254", "", 200, {"metadata-flavor": "Google"})
        account = root + "instance/service-accounts/default/"
        self.answer(root + "project/project-id", "project-of-metadata")
        self.answer(account, {"email": "robot@p", "scopes": [SCOPE]})
        self.answer(account + "token", {"access_token": "of-metadata", "expires_in": 900})
        self.answer(account + "identity", jwt(SECONDS + 700))


NEEDED = {"client_email", "private_key", "token_uri", "client_id", "client_secret", "refresh_token"}


class Response:
    def __init__(self, answer):
        self.status, self.data = answer["status"], answer["body"].encode()
        self.headers = answer["headers"]


class Transport:
    """What google-auth sends goes here."""

    def __init__(self, answers):
        self.answers, self.requests = answers, []

    def __call__(self, url, method="GET", body=None, headers=None, timeout=None, **_):
        from google.auth import exceptions

        text = body.decode() if isinstance(body, bytes) else body or ""
        known = {name: value.decode() if isinstance(value, bytes) else value for name, value in (headers or {}).items()}
        self.requests.append({"method": method, "url": url, "headers": known, "body": text})
        for answer in self.answers:
            if url.startswith(answer["url"]):
                return Response(answer)
        raise exceptions.TransportError("nobody is there")


def theirs(case):
    """What google-auth does in the environment."""
    from google.auth import _helpers, exceptions
    from google.auth.compute_engine import _metadata

    transport = Transport(case.answers)
    naive = NOW.replace(tzinfo=None)
    host = case.environment.get("GCE_METADATA_HOST", "metadata.google.internal")
    with (
        mock.patch.dict(os.environ, case.environment, clear=True),
        mock.patch.object(_helpers, "utcnow", lambda: naive),
        mock.patch.object(_metadata, "_GCE_METADATA_HOST", host),
        mock.patch.object(_metadata, "_NO_GCE_CHECK", "NO_GCE_CHECK" in case.environment),
        mock.patch("google.auth._exponential_backoff.time.sleep"),
        mock.patch("time.time", lambda: SECONDS),
        # Another request, and gcloud itself: what they would say is in no file here.
        mock.patch("google.auth.external_account.Credentials.get_project_id", lambda *_, **__: None),
        mock.patch("google.auth._cloud_sdk.get_project_id", lambda: None),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        try:
            credentials, project = google_auth.default(scopes=[SCOPE], request=transport)
            transport.requests.clear()
            credentials.refresh(transport)
        except (exceptions.GoogleAuthError, ValueError, KeyError) as error:
            return {"requests": transport.requests, "error": str(error) or repr(error)}
        return {
            "requests": transport.requests,
            "token": credentials.token,
            "expires": credentials.expiry.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "project": project,
            "quota_project": credentials.quota_project_id or "",
        }


def claims_of(assertion):
    head, body, _ = assertion.split(".")
    return [json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in (head, body)]


def meaning(request):
    """Of a request for a token: what its receiver makes of it."""
    url = urlsplit(request["url"])
    headers = {name.lower(): value for name, value in request["headers"].items()}
    shown = {"method": request["method"], "url": url[:3], "query": sorted(parse_qsl(url.query))}
    shown["authorization"] = headers.get("authorization") or headers.get("Authorization")
    for name in ("metadata-flavor", "metadata", "x-aws-ec2-metadata-token", "x-aws-ec2-metadata-token-ttl-seconds"):
        shown[name] = headers.get(name)
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        fields = dict(parse_qsl(request["body"]))
        if "assertion" in fields:
            fields["assertion"] = claims_of(fields["assertion"])
        if fields.get("subject_token_type", "").endswith("aws4_request"):
            fields["subject_token"] = json.loads(unquote(fields["subject_token"]))
            fields["subject_token"]["headers"].sort(key=lambda header: header["key"].lower())
        shown["body"] = fields
    elif request["body"]:
        body = json.loads(request["body"])
        shown["body"] = {**body, "delegates": body.get("delegates") or []}
    return shown


def is_for_a_token(request):
    """Not google-auth's questions about the account, and not whether there is a metadata server."""
    path = urlsplit(request["url"]).path
    return path not in ("", "/") and not path.endswith(
        ("/service-accounts/default/", "project/project-id", "universe-domain")
    )


@pytest.fixture(scope="module")
def cases(tmp_path_factory, private_key):
    root = tmp_path_factory.mktemp("google")
    return [Case(number, root / str(number), private_key[1]) for number in range(ENVIRONMENTS)]


@pytest.fixture(scope="module")
def ours(cases):
    lines = [json.dumps({"environment": case.environment, "answers": case.answers, "now": SECONDS}) for case in cases]
    done = subprocess.run([str(ORACLE)], input="\n".join(lines), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_same_requests_are_sent_for_the_same_token(cases, ours):
    failed = succeeded = 0
    for number, (case, mine) in enumerate(zip(cases, ours, strict=True)):
        their = theirs(case)
        assert bool(mine["error"]) == ("token" not in their), (number, mine["error"], their)
        if mine["error"]:
            failed += 1
            continue
        succeeded += 1
        asked = [meaning(request) for request in mine["requests"] if is_for_a_token(request)]
        wanted = [meaning(request) for request in their["requests"] if is_for_a_token(request)]
        wanted = [each for at, each in enumerate(wanted) if each["method"] != "PUT" or each not in wanted[:at]]
        assert asked == wanted, number
        assert (mine["token"], mine["expires"]) == (their["token"], their["expires"]), number
        assert mine["quota_project"] == their["quota_project"], number
        if their["project"]:
            assert mine["project"] == their["project"], number
    assert succeeded > ENVIRONMENTS / 2 and failed > 20


def test_grants_are_signed_with_their_key(cases, ours, private_key):
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    assertions = [
        dict(parse_qsl(request["body"]))["assertion"]
        for mine in ours
        for request in mine["requests"]
        if "assertion=" in request["body"]
    ]
    assert len(assertions) > 20
    for assertion in assertions:
        signed, _, signature = assertion.rpartition(".")
        bytes_of_it = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
        private_key[0].public_key().verify(bytes_of_it, signed.encode(), padding.PKCS1v15(), hashes.SHA256())
