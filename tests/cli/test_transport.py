"""The way to the service: a real proxy (tinyproxy), TLS under an authority of our own, IPv6."""

import calendar
import email.utils
import os
import shutil
import socket
import threading
import time
from http.server import ThreadingHTTPServer

import pytest
from authority import Authority, serve_tls
from fake_aws import FakeAws, error
from tiny_proxy import TinyProxy, free_port

needs_tinyproxy = pytest.mark.skipif(not shutil.which("tinyproxy"), reason="tinyproxy is not installed")


@pytest.fixture
def authority(tmp_path):
    directory = tmp_path / "authority"
    directory.mkdir()
    return Authority(directory)


@pytest.fixture
def start_proxy(tmp_path):
    running = []

    def start(*arguments, **options):
        running.append(TinyProxy(tmp_path, *arguments, **options))
        return running[-1]

    yield start
    for proxy in running:
        if proxy.process.poll() is None:
            proxy.stop()


@pytest.fixture
def run_aws(run_aws, clean_environment):
    for name in [name for name in clean_environment if name.lower().endswith("_proxy")]:
        del clean_environment[name]
    return run_aws


def https(aws, context, host="localhost"):
    """Makes `aws` an https service; the environment that names it."""
    serve_tls(aws.server, context)
    return {"AWS_ENDPOINT_URL": "https://%s:%d" % (host, aws.server.server_port)}


def one_sentence(done):
    assert done.returncode == 1, done
    assert done.stderr.startswith("Error: ") and done.stderr.count("\n") == 1, done.stderr
    return done.stderr


@needs_tinyproxy
def test_an_http_endpoint_is_asked_for_through_the_proxy(aws, run_aws, start_proxy):
    proxy = start_proxy()
    assert run_aws("list", http_proxy=proxy.url()).returncode == 0
    (request,) = proxy.stop()
    assert request.startswith("GET http://127.0.0.1:%d/2015-03-31/functions" % aws.server.server_port)
    assert aws.actions() == ["ListFunctions"]


@needs_tinyproxy
def test_an_https_endpoint_is_reached_through_a_tunnel(aws, run_aws, start_proxy, authority):
    proxy = start_proxy()
    where = https(aws, authority.server_context())
    done = run_aws("list", **where, https_proxy=proxy.url(), AWS_CA_BUNDLE=authority.bundle)
    assert (done.returncode, done.stderr) == (0, "")
    assert proxy.stop() == ["CONNECT localhost:%d HTTP/1.1" % aws.server.server_port]


@needs_tinyproxy
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_proxys_password_is_in_its_url_percent_encoded(aws, run_aws, start_proxy, authority, scheme):
    proxy = start_proxy(user=("me", "password"))
    where = https(aws, authority.server_context()) if scheme == "https" else {}
    where["AWS_CA_BUNDLE"] = authority.bundle
    variable = scheme + "_proxy"
    assert run_aws("list", **where, **{variable: proxy.url("m%65:p%61ssword")}).returncode == 0
    told = one_sentence(run_aws("list", **where, **{variable: proxy.url()}))
    assert "the proxy 127.0.0.1:%d (%s)" % (proxy.port, variable) in told and "http://user:password@" in told
    wrong = one_sentence(run_aws("list", **where, **{variable: proxy.url("me:wrong")}))
    assert "refused the user and password in its URL" in wrong
    assert aws.actions() == ["ListFunctions"]


@needs_tinyproxy
def test_no_proxy_goes_around_it(aws, run_aws, start_proxy):
    proxy = start_proxy()
    assert run_aws("list", http_proxy=proxy.url(), no_proxy="example.com,127.0.0.1").returncode == 0
    assert proxy.stop() == []


@needs_tinyproxy
def test_a_proxy_that_may_not_connect_there_is_told_from_the_service(aws, run_aws, start_proxy, authority):
    proxy = start_proxy(lines=["ConnectPort 1"])
    where = https(aws, authority.server_context())
    told = one_sentence(run_aws("list", **where, https_proxy=proxy.url()))
    assert "the proxy 127.0.0.1:%d (https_proxy) refused to connect to localhost" % proxy.port in told
    assert "(HTTP 403)" in told


def test_a_proxy_that_is_down_is_told_from_the_service(run_aws):
    port = free_port()
    told = one_sentence(run_aws("list", HTTP_PROXY="http://127.0.0.1:%d" % port))
    assert "cannot connect to the proxy 127.0.0.1:%d (HTTP_PROXY): connection refused" % port in told


def test_a_proxy_that_speaks_another_protocol_is_refused_at_once(run_aws):
    told = one_sentence(run_aws("list", HTTP_PROXY="socks5://me:secret@127.0.0.1:1080"))
    assert "HTTP_PROXY" in told and "secret" not in told


@needs_tinyproxy
def test_the_proxy_itself_may_speak_tls(aws, run_aws, start_proxy, authority):
    """tinyproxy has no TLS of its own: a relay puts it in front."""
    proxy = start_proxy()
    relay = TlsRelay(authority.server_context(), proxy.port)
    where = https(aws, authority.server_context())
    url = "https://localhost:%d" % relay.port
    try:
        done = run_aws("list", **where, https_proxy=url, AWS_CA_BUNDLE=authority.bundle)
        assert (done.returncode, done.stderr) == (0, "")
        refused = one_sentence(run_aws("list", **where, https_proxy=url))
        assert "the proxy localhost:%d" % relay.port in refused and "AWS_CA_BUNDLE" in refused
    finally:
        relay.close()
    assert proxy.stop() == ["CONNECT localhost:%d HTTP/1.1" % aws.server.server_port]


