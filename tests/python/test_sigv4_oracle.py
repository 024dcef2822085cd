"""botocore signs a few hundred random requests; our signer must write the same Authorization header.

The C++ side is the program lambdapool_sigv4_oracle, found in $LAMBDAPOOL_BUILD/tests (default: build/tests).
"""

import json
import os
import pathlib
import random
import subprocess
from urllib.parse import quote

import pytest

pytest.importorskip("botocore")
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LAMBDAPOOL_BUILD", REPOSITORY / "build"))
ORACLE = BUILD / "tests" / "lambdapool_sigv4_oracle"

pytestmark = pytest.mark.skipif(not ORACLE.exists(), reason=f"{ORACLE} is not built")

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:algorithms:$LATEST"
ODD = "aZ09-_.~ /+%&=?#:@!$'()*,;[]\"<>^`{|}\\äé€😀"


def random_text(rng, longest):
    return "".join(rng.choice(ODD) for _ in range(rng.randint(0, longest)))


def random_path(rng, s3):
    kind = rng.randrange(5)
    if kind == 0:
        return "/2015-03-31/functions/" + quote(ARN, safe="") + "/invocations"
    if kind == 1:
        return "/"
    segments = [quote(random_text(rng, 8), safe="") for _ in range(rng.randint(1, 4))]
    if kind == 2 and not s3:
        segments = [rng.choice(segments + [".", "..", ""]) for _ in range(6)]
        # A leading empty segment would make urlsplit read a host.
        segments[0] = segments[0] or "x"
    return "/" + "/".join(segments).lstrip("/") + rng.choice(["", "/"])


def random_query(rng):
    names = ["Qualifier", "Marker", "a", "A", "a-b", "aa", "~", ""]
    pairs = []
    for _ in range(rng.choice([0, 0, 1, 2, 5])):
        name = rng.choice(names) or quote(random_text(rng, 4), safe="-_.~") or "x"
        value = quote(random_text(rng, 6), safe="-_.~")
        pairs.append(rng.choice([name, f"{name}=", f"{name}={value}", f"{name}={value}"]))
    return "&".join(pairs)


def random_headers(rng):
    headers = []
    names = ["X-Amz-Log-Type", "Content-Type", "x-AMZ-odd", "Zz", "Accept", "X-Empty"]
    for name in rng.sample(names, rng.randint(0, 5)):
        for _ in range(rng.choice([1, 1, 2])):
            blank = rng.choice([" ", "  ", "\t", ""])
            words = [rng.choice(["Tail", "a", "b c", "", ";=,"]) for _ in range(3)]
            headers.append((name, blank + blank.join(words) + blank))
    return headers


def random_case(rng):
    s3 = rng.random() < 0.3
    query = random_query(rng)
    return {
        "s3": s3,
        "method": rng.choice(["GET", "POST", "PUT", "DELETE", "HEAD"]),
        "target": random_path(rng, s3) + ("?" + query if query else ""),
        "headers": random_headers(rng),
        "body": rng.choice(["", "{}", random_text(rng, 200)]),
        "access_key_id": "AKIA" + str(rng.randrange(10**12)),
        "secret_access_key": random_text(rng, 40).encode("ascii", "ignore").decode() or "secret",
        "session_token": rng.choice([None, "FwoG/token+with==chars"]),
        "region": rng.choice(["us-east-1", "eu-central-1"]),
        "service": "s3" if s3 else rng.choice(["lambda", "iam"]),
    }


def signed_by_botocore(case):
    """The Authorization header, the headers that it covers, and botocore's time of signing."""
    request = AWSRequest(case["method"], "https://lambda.example.com" + case["target"], data=case["body"].encode())
    for name, value in case["headers"]:
        request.headers.add_header(name, value)
    credentials = Credentials(case["access_key_id"], case["secret_access_key"], case["session_token"])
    (S3SigV4Auth if case["s3"] else SigV4Auth)(credentials, case["service"], case["region"]).add_auth(request)
    headers = [(name, value) for name, value in request.headers.items() if name.lower() != "authorization"]
    return request.headers["Authorization"], [*headers, ("Host", "lambda.example.com")], request.context["timestamp"]


def test_our_signatures_are_those_of_botocore():
    rng = random.Random(20261122)
    cases = [random_case(rng) for _ in range(400)]
    expected, lines = [], []
    for case in cases:
        authorization, headers, timestamp = signed_by_botocore(case)
        expected.append(authorization)
        if len({name.lower() for name, _ in headers}) == len(headers):  # repeated headers keep their order
            rng.shuffle(headers)
        lines.append(json.dumps({**case, "headers": headers, "amz_date": timestamp}))
    answer = subprocess.run(
        [str(ORACLE)], input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=60, check=True
    )
    ours = answer.stdout.splitlines()
    assert len(ours) == len(expected)
    for case, mine, theirs in zip(cases, ours, expected):
        assert mine == theirs, case
    assert len({line.rsplit("=", 1)[1] for line in expected}) > 390, "the cases must differ from each other"
