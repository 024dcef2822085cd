"""Pools through a real proxy (tinyproxy) and over TLS under an authority of our own."""

import shutil

import lambdapool
import lambdapool_tasks as tasks
import pytest
from authority import Authority, serve_tls
from conftest import identity
from lambdapool import LambdaPool
from stub_service import StubService
from tiny_proxy import TinyProxy, free_port

needs_tinyproxy = pytest.mark.skipif(not shutil.which("tinyproxy"), reason="tinyproxy is not installed")


@pytest.fixture
def service(monkeypatch):
    """A stub of Lambda that this environment names, and no proxy yet."""
    import os

    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    stub = StubService()
    for name, value in dict(identity(), LAMBDAPOOL_TARGET="aws", AWS_ENDPOINT_URL_LAMBDA=stub.url).items():
        monkeypatch.setenv(name, value)
    yield stub
    stub.stop()


@pytest.fixture
def https(service, monkeypatch, tmp_path):
    """Makes the stub an https service; its authority."""
    authority = Authority(tmp_path)
    serve_tls(service._server, authority.server_context())
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", service.url.replace("http://127.0.0.1", "https://localhost"))
    monkeypatch.setenv("AWS_CA_BUNDLE", authority.bundle)
    return authority


@pytest.fixture
def start_proxy(tmp_path):
    running = []

    def start(**options):
        running.append(TinyProxy(tmp_path, **options))
        return running[-1]

    yield start
    for proxy in running:
        if proxy.process.poll() is None:
            proxy.stop()


def squares(**options):
    with LambdaPool(workers=4, lambda_function="algorithms", **options) as pool:
        return pool.map(tasks.square, range(40), chunksize=1)


@needs_tinyproxy
def test_a_pool_goes_through_the_proxy(service, start_proxy, monkeypatch):
    proxy = start_proxy(user=("me", "password"))
    monkeypatch.setenv("HTTP_PROXY", proxy.url("me:p%61ssword"))
    assert squares() == [n * n for n in range(40)]
    requests = proxy.stop()
    calls = tuple("POST %s/%s/functions/algorithms/" % (service.url, version) for version in ("2015-03-31", "2021-11-15"))
    assert requests and all(line.startswith(calls) for line in requests)


@needs_tinyproxy
def test_a_pool_goes_through_tunnels_to_https(service, https, start_proxy, monkeypatch):
    proxy = start_proxy(user=("me", "password"))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url("me:password"))
    assert squares() == [n * n for n in range(40)]
    tunnels = proxy.stop()
    assert 1 <= len(tunnels) <= 4 and all(line.startswith("CONNECT localhost:") for line in tunnels)


@needs_tinyproxy
def test_a_proxy_that_refuses_is_not_taken_for_lambda(service, https, start_proxy, monkeypatch):
    proxy = start_proxy(user=("me", "password"))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url("me:wrong"))
    with pytest.raises(
        lambdapool.NetworkError, match="the proxy 127.0.0.1:%d .HTTPS_PROXY. refused the user" % proxy.port
    ):
        squares()
    assert service.invocations == 0


def test_a_proxy_that_is_down_is_told(service, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:%d" % free_port())
    with pytest.raises(lambdapool.NetworkError, match="cannot connect to the proxy .*connection refused") as caught:
        squares(network_timeout=0.5)
    assert "may have run" not in str(caught.value)


def test_a_proxy_that_goes_away_in_the_middle_leaves_no_task_without_an_outcome(
    service, https, start_proxy, monkeypatch
):
    if not shutil.which("tinyproxy"):
        pytest.skip("tinyproxy is not installed")
    proxy = start_proxy()
    monkeypatch.setenv("HTTPS_PROXY", proxy.url())
    with LambdaPool(workers=4, lambda_function="algorithms", network_timeout=0.5) as pool:
        assert pool.apply(tasks.square, (3,)) == 9
        proxy.stop()
        results = [pool.apply_async(tasks.square, (n,)) for n in range(20)]
        for result in results:
            with pytest.raises(lambdapool.NetworkError):
                result.get(60)


def test_a_certificate_of_nobody_we_trust_is_refused(service, https, monkeypatch):
    monkeypatch.delenv("AWS_CA_BUNDLE")
    with pytest.raises(lambdapool.NetworkError, match="AWS_CA_BUNDLE"):
        squares()
    assert service.invocations == 0
