"""Google's own client of Cloud Storage (google-cloud-storage), and its XML API, against `lambdapool serve`."""

import datetime
import urllib.error
import urllib.request

import pytest

storage = pytest.importorskip("google.cloud.storage", reason="google-cloud-storage is not installed")
CONTENT = bytes(range(256)) * 4_000  # more than one part of an upload


@pytest.fixture
def client(serve):
    from google.auth import credentials

    class Bearer(credentials.AnonymousCredentials):
        def before_request(self, request, method, url, headers):
            headers["authorization"] = "Bearer anything"

    made = storage.Client(project="p", credentials=Bearer(), client_options={"api_endpoint": serve.endpoint})
    made._http.headers["Authorization"] = "Bearer anything"
    return made


@pytest.fixture
def bucket(client):
    return client.create_bucket("bucket")


@pytest.fixture
def signer():
    rsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa")
    from cryptography.hazmat.primitives import serialization
    from google.oauth2 import service_account

    pem = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    email = "a@p.iam.gserviceaccount.com"
    key = {"private_key": pem.decode(), "client_email": email, "token_uri": "http://127.0.0.1:9/"}
    return service_account.Credentials.from_service_account_info(key)


def send(method, url, body=None, **headers):
    request = urllib.request.Request(url, body, headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.status, answer.headers, answer.read()


def test_buckets_are_made_listed_and_removed_when_they_are_empty(client, bucket):
    from google.api_core import exceptions

    client.create_bucket("another")
    assert [one.name for one in client.list_buckets()] == ["another", "bucket"]
    assert client.lookup_bucket("bucket").name == "bucket" and client.lookup_bucket("nothing") is None
    with pytest.raises(exceptions.Conflict):
        client.create_bucket("bucket")
    bucket.labels = {"stage": "test"}
    bucket.patch()
    assert client.get_bucket("bucket").labels == {"stage": "test"}
    bucket.blob("a").upload_from_string("1")
    with pytest.raises(exceptions.Conflict):
        bucket.delete()
    bucket.delete(force=True)
    assert [one.name for one in client.list_buckets()] == ["another"]


@pytest.mark.parametrize("chunk", [None, 256 * 1024], ids=["at once", "in parts"])
def test_what_is_uploaded_comes_back_whole_and_in_pieces(bucket, chunk, tmp_path):
    (tmp_path / "file").write_bytes(CONTENT)
    blob = bucket.blob("folder/a b.bin", chunk_size=chunk)
    blob.upload_from_filename(tmp_path / "file")  # which compares checksums
    assert (blob.size, bool(blob.generation)) == (len(CONTENT), True)
    found = bucket.get_blob("folder/a b.bin")
    assert (found.size, found.crc32c, found.generation) == (blob.size, blob.crc32c, blob.generation)
    assert found.download_as_bytes() == CONTENT
    assert found.download_as_bytes(start=5, end=9) == CONTENT[5:10]
    bucket.blob("empty", chunk_size=chunk).upload_from_string(b"")
    assert bucket.blob("empty").download_as_bytes() == b""


def test_objects_are_listed_by_prefix_and_in_pages(bucket):
    for name in ("a/1", "a/2", "a/b/3", "c"):
        bucket.blob(name).upload_from_string(name)
    assert [blob.name for blob in bucket.list_blobs()] == ["a/1", "a/2", "a/b/3", "c"]
    assert [blob.name for blob in bucket.list_blobs(page_size=1)] == ["a/1", "a/2", "a/b/3", "c"]
    folder = bucket.list_blobs(prefix="a/", delimiter="/")
    assert [blob.name for blob in folder] == ["a/1", "a/2"]
    assert folder.prefixes == {"a/b/"}


def test_conditions_hold_or_nothing_happens(bucket):
    from google.api_core import exceptions

    blob = bucket.blob("a")
    blob.upload_from_string("1", if_generation_match=0)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("a").upload_from_string("2", if_generation_match=0)
    assert bucket.blob("a").download_as_bytes() == b"1"
    bucket.blob("a").upload_from_string("2", if_generation_match=blob.generation)
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("a").delete(if_generation_match=blob.generation)
    bucket.blob("a").delete()
    assert not bucket.blob("a").exists()
    with pytest.raises(exceptions.NotFound):
        bucket.blob("a").delete()
    with pytest.raises(exceptions.NotFound):
        bucket.blob("a").download_as_bytes()


def test_the_xml_api_puts_gets_and_removes(serve, bucket):
    url, bearer = serve.endpoint + "/bucket/folder/a%20b.bin", {"Authorization": "Bearer anything"}
    status, headers, _ = send("PUT", url, CONTENT, **bearer, **{"x-goog-content-length-range": "0,2000000"})
    blob = bucket.get_blob("folder/a b.bin")
    assert (status, headers["x-goog-generation"]) == (200, str(blob.generation))
    assert headers["x-goog-hash"] == "crc32c=" + blob.crc32c
    assert send("GET", url, **bearer)[2] == CONTENT
    status, headers, part = send("GET", url, **bearer, Range="bytes=-7")
    assert (status, part) == (206, CONTENT[-7:])
    assert send("DELETE", url, **bearer)[0] == 204
    for method, where, length, reason in (
        ("GET", url, None, "NoSuchKey"),
        ("PUT", serve.endpoint + "/nothing/a", None, "NoSuchBucket"),
        ("PUT", url, "0,3", "EntityTooLarge"),
    ):
        limits = {"x-goog-content-length-range": length} if length else {}
        with pytest.raises(urllib.error.HTTPError) as refused:
            send(method, where, b"1234" if method == "PUT" else None, **bearer, **limits)
        assert "<Code>%s</Code>" % reason in refused.value.read().decode()


def test_a_signed_url_needs_no_token_until_it_ends(serve, bucket, signer):
    def signed(method, minutes=10):
        return bucket.blob("folder/a b.bin").generate_signed_url(
            expiration=datetime.timedelta(minutes=minutes),
            version="v4", method=method, credentials=signer, api_access_endpoint=serve.endpoint,
        )

    assert send("PUT", signed("PUT"), b"signed")[0] == 200
    assert send("GET", signed("GET"))[2] == b"signed"
    old = signed("GET").replace("X-Goog-Date=20", "X-Goog-Date=19")
    with pytest.raises(urllib.error.HTTPError, match="400") as refused:
        send("GET", old)
    assert "ExpiredToken" in refused.value.read().decode()
    with pytest.raises(urllib.error.HTTPError, match="401"):
        send("GET", serve.endpoint + "/storage/v1/b/bucket")
