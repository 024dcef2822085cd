"""botocore resolves hundreds of generated combinations of environment and files; so must we.

The C++ side is the program lambdapool_identity_oracle, found in $LAMBDAPOOL_BUILD/tests (default: build/tests). Both
ask the same services on loopback (fake_identity.py), whose keys tell who asked for what. The differences that we want
are in docs/aws.md, and each has a test of its own at the end of this file.
"""

import datetime
import hashlib
import json
import os
import pathlib
import random
import subprocess
import sys

import pytest

pytest.importorskip("botocore")
import botocore.loaders
import botocore.session
from botocore.config import Config

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from fake_identity import FakeIdentity, keys

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LAMBDAPOOL_BUILD", REPOSITORY / "build"))
ORACLE = BUILD / "tests" / "lambdapool_identity_oracle"

pytestmark = pytest.mark.skipif(not ORACLE.exists(), reason=f"{ORACLE} is not built")

LOADER = botocore.loaders.create_loader()  # of service models; it remembers them
CASES = 400
PROFILES = ["default", "a", "b", "c", "d"]
ROLE = "arn:aws:iam::123456789012:role/"


@pytest.fixture(scope="module")
def fake():
    fake = FakeIdentity()
    yield fake
    fake.close()


class Case:
    """A home directory with AWS's files in it, an environment, and perhaps a profile given as an argument."""

    def __init__(self, home, fake):
        self.home, self.fake, self.profile = home, fake, None
        (home / ".aws/sso/cache").mkdir(parents=True)
        self.config, self.credentials = {}, {}
        self.environment = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": fake.url,
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": fake.url,
            "AWS_DEFAULT_REGION": "eu-west-1",
        }

    def write(self):
        for name, sections in (("config", self.config), ("credentials", self.credentials)):
            text = "".join(
                f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items())
                for section, settings in sections.items()
            )
            (self.home / ".aws" / name).write_text(text)

    def section(self, profile):
        return self.config.setdefault(profile if profile == "default" else f"profile {profile}", {})

    def sign_in(self, name, token, expires, **more):
        path = self.home / ".aws/sso/cache" / (hashlib.sha1(name.encode()).hexdigest() + ".json")
        path.write_text(json.dumps({"accessToken": token, "expiresAt": expires, **more}))
        return path

    def asked(self, **more):
        given = {"profile": self.profile} if self.profile else {}
        return {"environment": self.environment, **given, **more}

    def ours(self, **more):
        return ours([self.asked(**more)])[0]

    def theirs(self):
        return botocore_says(self)


def ours(questions):
    answer = subprocess.run(
        [str(ORACLE)],
        input="".join(json.dumps(question) + "\n" for question in questions),
        capture_output=True,
        text=True,
        timeout=120,
        start_new_session=True,
    )
    assert answer.returncode == 0, answer.stderr
    return [json.loads(line) for line in answer.stdout.splitlines()]


