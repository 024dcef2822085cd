"""What a pool believes of an answer: nothing is unpickled that another call, another Python or another program
has made."""

import base64
import http.server
import json
import pickle
import threading

import counted_tasks
import lambdapool
import lambdapool_agent
import pytest
from conftest import identity
from lambdapool import LambdaPool


class Unpickled(Exception):
    pass


def explode():
    raise Unpickled()


class Bomb:
    def __reduce__(self):
        return explode, ()


@pytest.fixture
def forge(monkeypatch):
    """forge(change): a Lambda whose outcomes are change(outcome as JSON), on connections that are kept."""
    servers = []
    counted_tasks.RUNS.clear()

    def start(change):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                task = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                body = change(lambdapool_agent.lambda_handler(task, None))
                self.send_response(200)
                self.send_header("x-amzn-RequestId", "request-1")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = "http://127.0.0.1:%d" % server.server_port
        for variable, value in dict(identity(), LAMBDAPOOL_TARGET="aws", AWS_ENDPOINT_URL_LAMBDA=url).items():
            monkeypatch.setenv(variable, value)
        monkeypatch.setenv("LAMBDAPOOL_STALE", "ignore")  # each call is one request
        for variable in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "HTTP_PROXY", "http_proxy"):
            monkeypatch.delenv(variable, raising=False)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def changed(**members):
    def change(outcome):
        outcome.update(members)
        return json.dumps({name: value for name, value in outcome.items() if value is not None}).encode()

    return change


def outcome_of_one(kind, **options):
    with LambdaPool(1, "f", **options) as pool:
        with pytest.raises(kind) as raised:
            pool.apply(counted_tasks.record, ("a",))
    return str(raised.value)


BOMB = base64.b64encode(pickle.dumps(([(0, pickle.dumps(Bomb()))], 0.0))).decode()


@pytest.mark.parametrize("peer", ["9.9", "", "2.7", "3", "3.x", "3.011", "4.0", "3.8"])
def test_what_an_unknown_python_has_made_is_not_unpickled(forge, peer):
    forge(changed(peer=peer, encoding="base64", outcome=BOMB))
    told = outcome_of_one(lambdapool.ProtocolError)
    assert '"%s"' % peer in told and "not unpickled" in told and "may have run" in told and "request-1" in told


def test_another_version_of_python_may_answer_but_not_with_code_by_value(forge):
    forge(changed(peer="3.97"))
    with LambdaPool(1, "f") as pool:
        assert pool.apply(counted_tasks.record, ("a",)) == ("a", "done")
    by_value = pickle.dumps(([(0, b"\x8c\x17cloudpickle.cloudpickle")], 0.0))
    forge(changed(peer="3.97", encoding="base64", outcome=base64.b64encode(by_value).decode()))
    assert "code of Python 3.97" in outcome_of_one(lambdapool.CodeMismatch)


def test_every_answer_shifted_by_one_gives_no_wrong_value(forge):
    """As a proxy does that has lost count on a connection which it keeps."""
    last = [b"{}"]
    lock = threading.Lock()

    def shift(outcome):
        with lock:
            shifted, last[0] = last[0], json.dumps(outcome).encode()
            return shifted

    forge(shift)
    with LambdaPool(1, "f") as pool:
        results = [pool.apply_async(counted_tasks.record, (key,)) for key in range(60)]
        for result in results:
            with pytest.raises(lambdapool.ProtocolError, match="may have run"):
                result.get(60)
    assert max(counted_tasks.RUNS.values()) == 1


def test_a_stray_answer_is_asked_for_again_where_that_does_no_harm(forge):
    first = threading.Event()

    def once(outcome):
        echo = outcome["echo"] if first.is_set() else "another-1"
        first.set()
        return changed(echo=echo)(outcome)

    forge(once)
    with LambdaPool(1, "f", idempotent=True) as pool:
        assert pool.apply(counted_tasks.record, ("a",)) == ("a", "done")
    assert counted_tasks.RUNS["a"] == 2


def test_a_function_of_an_older_lambdapool_is_told_to_be_deployed_again(forge):
    forge(changed(echo=None))
    told = outcome_of_one(lambdapool.CodeMismatch, idempotent=True)
    assert "`lambdapool update f PATHS`" in told and "may have run" in told
    assert counted_tasks.RUNS["a"] == 1


@pytest.mark.parametrize("body", [b"", b"{", b"\x1f\x8b\x08", b"null", b'{"statusCode": 200}'])
def test_an_answer_that_cannot_be_read_may_have_run(forge, body):
    forge(lambda outcome: body)
    told = outcome_of_one(lambdapool.ProtocolError)
    assert "may have run, so the call was not sent again" in told and "request-1" in told


@pytest.mark.parametrize("members", [{"outcome": "?"}, {"outcome": "AAAA"}, {"encoding": "rot13"}, {"peer": None}])
def test_an_envelope_whose_body_cannot_be_read_may_have_run(forge, members):
    forge(changed(**members))
    told = outcome_of_one(lambdapool.ProtocolError)
    assert "may have run" in told


@pytest.mark.parametrize(
    "make",
    [lambda **options: LambdaPool(1, "f", **options), lambda **options: lambdapool.LambdaExecutor("f", **options)],
)
def test_plain_http_to_another_machine_has_to_be_allowed(forge, monkeypatch, make):
    forge(None)
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://192.0.2.1:9")
    monkeypatch.delenv("LAMBDAPOOL_ALLOW_HTTP", raising=False)
    with pytest.raises(ValueError, match="plain http to another machine.*LAMBDAPOOL_ALLOW_HTTP=1"):
        make()
    with make(allow_http=True):
        pass
    monkeypatch.setenv("LAMBDAPOOL_ALLOW_HTTP", "1")
    with make():
        pass
    with pytest.raises(TypeError, match="allow_http"):
        make(allow_http="yes")
