"""The services that give credentials, on loopback: STS, Identity Center with its OIDC, a container, the instance.

What they give depends on what they are asked alone, so that two clients can be compared: the keys of a role name the
role and the keys that assumed it.
"""

import calendar
import email.utils
import hashlib
import json
import re
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

EXPIRATION = "2099-01-02T03:04:05Z"
EXPIRATION_MS = 4070919845000


def keys(kind, *what):
    """(id, secret, token), the same for the same words."""
    digest = hashlib.sha256(json.dumps([kind, *what]).encode()).hexdigest()
    return f"ASIA{kind}{digest[:12]}".upper(), digest[12:52], digest[52:]


class FakeIdentity:
    def __init__(self):
        self.requests = []
        self.answers = {}  # path -> (status, body): instead of the usual answer
        self.expiration = EXPIRATION
        self.ahead = 0  # by so many seconds its clock goes before ours; STS refuses what was signed at another time
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                path = self.path.split("?")[0]
                with fake.lock:
                    fake.requests.append((self.command, self.path, dict(self.headers.items()), body))
                    answer = fake.answers.get(path) or fake.answer(self.command, self.path, self.headers, body)
                status, content = answer
                data = (content if isinstance(content, str) else json.dumps(content)).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do

            def date_time_string(self, timestamp=None):
                return email.utils.formatdate(fake.now(), usegmt=True)

            def log_message(self, *_):
                pass

        self.lock = threading.RLock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def now(self):
        return time.time() + self.ahead

    def is_late(self, headers):
        if not headers.get("Authorization"):
            return False
        signed = calendar.timegm(time.strptime(headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ"))
        return abs(signed - self.now()) > 300

    def answer(self, method, path, headers, body):
        if method == "POST" and path == "/":
            return self.sts(headers, dict(urllib.parse.parse_qsl(body)))
        if path == "/token":
            asked = json.loads(body)
            if asked["refreshToken"] == "refused":
                return 400, {"error": "invalid_grant"}
            return 200, {
                "accessToken": "renewed-" + asked["refreshToken"],
                "expiresIn": 28800,
                "tokenType": "Bearer",
                "refreshToken": asked["refreshToken"] + "+",
            }
        if path.startswith("/federation/credentials"):
            return self.portal(headers, dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query)))
        if path.startswith("/container"):
            if headers.get("Authorization") == "refused":
                return 403, "no"
            return 200, self.document(keys("box", path, headers.get("Authorization")))
        return self.imds(method, path, headers)

    def document(self, found):
        return {"AccessKeyId": found[0], "SecretAccessKey": found[1], "Token": found[2], "Expiration": self.expiration}

    def sts(self, headers, form):
        if self.is_late(headers):
            return 403, (
                "<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code>"
                "<Message>Signature expired: it is another time</Message></Error></ErrorResponse>"
            )
        action = form["Action"]
        signed_by = re.search(r"Credential=([^/]*)/", headers.get("Authorization") or "")
        # What each client makes up for itself is no difference.
        session = re.sub(r"^(botocore-session|lambdapool)-\d+$", "made up", form.get("RoleSessionName", ""))
        if action == "GetCallerIdentity":
            arn = f"arn:aws:iam::123456789012:user/{signed_by[1]}"
            content = f"<Arn>{arn}</Arn><UserId>AIDA</UserId><Account>123456789012</Account>"
        elif form["RoleArn"].endswith("/forbidden"):
            return 403, (
                "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
                "<Message>User: u is not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>"
            )
        else:
            details = [form.get(name) for name in ("DurationSeconds", "ExternalId", "WebIdentityToken", "TokenCode")]
            found = keys("role", form["RoleArn"], session, signed_by[1] if signed_by else None, *details)
            content = (
                f"<AssumedRoleUser><AssumedRoleId>A:x</AssumedRoleId><Arn>{form['RoleArn']}/x</Arn></AssumedRoleUser>"
                f"<Credentials><AccessKeyId>{found[0]}</AccessKeyId><SecretAccessKey>{found[1]}</SecretAccessKey>"
                f"<SessionToken>{found[2]}</SessionToken><Expiration>{self.expiration}</Expiration></Credentials>"
            )
        namespace = "https://sts.amazonaws.com/doc/2011-06-15/"
        return 200, (
            f'<{action}Response xmlns="{namespace}"><{action}Result>{content}</{action}Result>'
            f"<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></{action}Response>"
        )

    def portal(self, headers, query):
        token = headers["x-amz-sso_bearer_token"]
        if "unauthorized" in token:
            return 401, {"message": "Session token not found or invalid"}
        found = keys("sso", query["role_name"], query["account_id"], token)
        content = {"accessKeyId": found[0], "secretAccessKey": found[1], "sessionToken": found[2]}
        return 200, {"roleCredentials": {**content, "expiration": EXPIRATION_MS}}

    def imds(self, method, path, headers):
        if path.endswith("/latest/api/token"):
            if "/v1" in path:
                return 404, "no"
            return (
                (200, "TOKEN") if method == "PUT" and headers.get("x-aws-ec2-metadata-token-ttl-seconds") else (400, "")
            )
        if "/v1" not in path and headers.get("x-aws-ec2-metadata-token") != "TOKEN":
            return 401, "no token"
        if path.endswith("/meta-data/placement/region"):
            return 200, "ap-southeast-3"
        if path.endswith("/security-credentials/"):
            return (404, "no role") if "/bare" in path else (200, "the-role")
        if path.endswith("/security-credentials/the-role"):
            if "/broken" in path:
                return 200, {"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume the role"}
            return 200, self.document(keys("vm", path))
        return 404, "nothing here"