def test_local_never_goes_through_a_proxy(run):
    down = "http://127.0.0.1:%d" % free_port()
    done = run("list", HTTP_PROXY=down, HTTPS_PROXY=down, http_proxy=down, https_proxy=down, NO_PROXY="")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_private_authority_is_named_by_variable_or_profile(aws, run_aws, authority, tmp_path):
    where = https(aws, authority.server_context())
    assert run_aws("list", **where, AWS_CA_BUNDLE=authority.bundle).returncode == 0
    config = tmp_path / "config"
    config.write_text("[default]\nca_bundle = %s\n" % authority.bundle)
    assert run_aws("list", **where, AWS_CONFIG_FILE=str(config)).returncode == 0


@pytest.mark.parametrize(
    "certificate, reason",
    [
        ({"names": "DNS:elsewhere.example"}, "hostname mismatch"),
        ({"self_signed": True}, "self-signed certificate"),
        ({"not_before": "20200101000000Z", "not_after": "20200102000000Z"}, "certificate has expired"),
    ],
)
def test_a_certificate_that_proves_nothing_is_refused_in_one_sentence(aws, run_aws, authority, certificate, reason):
    where = https(aws, authority.server_context(**certificate))
    told = one_sentence(run_aws("list", **where, AWS_CA_BUNDLE=authority.bundle))
    assert "localhost:%d" % aws.server.server_port in told and reason in told
    assert aws.requests == []


def test_an_unknown_authority_is_told_with_the_way_to_trust_it(aws, run_aws, authority):
    where = https(aws, authority.server_context())
    told = one_sentence(run_aws("list", **where))
    assert "unable to get local issuer certificate" in told and "AWS_CA_BUNDLE" in told


def test_a_bundle_that_is_not_there_is_told(aws, run_aws, authority):
    where = https(aws, authority.server_context())
    assert "/nonexistent.pem" in one_sentence(run_aws("list", **where, AWS_CA_BUNDLE="/nonexistent.pem"))


def test_a_bundle_that_is_a_named_pipe_is_not_waited_for(aws, run_aws, authority, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    where = https(aws, authority.server_context())
    assert "fifo: it is a named pipe" in one_sentence(run_aws("list", **where, AWS_CA_BUNDLE=str(tmp_path / "fifo")))


def shift_clock(aws, seconds):
    """The service's clock goes `seconds` before ours, and it refuses signatures that are not of its time.
    The refused requests' list."""
    refused = []

    def shifted():
        return time.time() + seconds

    def check(request):
        signed = calendar.timegm(time.strptime(request.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ"))
        if abs(signed - shifted()) < 300:
            return None
        refused.append(request.action)
        late = "Signature expired: it is" if signed < shifted() else "Signature not yet current: it is"
        if request.form:
            body = (
                "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>%s</Message></Error></ErrorResponse>"
            )
            return 403, body % late
        return error(403, "InvalidSignatureException", late)

    aws.server.RequestHandlerClass.date_time_string = lambda *_: email.utils.formatdate(shifted(), usegmt=True)
    aws.hooks.append(check)
    return refused


@pytest.mark.parametrize("seconds", [7200, -7200])
def test_a_wrong_clock_is_corrected_once_for_each_service(aws, run_aws, algorithms, seconds):
    refused = shift_clock(aws, seconds)
    done = run_aws("create", "f", "algorithms")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(refused) == 2 and sum("Role" in action for action in refused) == 1, refused
    assert "f" in aws.functions and "lambdapool-role-f" in aws.roles


def test_a_clock_that_is_refused_even_when_right_is_told(aws, run_aws):
    aws.hooks.append(lambda request: error(403, "InvalidSignatureException", "Signature expired: it is"))
    assert "set this machine's clock" in one_sentence(run_aws("list"))
    assert len(aws.requests) == 1


@pytest.mark.parametrize("attempts", [1, 2, 5])
def test_the_number_of_attempts_is_the_users(aws, run_aws, attempts):
    aws.hooks.append(lambda request: (503, {}))
    one_sentence(run_aws("list", AWS_MAX_ATTEMPTS=str(attempts)))
    assert len(aws.requests) == attempts


def test_settings_that_make_no_sense_are_refused_before_anything_is_sent(aws, run_aws):
    assert "AWS_MAX_ATTEMPTS" in one_sentence(run_aws("list", AWS_MAX_ATTEMPTS="many"))
    assert "AWS_RETRY_MODE" in one_sentence(run_aws("list", AWS_RETRY_MODE="eager"))
    assert aws.requests == []


def test_an_endpoint_may_be_an_ipv6_address(run_aws):
    class V6(ThreadingHTTPServer):
        address_family = socket.AF_INET6

    fake = FakeAws()
    try:
        server = V6(("::1", 0), fake.server.RequestHandlerClass)
    except OSError:
        fake.close()
        pytest.skip("this machine has no IPv6 loopback")
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        assert run_aws("list", AWS_ENDPOINT_URL="http://[::1]:%d" % server.server_port).returncode == 0
        assert fake.actions() == ["ListFunctions"]
    finally:
        server.shutdown()
        server.server_close()
        fake.close()


class TlsRelay:
    """Takes TLS off connections and passes their bytes on to a port of loopback."""

    def __init__(self, context, to):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._context, self._to = context, to
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                accepted, _ = self._listener.accept()
                inner = self._context.wrap_socket(accepted, server_side=True)
            except OSError:
                if self._listener.fileno() < 0:
                    return
                continue
            outer = socket.create_connection(("127.0.0.1", self._to))
            for source, sink in ((inner, outer), (outer, inner)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    @staticmethod
    def _pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
