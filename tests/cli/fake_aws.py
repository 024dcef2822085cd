"""A scripted AWS on loopback: as much of Lambda and IAM as create, update and delete use.

`hooks` are asked before each request; one that returns something else than None answers in the service's
place: (status, body) with an optional third, the headers, or DROP, which closes the connection instead.
"""

import base64
import hashlib
import json
import re
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DROP = object()
ACCOUNT = "123456789012"


class Request:
    def __init__(self, method, path, body, headers=None):
        self.headers = headers
        self.method, self.path, self.body = method, urllib.parse.unquote(path), body
        self.form = dict(urllib.parse.parse_qsl(body.decode("utf-8", "replace"))) if path == "/" else {}

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def action(self):
        """IAM's action, or Lambda's operation."""
        if self.form:
            return self.form["Action"]
        kinds = {
            ("POST", r"/functions/?$"): "CreateFunction",
            ("GET", r"/functions/?(\?.*)?$"): "ListFunctions",
            ("GET", r"/functions/[^/]+$"): "GetFunction",
            ("DELETE", r"/functions/[^/]+$"): "DeleteFunction",
            ("PUT", r"/code$"): "UpdateFunctionCode",
            ("PUT", r"/configuration$"): "UpdateFunctionConfiguration",
            ("POST", r"/tags/"): "TagResource",
            ("DELETE", r"/tags/"): "UntagResource",
            ("PUT", r"/concurrency$"): "PutFunctionConcurrency",
            ("DELETE", r"/concurrency$"): "DeleteFunctionConcurrency",
            ("GET", r"^/code/"): "GetCode",
        }
        for (method, pattern), name in kinds.items():
            if method == self.method and re.search(pattern, self.path):
                return name
        return f"{self.method} {self.path}"


def error(status, kind, message):
    return status, {"Type": "User", "message": message}, {"x-amzn-ErrorType": kind}


