"""The target gcp: Google's own calls with tokens of a service account's key, against the local Cloud Run.

What stands for Google is `lambdapool serve` (its Cloud Run and Cloud Storage) and a token server here.
"""

import base64
import http.server
import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from urllib.parse import parse_qs

import pytest

serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
FAR = 4_000_000_000


def encoded(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


class JsonHandler(http.server.BaseHTTPRequestHandler):
    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *arguments):
        pass


class Tokens(http.server.ThreadingHTTPServer):
    """Gives tokens, and keeps what was claimed."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/token" % self.server_address[1]
        self.claims = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(JsonHandler):
    server: Tokens

    def do_POST(self):
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        claims = form["assertion"][0].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        self.server.claims.append(claims)
        if "target_audience" in claims:
            answer = {"id_token": "%s.%s.%s" % (encoded({}), encoded({"exp": FAR}), "c2ln")}
        else:
            answer = {"access_token": "access", "expires_in": 3600}
        self.answer(answer)


@pytest.fixture
def tokens():
    server = Tokens()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def key(tmp_path, tokens):
    from cryptography.hazmat.primitives.asymmetric import rsa

    pem = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    content = {
        "type": "service_account",
        "project_id": "project-of-key",
        "private_key_id": "k",
        "private_key": pem.decode(),
        "client_email": "robot@p.iam.gserviceaccount.com",
        "token_uri": tokens.url,
    }
    path = tmp_path / "key.json"
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def gcp(clean_environment, serve, key):
    clean_environment.update(
        LAMBDAPOOL_TARGET="gcp",
        GOOGLE_APPLICATION_CREDENTIALS=str(key),
        CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN=serve.endpoint + "/",
        CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE=serve.endpoint + "/",
        CLOUDSDK_API_ENDPOINT_OVERRIDES_LOGGING=serve.endpoint + "/",
        CLOUDSDK_RUN_REGION="europe-west1",
    )
    return clean_environment


def test_a_function_is_made_called_and_removed(gcp, run, algorithms, tokens, serve):
    made = run("create", "algorithms", "algorithms", "--service-account", "own@p.iam.gserviceaccount.com")
    assert made.returncode == 0, made.stderr
    (function,) = json.loads(run("list", "--output", "json").stdout)
    name = "projects/project-of-key/locations/europe-west1/services/algorithms"
    assert function["arn"] == name
    request = urllib.request.Request(serve.endpoint + "/v2/" + name, headers={"Authorization": "Bearer any"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert json.load(answer)["template"]["serviceAccount"] == "own@p.iam.gserviceaccount.com"

    tokens.claims.clear()
    program = (
        "from lambdapool import LambdaPool\n"
        "from algorithms.algorithms import fibonacci\n"
        "with LambdaPool(workers=2, lambda_function='algorithms', target='gcp') as pool:\n"
        "    print(pool.map(fibonacci, range(10)))\n"
    )
    called = subprocess.run([sys.executable, "-c", program], env=gcp, cwd=algorithms, capture_output=True, text=True)
    assert called.stdout == "[0, 1, 1, 2, 3, 5, 8, 13, 21, 34]\n", called.stderr
    scope, audience = tokens.claims
    assert scope["scope"] == "https://www.googleapis.com/auth/cloud-platform"
    assert audience["target_audience"].endswith("/_run/project-of-key/europe-west1/algorithms")
    assert audience["iss"] == "robot@p.iam.gserviceaccount.com"

    assert run("delete", "algorithms").returncode == 0
    assert json.loads(run("list", "--output", "json").stdout) == []
    gone = subprocess.run([sys.executable, "-c", program], env=gcp, cwd=algorithms, capture_output=True, text=True)
    assert "there is no function algorithms in project-of-key, europe-west1" in gone.stderr


def test_project_and_region_may_be_given(gcp, run, algorithms):
    where = ("--project", "other-project", "--region", "us-east1")
    assert run("create", "f", "algorithms", *where).returncode == 0
    (function,) = json.loads(run("list", "--output", "json", *where).stdout)
    assert function["arn"] == "projects/other-project/locations/us-east1/services/f"
    assert json.loads(run("list", "--output", "json").stdout) == []


def test_what_is_missing_is_named_with_the_ways_to_give_it(gcp, run, tmp_path):
    del gcp["CLOUDSDK_RUN_REGION"]
    assert "needs a region, and nothing names one: give --region" in run("list").stderr
    refused = run("list", "--region", "europe-west1", "--project", "no/project")
    assert "'no/project' (from --project) is no project of Google Cloud" in refused.stderr
    gcp["GOOGLE_APPLICATION_CREDENTIALS"] = str(tmp_path / "nowhere.json")
    assert "nowhere.json (from GOOGLE_APPLICATION_CREDENTIALS) cannot be read" in run("list").stderr
    os.mkfifo(tmp_path / "nowhere.json")  # nobody writes to it
    assert "nowhere.json (from GOOGLE_APPLICATION_CREDENTIALS) cannot be read" in run("list").stderr
    del gcp["GOOGLE_APPLICATION_CREDENTIALS"]
    gcp["NO_GCE_CHECK"] = "true"
    assert "Sign in with 'gcloud auth application-default login'" in run("list", "--region", "r").stderr


def test_options_of_the_other_cloud_are_refused(gcp, run):
    assert "knows no profiles of AWS" in run("list", "--profile", "p").stderr
    assert "--project is for 'gcp' and 'gcp-local'" in run("list", "--target", "aws", "--project", "p").stderr


def test_roles_that_suffice_are_printed(gcp, run):
    (invoke,) = json.loads(run("policy", "invoke", "My_Function", "--project", "p").stdout)
    assert invoke["resource"] == "projects/p/locations/europe-west1/services/my-function"
    assert [binding["role"] for binding in invoke["bindings"]] == ["roles/run.invoker", "roles/run.viewer"]
    project, account = json.loads(run("policy", "deploy", "f", "--project", "p").stdout)
    assert project["resource"] == "projects/p"
    assert account["bindings"][0]["role"] == "roles/iam.serviceAccountUser"
    assert "they do not go with --target gcp" in run("policy", "invoke", "f", "--bucket", "b" * 9).stderr


def test_a_key_that_is_none_is_told_of(gcp, run, key):
    content = json.loads(key.read_text())
    key.write_text(json.dumps({**content, "private_key": "no key"}))
    refused = run("list")
    assert "no token is to be had with a service account's key in %s" % key in refused.stderr
    assert "no RSA key in PEM" in refused.stderr


def test_plain_http_to_another_machine_is_refused(gcp, run):
    gcp["CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN"] = "http://run.example/"
    assert "plain http" in run("list").stderr


class Project(http.server.ThreadingHTTPServer):
    """What stands for Service Usage and Resource Manager: which APIs are enabled, and what the caller may do."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), ProjectHandler)
        self.url = "http://127.0.0.1:%d/" % self.server_address[1]
        self.disabled, self.denied = set(), set()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class ProjectHandler(JsonHandler):
    server: Project

    def do_GET(self):
        path, _, query = self.path.partition("?")
        assert path == "/v1/projects/project-of-key/services:batchGet"
        names = parse_qs(query)["names"]
        state = {name: "DISABLED" if name.split("/")[-1] in self.server.disabled else "ENABLED" for name in names}
        self.answer({"services": [{"name": name, "state": state[name]} for name in names]})

    def do_POST(self):
        assert self.path == "/v3/projects/project-of-key:testIamPermissions"
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["permissions"]
        self.answer({"permissions": [one for one in asked if one not in self.server.denied]})