def session_of(case, patch):
    """botocore reads os.environ, and at import the home directory."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy") or name == "BOTO_CONFIG":
            patch.delenv(name)
    for name, value in case.environment.items():
        patch.setenv(name, value)
    cache = str(case.home / ".aws/sso/cache")
    patch.setattr("botocore.credentials.SSOProvider._SSO_TOKEN_CACHE_DIR", cache)
    patch.setattr("botocore.tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR", cache)
    patch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0)
    session = botocore.session.Session(profile=case.profile)
    session.register_component("data_loader", LOADER)
    return session


def botocore_says(case):
    with pytest.MonkeyPatch.context() as patch:
        try:
            session = session_of(case, patch)
            region = session.get_config_variable("region")
            found = session.get_credentials()
            if found is None:
                return {"error": "no credentials", "region": region}
            frozen = found.get_frozen_credentials()
        except Exception as error:  # of many unrelated types
            return {"error": f"{type(error).__name__}: {error}"}
    return {
        "method": found.method,
        "access_key_id": frozen.access_key,
        "secret_access_key": frozen.secret_key,
        "session_token": frozen.token or "",
        "region": region,
    }


def future(**delta):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**delta)).strftime("%Y-%m-%dT%H:%M:%SZ")


# What a generated profile may have.


def static(rng, case, settings, name):
    settings["aws_access_key_id"] = f"AKIA{name}{rng.randrange(10**6)}"
    if rng.random() < 0.93:
        settings["aws_secret_access_key"] = "secret/+=" + name
    if rng.random() < 0.3:
        settings[rng.choice(["aws_session_token", "aws_security_token"])] = "token=="
    if rng.random() < 0.05:
        settings.update(aws_session_token="one", aws_security_token="other")


def role(rng, case, settings, name):
    settings["role_arn"] = ROLE + rng.choice([name, name, name, "forbidden"])
    if rng.random() < 0.8:
        settings["source_profile"] = rng.choice([*PROFILES, *PROFILES, name, "missing"])
    if rng.random() < 0.3:
        settings["credential_source"] = rng.choice(["Environment", "EcsContainer", "Ec2InstanceMetadata", "Moon"])
    if rng.random() < 0.3:
        settings["external_id"] = "x y&=+" + name
    if rng.random() < 0.3:
        settings["role_session_name"] = "session-" + name
    if rng.random() < 0.3:
        settings["duration_seconds"] = str(rng.choice([900, 3600]))


def web_identity(rng, case, settings, name):
    path = case.home / f"web-{name}"
    if rng.random() < 0.9:
        path.write_text(f"jwt.of.{name}")
    settings["web_identity_token_file"] = str(path)
    if rng.random() < 0.9:
        settings["role_arn"] = ROLE + "web-" + name


def single_sign_on(rng, case, settings, name):
    settings.update(sso_account_id="123456789012", sso_role_name=f"Role {name}")
    place = {"sso_start_url": f"https://{name}.awsapps.com/start", "sso_region": "eu-central-1"}
    with_session = rng.random() < 0.6
    token = rng.choice(["access", "access", "unauthorized"]) + name
    expires = rng.choice([future(hours=5), future(hours=5), future(minutes=5), future(hours=-1)])
    renewable = {
        "refreshToken": rng.choice(["refresh" + name, "refused"]),
        "clientId": "id",
        "clientSecret": "s",
        "registrationExpiresAt": rng.choice([future(days=9), future(days=9), future(days=-9)]),
    }
    if with_session:
        settings["sso_session"] = f"session-{name}"
        if rng.random() < 0.9:
            case.config[f"sso-session session-{name}"] = place
        if rng.random() < 0.1:
            settings["sso_region"] = "us-west-2"
    else:
        settings.update(place)
    if rng.random() < 0.1:
        settings.pop(rng.choice(["sso_account_id", "sso_role_name"]))
    if rng.random() < 0.9:
        more = renewable if rng.random() < 0.8 else {}
        case.sign_in(settings["sso_session"] if with_session else place["sso_start_url"], token, expires, **more)


def process(rng, case, settings, name):
    program = case.home / f"process {name}"
    document = {"Version": rng.choice([1, 1, 1, 1, 2]), "AccessKeyId": f"ASIAPROCESS{name}", "SecretAccessKey": "s"}
    if rng.random() < 0.5:
        document.update(SessionToken="t", Expiration=rng.choice(["2099-01-01T00:00:00Z", "2099-01-01T00:00:00+02:00"]))
    if rng.random() < 0.1:
        del document["SecretAccessKey"]
    status = rng.choice([0, 0, 0, 0, 0, 0, 1])
    program.write_text(f"#!/bin/sh\nprintf '%s' '{json.dumps(document)}'\nexit {status}\n")
    program.chmod(0o755)
    settings["credential_process"] = rng.choice(
        [f'"{program}" --flag', f"'{program}'", str(program).replace(" ", "\\ ")]
    )


KINDS = [static, static, role, role, web_identity, single_sign_on, process]


def generate(rng, case):
    for name in rng.sample(PROFILES, rng.randint(0, len(PROFILES))):
        where = rng.random()
        if where < 0.75:
            for kind in rng.sample(KINDS, rng.choice([1, 1, 1, 2])):
                kind(rng, case, case.section(name), name)
        if where > 0.6:
            static(rng, case, case.credentials.setdefault(name, {}), name + "f")
        if rng.random() < 0.2:
            case.section(name)["region"] = rng.choice(["us-east-2", "cn-north-1"])
    environment = case.environment
    if rng.random() < 0.25:
        environment["AWS_ACCESS_KEY_ID"] = "AKIAENV"
        if rng.random() < 0.9:
            environment["AWS_SECRET_ACCESS_KEY"] = "env secret"
        if rng.random() < 0.4:
            environment["AWS_SESSION_TOKEN"] = "env token"
        if rng.random() < 0.2:
            environment["AWS_SECURITY_TOKEN"] = "older token"
        if rng.random() < 0.2:
            environment["AWS_CREDENTIAL_EXPIRATION"] = "2099-01-01T00:00:00Z"
    if rng.random() < 0.2:
        environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = str(case.home / "web-env")
        (case.home / "web-env").write_text("jwt.of.env")
        if rng.random() < 0.8:
            environment["AWS_ROLE_ARN"] = ROLE + "web-env"
        if rng.random() < 0.3:
            environment["AWS_ROLE_SESSION_NAME"] = "session-env"
    if rng.random() < 0.25:
        environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = rng.choice(
            [case.fake.url + "/container?x=1", case.fake.url + "/container", "http://192.0.2.1/container"]
        )
        if rng.random() < 0.4:
            environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = rng.choice(["Bearer b", "refused"])
        if rng.random() < 0.3:
            environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = str(case.home / "box-token")
            (case.home / "box-token").write_text("Bearer from file")
    if rng.random() < 0.3:
        environment["AWS_EC2_METADATA_DISABLED"] = rng.choice(["true", "True", "false", "1"])
    if rng.random() < 0.3:
        environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] += rng.choice(["/bare", "/broken/", "/v1", "/"])
        environment["AWS_EC2_METADATA_V1_DISABLED"] = "false"
    for variable in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        if rng.random() < 0.35:
            environment[variable] = rng.choice([*PROFILES, "missing"])
    if rng.random() < 0.35:
        case.profile = rng.choice(PROFILES)
    if rng.random() < 0.3:
        del environment["AWS_DEFAULT_REGION"]


def comparable(case, mine, theirs):
    """The two answers, cut down to what may be compared."""
    if "error" in theirs or "error" in mine["credentials"]:
        return ("error" in mine["credentials"]), ("error" in theirs)
    names = ["method", "access_key_id", "secret_access_key", "session_token"]
    regions = [mine["region"], theirs["region"]] if theirs["region"] else ["", ""]
    return [mine["credentials"][n] for n in names] + regions[:1], [theirs[n] for n in names] + regions[1:]


def test_source_and_values_are_those_of_botocore(fake, tmp_path):
    rng = random.Random(20261122)
    cases = []
    for number in range(CASES):
        case = Case(tmp_path / str(number), fake)
        generate(rng, case)
        case.write()
        cases.append(case)
    # First botocore, since a renewed sign-in is written back; then we, on a copy as it was.
    before = [{path: path.read_text() for path in (case.home / ".aws/sso/cache").iterdir()} for case in cases]
    theirs = [botocore_says(case) for case in cases]
    after = [{path: json.loads(path.read_text()) for path in cached} for cached in before]
    for cached in before:
        for path, text in cached.items():
            path.write_text(text)
    answers = ours([case.asked() for case in cases])
    wrong = []
    for number, (case, mine, expected) in enumerate(zip(cases, answers, theirs)):
        left, right = comparable(case, mine, expected)
        if left != right and not is_wanted_difference(case, mine, expected):
            wrong.append((number, case.config, case.credentials, case.environment, case.profile, mine, expected))
    for each in wrong:
        print(*each, sep="\n   ")
    assert not wrong, f"{len(wrong)} of {CASES} differ"
    methods = {answer.get("method", "error") for answer in theirs}
    assert methods >= {"env", "assume-role", "assume-role-with-web-identity", "sso", "shared-credentials-file"}
    assert methods >= {"custom-process", "config-file", "container-role", "iam-role", "error"}
    assert sum("error" in answer for answer in theirs) < CASES * 0.6
    for cached in after:  # a renewed sign-in is written back as the CLI expects it
        for path, token in cached.items():
            mine = json.loads(path.read_text())
            assert mine.pop("expiresAt")[:13] == token.pop("expiresAt")[:13]
            assert mine == token


def is_wanted_difference(case, mine, theirs):
    if "error" in theirs:
        # Without any region botocore cannot say where STS is; we ask the instance for its region first.
        return "NoRegion" in theirs["error"] and mine["region"] == "ap-southeast-3"
    # With STS's address configured botocore needs no region; we do, and say so before asking anybody.
    return not theirs["region"] and "no AWS region" in mine["credentials"].get("error", "")


SERVICES = ["lambda", "iam", "sts", "s3", "logs", "sso", "sso-oidc"]
OPERATIONS = {
    "lambda": "ListFunctions",
    "iam": "GetRole",
    "sts": "GetCallerIdentity",
    "s3": "ListBuckets",
    "logs": "FilterLogEvents",
    "sso": "GetRoleCredentials",
    "sso-oidc": "CreateToken",
}
REGIONS = ["us-east-1", "us-west-2", "eu-central-1", "ap-east-2", "cn-north-1", "cn-northwest-1"]
REGIONS += ["us-gov-west-1", "us-gov-east-1"]
SELDOM = ["us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1", "eusc-de-east-1"]


def botocore_url(case, service, region):
    with pytest.MonkeyPatch.context() as patch:
        try:
            session = session_of(case, patch)
            session.set_credentials("a", "b")
            client = session.create_client(service, region_name=region, config=Config(s3={"addressing_style": "path"}))
            operation = client.meta.service_model.operation_model(OPERATIONS[service])
            context = {"client_region": region, "client_config": client.meta.config, "has_streaming_input": False}
            return client._resolve_endpoint_ruleset(operation, {}, context)[0]
        except botocore.exceptions.BotoCoreError:
            return ""


@pytest.mark.parametrize("variant", ["plain", "fips", "dualstack", "both"])
def test_addresses_are_those_of_botocore(variant, fake, tmp_path):
    for number, region in enumerate(REGIONS + SELDOM):
        case = Case(tmp_path / str(number), fake)
        case.environment = {"HOME": str(case.home), "AWS_REGION": region, "AWS_EC2_METADATA_DISABLED": "true"}
        if variant in ("fips", "both"):
            case.environment["AWS_USE_FIPS_ENDPOINT"] = "true"
        if variant in ("dualstack", "both"):
            case.section("default")["use_dualstack_endpoint"] = "true"
        case.write()
        urls = case.ours(services=SERVICES)["urls"]
        for service in SERVICES:
            expected = botocore_url(case, service, region)
            if (service, region, variant) == ("s3", "us-east-1", "plain"):
                expected = "https://s3.us-east-1.amazonaws.com"  # botocore still has the global one here
            if not expected and region in SELDOM:
                continue  # botocore's older table, which it looks at first, has no such variant there
            assert urls[service] == expected, (service, region)


def test_configured_addresses_are_those_of_botocore(fake, tmp_path):
    rng = random.Random(3)
    for number in range(60):
        case = Case(tmp_path / str(number), fake)
        case.environment = {"HOME": str(case.home), "AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true"}
        places = {"AWS_ENDPOINT_URL": 1, "AWS_ENDPOINT_URL_LAMBDA": 2, "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": 3}
        places.update(AWS_ENDPOINT_URL_STS=4, AWS_ENDPOINT_URL_SSO_OIDC=5)
        for variable, port in places.items():
            if rng.random() < 0.25:
                case.environment[variable] = f"http://localhost:{port}"
        if rng.random() < 0.5:
            case.section("default")["endpoint_url"] = "http://localhost:6"
        if rng.random() < 0.5:
            case.section("default")["services"] = "mine"
            case.config["services mine"] = {"sso_oidc": "\n  endpoint_url = http://localhost:7", "lambda": "\n  x = y"}
        ignore = rng.choice(
            [None, None, ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", rng.choice(["true", "TRUE", "false"]))]
        )
        if ignore:
            case.environment[ignore[0]] = ignore[1]
        case.write()
        urls = case.ours(services=["lambda", "logs", "sts", "sso-oidc"])["urls"]
        for service, url in urls.items():
            assert url == botocore_url(case, service, "eu-west-1"), (service, case.environment, case.config)


# The differences that docs/aws.md lists.


def test_aws_region_counts_and_goes_before_aws_default_region(fake, tmp_path):
    case = Case(tmp_path / "home", fake)
    case.environment["AWS_REGION"] = "us-west-1"
    case.write()
    assert case.ours(services=[])["region"] == "us-west-1"
    assert case.theirs()["region"] == "eu-west-1"


def test_the_instance_knows_its_region(fake, tmp_path):
    case = Case(tmp_path / "home", fake)
    del case.environment["AWS_DEFAULT_REGION"]
    case.write()
    assert case.ours(services=[])["region"] == "ap-southeast-3"
    assert case.theirs()["region"] is None


def test_files_of_boto_2_and_of_the_first_ec2_tools_are_not_read(fake, tmp_path):
    case = Case(tmp_path / "home", fake)
    case.environment["AWS_EC2_METADATA_DISABLED"] = "true"
    (tmp_path / "old").write_text("[Credentials]\naws_access_key_id = BOTO2\naws_secret_access_key = s\n")
    case.environment["BOTO_CONFIG"] = str(tmp_path / "old")
    case.write()
    assert "aws configure" in case.ours()["credentials"]["error"]
    with pytest.MonkeyPatch.context() as patch:
        session = session_of(case, patch)
        assert session.get_credentials().method == "boto-config"


def test_a_duration_that_is_no_number_is_an_error(fake, tmp_path):
    case = Case(tmp_path / "home", fake)
    case.section("default").update(role_arn=ROLE + "r", source_profile="a", duration_seconds="1h")
    static(random.Random(1), case, case.section("a"), "a")
    case.write()
    assert "duration_seconds = 1h" in case.ours()["credentials"]["error"]
    assert case.theirs()["method"] == "assume-role"


def test_an_empty_variable_is_an_absent_one(fake, tmp_path):
    case = Case(tmp_path / "home", fake)
    case.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = ""
    case.write()
    assert case.ours()["credentials"]["method"] == "iam-role"
    assert "error" in case.theirs()


def test_a_sign_in_by_aws_login_is_an_error_that_names_the_way_out(fake, tmp_path):
    case = Case(tmp_path / "home", fake)
    case.section("default")["login_session"] = "arn:aws:iam::123456789012:user/u"
    case.write()
    assert "aws configure export-credentials" in case.ours()["credentials"]["error"]


def test_the_fake_gives_what_it_is_asked_for():
    assert keys("role", "a") != keys("role", "b")