class FakeAws:
    def __init__(self):
        self.functions, self.tags, self.roles, self.requests, self.hooks = {}, {}, {}, [], []
        self.zips, self.reserved = {}, {}
        self.pending_polls = 0  # how many GetFunction answers say Pending after a creation
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = Request(self.command, self.path, body, self.headers)
                with fake.lock:
                    fake.requests.append(request)
                    answers = (hook(request) for hook in list(fake.hooks))
                    answer = next((a for a in answers if a is not None), None) or fake.answer(request)
                if answer is DROP:
                    self.close_connection = True
                    return
                status, content, *headers = answer
                if isinstance(content, bytes):
                    data = content
                else:
                    data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
                own_date = bool(headers) and "Date" in headers[0]
                (self.send_response_only if own_date else self.send_response)(status)
                for name, value in (headers[0] if headers else {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(0 if status == 204 else len(data)))
                self.end_headers()
                if status != 204:
                    self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = do

            def log_message(self, *_):
                pass

        self.lock = threading.RLock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.environment = {
            "LAMBDAPOOL_TARGET": "aws",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.server.server_port}",
            "AWS_ACCESS_KEY_ID": "AKID",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def actions(self):
        return [request.action for request in self.requests]

    def hook(self, action, *answers):
        """The next calls of `action` are answered by `answers`, one each."""
        rest = list(answers)
        self.hooks.append(lambda request: rest.pop(0) if rest and request.action == action else None)

    def answer(self, request):
        return self.iam(request) if request.form else self.lambda_(request)

    def iam(self, request):
        name = request.form.get("RoleName", "")
        arn = f"arn:aws:iam::{ACCOUNT}:role{request.form.get('Path', '/')}{name}"
        wrap = (
            f"<{request.action}Response><{request.action}Result>%s</{request.action}Result></{request.action}Response>"
        )
        missing = 404, "<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>no role</Message></Error></ErrorResponse>"  # fmt: skip
        if request.action == "CreateRole":
            if name in self.roles:
                return 409, "<ErrorResponse><Error><Type>Sender</Type><Code>EntityAlreadyExists</Code><Message>Role exists</Message></Error></ErrorResponse>"  # fmt: skip
            keys = [key for key in request.form if key.startswith("Tags.") and key.endswith(".Key")]
            tags = {request.form[key]: request.form[key[:-3] + "Value"] for key in keys}
            self.roles[name] = {"arn": arn, "policies": [], "tags": tags}
            return 200, wrap % f"<Role><RoleName>{name}</RoleName><Arn>{arn}</Arn></Role>"
        if name not in self.roles:
            return missing
        role = self.roles[name]
        if request.action == "AttachRolePolicy":
            if request.form["PolicyArn"] not in role["policies"]:
                role["policies"].append(request.form["PolicyArn"])
        elif request.action == "PutRolePolicy":
            role.setdefault("inline", {})[request.form["PolicyName"]] = request.form["PolicyDocument"]
        elif request.action == "GetRolePolicy":
            document = urllib.parse.quote(role["inline"][request.form["PolicyName"]])
            return 200, wrap % f"<PolicyDocument>{document}</PolicyDocument>"
        elif request.action == "DeleteRolePolicy":
            del role["inline"][request.form["PolicyName"]]
        elif request.action == "ListRolePolicies":
            members = "".join(f"<member>{name}</member>" for name in role.get("inline", {}))
            return 200, wrap % f"<PolicyNames>{members}</PolicyNames><IsTruncated>false</IsTruncated>"
        elif request.action == "DetachRolePolicy":
            if request.form["PolicyArn"] not in role["policies"]:
                return missing
            role["policies"].remove(request.form["PolicyArn"])
        elif request.action == "DeleteRole":
            if role["policies"] or role.get("inline"):
                return 409, "<ErrorResponse><Error><Type>Sender</Type><Code>DeleteConflict</Code><Message>policies</Message></Error></ErrorResponse>"  # fmt: skip
            del self.roles[name]
        elif request.action == "GetRole":
            tags = "".join(
                f"<member><Key>{k}</Key><Value>{v}</Value></member>" for k, v in role.get("tags", {}).items()
            )
            return 200, wrap % f"<Role><RoleName>{name}</RoleName><Arn>{role['arn']}</Arn><Tags>{tags}</Tags></Role>"
        elif request.action == "ListAttachedRolePolicies":
            members = "".join(f"<member><PolicyArn>{p}</PolicyArn></member>" for p in role["policies"])
            return 200, wrap % f"<AttachedPolicies>{members}</AttachedPolicies><IsTruncated>false</IsTruncated>"
        return 200, wrap % ""

    def lambda_(self, request):
        if request.action == "CreateFunction":
            return self.create(request.json)
        if request.action == "ListFunctions":
            return 200, {"Functions": list(self.functions.values())}
        if request.action == "GetCode":
            return 200, self.zips[request.path.rsplit("/", 1)[1]]
        name = re.search(r"[/:]functions?[/:]([^/?]+)", request.path)[1]
        if name not in self.functions:
            return error(404, "ResourceNotFoundException", f"Function not found: {name}")
        function = self.functions[name]
        if request.action == "GetFunction":
            answer = {"Configuration": function, "Tags": self.tags[name]}
            if self.pending_polls > 0:
                self.pending_polls -= 1
                return 200, {**answer, "Configuration": {**function, "State": "Pending"}}
            answer["Code"] = {
                "Location": f"{self.environment['AWS_ENDPOINT_URL']}/code/{function['CodeSha256'].encode().hex()}"
            }
            if name in self.reserved:
                answer["Concurrency"] = {"ReservedConcurrentExecutions": self.reserved[name]}
            return 200, answer
        if request.action == "TagResource":
            self.tags[name].update(request.json["Tags"])
            return 204, ""
        if request.action == "UntagResource":
            for key in urllib.parse.parse_qs(request.path.partition("?")[2])["tagKeys"]:
                self.tags[name].pop(key, None)
            return 204, ""
        if request.action == "PutFunctionConcurrency":
            self.reserved[name] = request.json["ReservedConcurrentExecutions"]
            return 200, request.json
        if request.action == "DeleteFunctionConcurrency":
            del self.reserved[name]
            return 204, ""
        if request.action == "DeleteFunction":
            del self.functions[name]
            self.reserved.pop(name, None)
            return 204, ""
        return self.update(request, function)

    def create(self, body):
        name = body["FunctionName"]
        if name in self.functions:
            return error(409, "ResourceConflictException", f"Function already exist: {name}")
        self.functions[name] = {
            "FunctionArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}",
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "LastModified": "2026-11-22T19:00:00.000+0000",
            "Version": "$LATEST",
            "Layers": [{"Arn": arn, "CodeSize": 1} for arn in body.get("Layers", [])],
            **{key: body[key] for key in body if key not in ("Code", "Tags", "Layers")},
            **self.code(body["Code"]["ZipFile"]),
        }
        self.tags[name] = body.get("Tags", {})
        return 201, {**self.functions[name], "State": "Pending"}

    def code(self, zip_base64):
        data = base64.b64decode(zip_base64)
        digest = hashlib.sha256(data).digest()
        self.zips[base64.b64encode(digest).hex()] = data
        return {"CodeSize": len(data), "CodeSha256": base64.b64encode(digest).decode(), "RevisionId": digest[:8].hex()}

    def update(self, request, function):
        body = request.json
        if body.get("RevisionId", function["RevisionId"]) != function["RevisionId"]:
            return error(412, "PreconditionFailedException", "The Revision Id provided does not match the latest")
        if request.action == "UpdateFunctionCode":
            function.update(self.code(body["ZipFile"]))
        else:
            layers = body.pop("Layers", None)
            body.pop("RevisionId", None)
            function.update(body)
            if layers is not None:
                function["Layers"] = [{"Arn": arn, "CodeSize": 1} for arn in layers]
        function["RevisionId"] += "+"
        return 200, function
