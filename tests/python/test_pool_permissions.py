"""A pool needs lambda:InvokeFunction and nothing else; and says what is wrong with a function's name."""

import http.server
import json
import threading

import lambdapool_tasks as tasks
import pytest
from lambdapool import AccessDenied, FunctionNotFound, LambdaExecutor, LambdaPool
from stub_service import StubService


class Recorder(StubService):
    """Notes every request that comes, of whatever kind."""

    def __init__(self):
        super().__init__()
        self.seen = []
        handler, seen = self._server.RequestHandlerClass, self.seen

        def note(request):
            seen.append((request.command, request.path))
            if request.command == "POST":
                handler.do_POST(request)
            else:
                request.send_error(500)

        class Noting(handler):
            do_GET = do_PUT = do_DELETE = do_HEAD = do_PATCH = note
            do_POST = note

        self._server.RequestHandlerClass = Noting


@pytest.fixture
def recorder(enter, monkeypatch):
    enter("stub")
    service = Recorder()
    for name in ("AWS_ENDPOINT_URL_LAMBDA", "AWS_ENDPOINT_URL"):  # whatever service is called, it comes here
        monkeypatch.setenv(name, service.url)
    yield service
    service.stop()


def test_a_pool_makes_no_call_but_invoke(recorder):
    with LambdaPool(workers=2, lambda_function="algorithms") as pool:
        assert pool.apply(tasks.square, (2,)) == 4
        assert pool.map(tasks.square, range(5)) == [0, 1, 4, 9, 16]
        assert list(pool.imap_unordered(tasks.square, [1])) == [1]
        result = pool.apply_async(tasks.square, (3,))
        assert result.get(60) == 9 and result.logs
        with pytest.raises(ValueError):
            pool.apply(tasks.raise_value_error, (1,))
    with LambdaExecutor(lambda_function="algorithms") as executor:
        assert executor.submit(tasks.square, 2).result(60) == 4
    assert len(recorder.seen) >= 10
    invoke = "/2015-03-31/functions/algorithms/invocations"
    streamed = "/2021-11-15/functions/algorithms/response-streaming-invocations"
    assert set(recorder.seen) <= {("POST", invoke), ("POST", streamed)}  # which need the same right


BAD_NAMES = ["no such", "", "f:", "a/b", "f" * 65, "arn:aws:s3:::bucket", "f:a:b"]


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize("kind", [lambda name: LambdaPool(1, name), LambdaExecutor])
def test_a_name_that_cannot_be_is_a_value_error_before_anything_is_sent(recorder, kind, name):
    with pytest.raises(ValueError) as caught:
        kind(name)
    assert "regular expression" not in str(caught.value) and recorder.seen == []


@pytest.mark.parametrize(
    "name", ["algorithms:$LATEST", "algorithms:prod", "arn:aws:lambda:us-east-1:123456789012:function:algorithms:3"]
)
def test_every_form_of_name_that_lambda_takes_is_taken(recorder, name):
    LambdaPool(1, name).terminate()


def test_a_function_that_is_not_there_is_named_with_its_place(enter):
    enter("stub")
    with (
        LambdaPool(1, "nobody") as pool,
        pytest.raises(FunctionNotFound, match="no function nobody in us-east-1.*lambdapool create nobody"),
    ):
        pool.apply(tasks.square, (1,))
    enter("local")
    with (
        LambdaPool(1, "nobody") as pool,
        pytest.raises(FunctionNotFound, match="no function nobody on the target local"),
    ):
        pool.apply(tasks.square, (1,))


@pytest.mark.parametrize(
    "said, words",
    [
        (
            "User: arn:aws:iam::1:user/ada is not authorized to perform: lambda:InvokeFunction on resource: arn:f because no identity-based policy allows the lambda:InvokeFunction action",
            '{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"arn:f"}',
        ),
        ("Forbidden", "`lambdapool policy invoke algorithms`"),
    ],
)
def test_a_refused_pool_is_told_the_statement_to_add(enter, monkeypatch, said, words):
    enter("stub")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps({"Message": said}).encode()
            self.send_response(403)
            self.send_header("x-amzn-ErrorType", "AccessDeniedException")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:%d" % server.server_port)
        with LambdaPool(1, "algorithms") as pool, pytest.raises(AccessDenied) as caught:
            pool.apply(tasks.square, (1,))
        server.shutdown()
    assert words in str(caught.value)