@pytest.fixture
def project(gcp):
    server = Project()
    gcp["CLOUDSDK_API_ENDPOINT_OVERRIDES_SERVICEUSAGE"] = server.url
    gcp["CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER"] = server.url
    yield server
    server.shutdown()
    server.server_close()


def findings(done):
    return {one["topic"]: one for one in json.loads(done.stdout)["findings"]}


def test_doctor_finds_everything_in_order(gcp, project, run, algorithms):
    assert run("create", "f", "algorithms").returncode == 0
    seen = run("doctor", "f", "--output", "json")
    assert seen.returncode == 0, seen.stdout
    found = findings(seen)
    del found["clock"]  # which the service here does not tell
    assert {topic: one["level"] for topic, one in found.items()} == dict.fromkeys(found, "ok")
    assert found["project"]["text"].startswith("project-of-key (from ")
    assert found["region"]["text"].startswith("europe-west1 (from ")
    assert "key.json" in found["credentials"]["text"]
    assert found["Cloud Run"]["text"] == "answers, with 1 function"
    for topic in ("may deploy", "may invoke", "may read logs", "may invoke it"):
        assert found[topic]["text"] == "yes"


def test_doctor_names_apis_and_permissions_that_are_missing_with_the_way_to_them(gcp, project, run):
    project.disabled = {"logging.googleapis.com"}
    project.denied = {"run.services.create", "logging.logEntries.list"}
    seen = run("doctor", "--output", "json")
    assert seen.returncode != 0
    found = findings(seen)
    link = "https://console.developers.google.com/apis/api/logging.googleapis.com/overview?project=project-of-key"
    assert link in found["APIs"]["mend"]
    assert found["may deploy"]["text"] == "no: run.services.create is missing"
    assert "roles/logging.viewer" in found["may read logs"]["mend"]
    assert found["may invoke"]["level"] == "ok"


def test_doctor_says_where_there_are_no_credentials(gcp, project, run, tmp_path):
    gcp["GOOGLE_APPLICATION_CREDENTIALS"] = str(tmp_path / "nowhere.json")
    seen = run("doctor", "--output", "json")
    assert seen.returncode != 0
    assert "nowhere.json (from GOOGLE_APPLICATION_CREDENTIALS) cannot be read" in seen.stdout


