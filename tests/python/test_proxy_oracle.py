"""botocore chooses a proxy in some thousand random environments; ours must be the same.

The C++ side is the program lambdapool_proxy_oracle, found in $LAMBDAPOOL_BUILD/tests (default: build/tests).
"""

import json
import os
import pathlib
import random
import subprocess
from urllib.parse import urlparse

import pytest

pytest.importorskip("botocore")
from botocore.httpsession import ProxyConfiguration
from botocore.utils import get_environ_proxies

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LAMBDAPOOL_BUILD", REPOSITORY / "build"))
ORACLE = BUILD / "tests" / "lambdapool_proxy_oracle"

pytestmark = pytest.mark.skipif(not ORACLE.exists(), reason=f"{ORACLE} is not built")

NAMES = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "Https_Proxy", "ALL_PROXY", "all_proxy"]
PROXIES = [
    "",
    "proxy.example:3128",
    "http://proxy.example:3128",
    "//proxy.example:3128",
    "https://proxy.example",
    "http://user:pass@proxy.example:8080",
    "http://us%40er:p%3Aa%2Fss@10.0.0.1:8080/",
]
HOSTS = [
    "http://localhost:4566",
    "http://127.0.0.1:9001",
    "https://lambda.eu-west-1.amazonaws.com",
    "https://lambda.eu-west-1.amazonaws.com:8443",
    "https://[::1]:8443",
    "http://service",
]
BYPASSES = ["*", "localhost", "127.0.0.1", ".amazonaws.com", "amazonaws.com", "onaws.com", "AMAZONAWS.com:8443"]
BYPASSES += ["[::1]", "::1", "127.0.0.0/8", "service", "", "vice", "lambda.eu-west-1.amazonaws.com:443", ".."]


def random_case(rng):
    environment = {name: rng.choice(PROXIES) for name in NAMES if rng.random() < 0.4}
    for name in ("NO_PROXY", "no_proxy"):
        if rng.random() < 0.4:
            environment[name] = rng.choice([",", " , ", ", "]).join(rng.sample(BYPASSES, rng.randint(1, 3)))
    if rng.random() < 0.1:
        environment["REQUEST_METHOD"] = "GET"
    return {"environment": environment, "url": rng.choice(HOSTS)}


def of_botocore(case, monkeypatch):
    with monkeypatch.context() as patch:
        for name in list(os.environ):
            if name.lower().endswith("_proxy"):
                patch.delenv(name)
        for name, value in case["environment"].items():
            patch.setenv(name, value)
        configuration = ProxyConfiguration(get_environ_proxies(case["url"]))
        url = configuration.proxy_url_for(case["url"])
        if not url:
            return {"proxy": None, "authorization": ""}
        parts = urlparse(url)
        default = {"http": 80, "https": 443}[parts.scheme]
        port = "" if parts.port in (None, default) else ":%d" % parts.port
        return {
            "proxy": "%s://%s%s" % (parts.scheme, parts.hostname, port),
            "authorization": configuration.proxy_headers_for(url).get("Proxy-Authorization", ""),
        }


def test_the_same_proxy_as_botocore_in_random_environments(monkeypatch):
    rng = random.Random(20261110)
    cases = [random_case(rng) for _ in range(3000)]
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    ran = subprocess.run([ORACLE], input=lines, capture_output=True, text=True, check=True, timeout=60)
    ours = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(ours) == len(cases)
    wrong = [(case, our) for case, our in zip(cases, ours) if our != of_botocore(case, monkeypatch)]
    assert wrong == []
    assert sum(our["proxy"] is not None for our in ours) > 500
