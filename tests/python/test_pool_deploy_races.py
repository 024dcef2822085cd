"""Others change a function while it is deployed on call."""

import re
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from lambdapool import LambdaPool
from local_lambda import client_of, served, zipped


class Between:
    """Between a client and a service: `then` is called once, when a request has been answered whose line matches."""

    service = ""  # its URL

    def __init__(self, pattern, then):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                connection = HTTPConnection(between.service.rpartition("/")[2], timeout=120)
                connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():  # the host too, which is signed
                    connection.putheader(name, value)
                connection.endheaders(body)
                answer = connection.getresponse()
                content = answer.read()
                if answer.status < 300 and not between.met and re.match(pattern, self.requestline):
                    between.met = True
                    then()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                connection.close()

            do_POST = do_PUT = do_DELETE = do_GET

            def log_message(self, *_):
                pass

        between, self.met = self, False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.host = "127.0.0.1:%d" % self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.mark.parametrize(
    "change",
    [
        lambda client: client.update_function_code(FunctionName="raced", ZipFile=zipped("of = 'another'\n")),
        lambda client: client.update_function_configuration(FunctionName="raced", Timeout=77),
    ],
    ids=["code", "settings"],
)
@pytest.mark.parametrize("when", ["it has been created", "it has been updated"])
def test_a_version_has_what_was_deployed_whatever_others_do(change, when, tmp_path, monkeypatch):
    module = tmp_path / "mod.py"
    module.write_text("def f(x): return x + 1\n")
    role = "role = 'arn:aws:iam::000000000000:role/any'\n"
    (tmp_path / "lambdapool.toml").write_text("[functions.raced]\npaths = ['mod.py']\n" + role)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.setenv("AWS_" + name, "any")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    created = when == "it has been created"
    pattern = r"POST \S*/functions " if created else r"PUT \S*/functions/raced/(code|configuration) "

    def then():
        client.get_waiter("function_updated_v2").wait(FunctionName="raced")
        change(client)

    between = Between(pattern, then)
    with served(tmp_path / "home", "--host", between.host) as between.service:
        client = client_of(between.service)
        try:
            monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://" + between.host)
            options = {"target": "aws", "deploy": True, "timeout": 33, "memory": 256}
            if not created:
                with LambdaPool(1, "raced", **{**options, "timeout": 22}):
                    pass
                module.write_text("def f(x): return x + 2\n")
            with LambdaPool(1, "raced", **options):
                assert between.met
        finally:
            between.close()
        versions = client.list_versions_by_function(FunctionName="raced")["Versions"]
        newest = max(versions[1:], key=lambda version: int(version["Version"]))
        assert (newest["Timeout"], newest["MemorySize"]) == (33, 256)
        assert newest["Handler"].startswith("lambdapool_agent")
        found = client.get_function(FunctionName="raced", Qualifier=newest["Version"])
        assert found["Configuration"]["CodeSize"] > 10_000  # which another's has not