def test_logs_are_read_from_cloud_logging_and_policy_prints_their_roles(gcp, run, algorithms):
    assert run("create", "f", "algorithms").returncode == 0
    silent = run("logs", "f")
    assert (silent.returncode, silent.stdout) == (0, "")
    assert "f has not logged anything yet" in silent.stderr
    bindings = json.loads(run("policy", "logs", "f").stdout)
    assert [binding["role"] for one in bindings for binding in one["bindings"]] == [
        "roles/logging.viewer",
        "roles/run.viewer",
    ]


class Between(http.server.ThreadingHTTPServer):
    """Passes everything on; the answer to a creation is lost on its way back, in the manner of a front end. Or only
    `refused`, a part of a path, is not found, or answered with what `answers` has for it."""

    daemon_threads = True

    def __init__(self, endpoint):
        super().__init__(("127.0.0.1", 0), BetweenHandler)
        self.endpoint, self.lost, self.refused, self.answers = endpoint, 0, "", {}
        self.url = "http://127.0.0.1:%d/" % self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()


class BetweenHandler(http.server.BaseHTTPRequestHandler):
    server: Between

    def answer_to(self, request):
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def pass_on(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        headers = {name: self.headers[name] for name in ("Authorization", "Content-Type") if name in self.headers}
        request = urllib.request.Request(self.server.endpoint + self.path, body or None, headers, method=self.command)
        if self.server.refused and self.server.refused in self.path:
            status, content = 404, b"<html>not found</html>"
        else:
            status, content = self.answer_to(request)
        for part, answer in self.server.answers.items():
            if part in self.path:
                status, content = answer
        if "serviceId=" in self.path and not self.server.refused and not self.server.answers:
            self.server.lost += 1
            status, content = 503, b'{"error": {"code": 503, "message": "try again", "status": "UNAVAILABLE"}}'
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_DELETE = pass_on

    def log_message(self, format, *arguments):
        pass


def test_a_creation_whose_answer_was_lost_is_found(gcp, serve, run, algorithms):
    between = Between(serve.endpoint)
    gcp["CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN"] = between.url
    try:
        made = run("create", "f", "algorithms")
        assert made.returncode == 0, made.stderr
        assert between.lost >= 1
        assert [function["name"] for function in json.loads(run("list", "--output", "json").stdout)] == ["f"]
    finally:
        between.shutdown()
        between.server_close()


def test_code_goes_into_a_bucket_where_cloud_run_itself_takes_none(gcp, serve, run, algorithms, home):
    between = Between(serve.endpoint)
    between.refused = ":uploadSource"
    gcp["CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN"] = between.url
    try:
        made = run("create", "f", "algorithms")
        assert made.returncode == 0, made.stderr
        (archive,) = [path.name for path in (home / "run" / "buckets").rglob("*.gz#*")]
        assert archive.startswith("lambdapool%2Ff%2F")
    finally:
        between.shutdown()
        between.server_close()


@pytest.fixture
def between(gcp, serve):
    server = Between(serve.endpoint)
    for api in ("RUN", "LOGGING"):
        gcp["CLOUDSDK_API_ENDPOINT_OVERRIDES_" + api] = server.url
    yield server
    server.shutdown()
    server.server_close()


def test_who_has_made_a_function_and_may_not_call_it_is_told_so(between, run, algorithms):
    between.answers = {":testIamPermissions": (200, b"{}")}
    made = run("create", "My_Function", "algorithms")
    assert made.returncode == 0
    assert made.stderr == (
        "Warning: the account that has made My_Function may not call it, as it lacks the role roles/run.invoker; "
        "`gcloud run services add-iam-policy-binding my-function --project project-of-key --region europe-west1 "
        "--role roles/run.invoker --member serviceAccount:ACCOUNT` gives it.\n"
    )
    between.answers = {":testIamPermissions": (403, b"{}")}
    assert run("create", "other", "algorithms").stderr == ""


def test_a_revision_that_does_not_come_up_is_told_of_in_the_words_of_its_log(between, run, algorithms):
    (algorithms / "algorithms" / "sitecustomize.py").write_text("import os; print('no way', flush=True); os._exit(5)\n")
    failed = run("create", "f", "algorithms", "--env", "PYTHONPATH=algorithms")
    assert failed.returncode != 0
    assert "Container failed to start" in failed.stderr and "its log ends with: no way | " in failed.stderr
    between.answers = {"entries:list": (403, b'{"error": {"code": 403, "message": "no", "status": "PERMISSION_DENIED"}}')}
    failed = run("create", "f", "algorithms", "--env", "PYTHONPATH=algorithms")
    assert failed.stderr.endswith("; its log cannot be read without the role roles/logging.viewer.\n")
