"""The local object store, used by boto3: a client of S3 that shares no code with it."""

import concurrent.futures
import datetime
import hashlib
import os
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

boto3 = pytest.importorskip("boto3")
from boto3.s3.transfer import TransferConfig
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from conftest import PROGRAM
from local_lambda import refused, served

MB = 1 << 20


def client_of(endpoint, key="AKIDLOCAL", secret="secret", **config):
    return boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key=secret,
        config=Config(retries={"max_attempts": 0}, read_timeout=600, **{"signature_version": "s3v4", **config}),
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def endpoint(home):
    os.environ.update(LAMBDAPOOL_SERVE_ACCESS_KEY_ID="AKIDLOCAL", LAMBDAPOOL_SERVE_SECRET_ACCESS_KEY="secret")
    try:
        with served(home) as url:
            yield url
    finally:
        del os.environ["LAMBDAPOOL_SERVE_ACCESS_KEY_ID"], os.environ["LAMBDAPOOL_SERVE_SECRET_ACCESS_KEY"]


@pytest.fixture(scope="module")
def s3(endpoint):
    return client_of(endpoint)


@pytest.fixture
def bucket(s3, request):
    name = "b" + hashlib.sha256(request.node.name.encode()).hexdigest()[:20]
    s3.create_bucket(Bucket=name)
    return name


def read(s3, bucket, key, **more):
    return s3.get_object(Bucket=bucket, Key=key, **more)["Body"].read()


@pytest.mark.parametrize("key", ["a", "a/b//c", "ä ö+&%?<>", "x" * 1024, "..", "a/../b"])
def test_what_is_put_is_got_whatever_its_key(s3, bucket, key):
    s3.put_object(Bucket=bucket, Key=key, Body=b"bytes of " + key.encode(), ContentType="text/plain", Metadata={"who": "me"})
    got = s3.get_object(Bucket=bucket, Key=key)
    assert got["Body"].read() == b"bytes of " + key.encode()
    assert (got["ContentType"], got["Metadata"]) == ("text/plain", {"who": "me"})
    head = s3.head_object(Bucket=bucket, Key=key)
    assert (head["ContentLength"], head["ETag"]) == (len(b"bytes of " + key.encode()), got["ETag"])
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    s3.delete_object(Bucket=bucket, Key=key)
    assert refused(s3.get_object, Bucket=bucket, Key=key)[0] == "NoSuchKey"
    assert refused(s3.head_object, Bucket=bucket, Key=key)[2] == 404


def test_large_files_go_up_in_parts_and_come_back_in_ranges(s3, bucket, tmp_path, home):
    content = os.urandom(MB) * 40 + b"the end"
    source, back = tmp_path / "source", tmp_path / "back"
    source.write_bytes(content)
    parts = TransferConfig(multipart_threshold=5 * MB, multipart_chunksize=5 * MB, max_concurrency=4)
    s3.upload_file(str(source), bucket, "large", Config=parts)
    assert s3.head_object(Bucket=bucket, Key="large")["ETag"].endswith('-9"')
    s3.download_file(bucket, "large", str(back), Config=parts)
    assert back.read_bytes() == content
    assert list((home / "objects" / bucket / "uploads").iterdir()) == []
    assert list((home / "objects" / bucket / "incoming").iterdir()) == []


def test_the_service_holds_no_body_in_memory(s3, endpoint, bucket, tmp_path):
    source = tmp_path / "source"
    with source.open("wb") as file:
        file.truncate(300 * MB)
    port = int(endpoint.rsplit(":", 1)[1])
    s3.upload_file(str(source), bucket, "zeros", Config=TransferConfig(multipart_threshold=1 << 40))
    s3.download_file(bucket, "zeros", str(tmp_path / "back"), Config=TransferConfig(multipart_threshold=1 << 40))
    assert (tmp_path / "back").stat().st_size == 300 * MB
    assert peak_memory_of_listener(port) < 150 * MB


def peak_memory_of_listener(port):
    """VmHWM, in bytes, of the process that listens on the port."""
    inode = next(
        line.split()[9] for line in Path("/proc/net/tcp").read_text().splitlines() if line.split()[1].endswith(":%04X" % port) and line.split()[3] == "0A"
    )
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            held = {os.readlink("/proc/%s/fd/%s" % (process, fd)) for fd in os.listdir("/proc/%s/fd" % process)}
        except OSError:
            continue
        if "socket:[%s]" % inode in held:
            status = Path("/proc/%s/status" % process).read_text()
            return int(status.split("VmHWM:")[1].split()[0]) * 1024
    raise AssertionError("nobody listens")


@pytest.mark.parametrize(
    "range_, expected",
    [("bytes=2-4", b"234"), ("bytes=7-", b"789"), ("bytes=-2", b"89"), ("bytes=8-100", b"89"), ("bytes=-100", b"0123456789")],
)
def test_ranges(s3, bucket, range_, expected):
    s3.put_object(Bucket=bucket, Key="digits", Body=b"0123456789")
    got = s3.get_object(Bucket=bucket, Key="digits", Range=range_)
    assert (got["Body"].read(), got["ResponseMetadata"]["HTTPStatusCode"]) == (expected, 206)
    assert got["ContentRange"].endswith("/10")


def test_a_range_beyond_the_object_is_refused(s3, bucket):
    s3.put_object(Bucket=bucket, Key="digits", Body=b"0123456789")
    assert refused(s3.get_object, Bucket=bucket, Key="digits", Range="bytes=10-")[0::2] == ("InvalidRange", 416)


def test_conditions(s3, bucket):
    tag = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["ETag"]
    assert read(s3, bucket, "k", IfMatch=tag) == b"1"
    assert refused(s3.get_object, Bucket=bucket, Key="k", IfMatch='"other"')[2] == 412
    assert refused(s3.get_object, Bucket=bucket, Key="k", IfNoneMatch=tag)[2] == 304
    assert refused(s3.get_object, Bucket=bucket, Key="k", IfModifiedSince=datetime.datetime(2035, 1, 1))[2] == 304
    assert refused(s3.get_object, Bucket=bucket, Key="k", IfUnmodifiedSince=datetime.datetime(2005, 1, 1))[2] == 412


def test_only_one_of_those_who_put_what_is_not_there_succeeds(endpoint, s3, bucket):
    def put(number):
        try:
            client_of(endpoint).put_object(Bucket=bucket, Key="once", Body=str(number).encode(), IfNoneMatch="*")
            return number
        except Exception as error:
            assert error.response["Error"]["Code"] == "PreconditionFailed"
            return None

    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        winners = [number for number in threads.map(put, range(8)) if number is not None]
    assert [str(number).encode() for number in winners] == [read(s3, bucket, "once")]


def test_lists_have_pages_prefixes_and_delimiters(s3, bucket):
    keys = ["a/1", "a/2", "b", "c/1", "d & <e>", "é"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    assert [each["Key"] for page in pages for each in page["Contents"]] == keys
    folders = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [each["Prefix"] for each in folders["CommonPrefixes"]] == ["a/", "c/"]
    assert [each["Key"] for each in folders["Contents"]] == ["b", "d & <e>", "é"]
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix="a/")["Contents"]] == ["a/1", "a/2"]
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_buckets(s3, bucket):
    assert bucket in [each["Name"] for each in s3.list_buckets()["Buckets"]]
    s3.head_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    assert refused(s3.delete_bucket, Bucket=bucket)[0] == "BucketNotEmpty"
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_bucket(Bucket=bucket)
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"")[0] == "NoSuchBucket"


def fetch(url, method="GET", data=None):
    """(status, body)"""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, method=method)) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_a_presigned_url_allows_one_call(s3, bucket):
    put = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "a b"}, 60)
    get = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "a b"}, 60)
    assert fetch(put, "PUT", b"bytes")[0] == 200
    assert fetch(get) == (200, b"bytes")
    assert b"SignatureDoesNotMatch" in fetch(get, "DELETE")[1]
    assert b"SignatureDoesNotMatch" in fetch(get.replace("a%20b", "other"))[1]
    assert b"SignatureDoesNotMatch" in fetch(get.replace("Expires=60", "Expires=600"))[1]


def test_an_old_signature_is_refused_with_the_way_out(endpoint, bucket):
    url = client_of(endpoint, signature_version="s3").generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"}, 60)
    status, body = fetch(url)
    assert status == 400 and b"s3v4" in body


def put_written(s3, bucket, name, body=b""):
    def tell(request, **_):
        request.headers["X-Lambdapool-Written"] = name

    s3.meta.events.register("before-sign.s3.PutObject", tell)
    try:
        return s3.put_object(Bucket=bucket, Key="written", Body=body)
    finally:
        s3.meta.events.unregister("before-sign.s3.PutObject", tell)


@pytest.fixture
def incoming(s3, home):
    """Where files are written that need only be named to the bucket of pools."""
    s3.head_bucket(Bucket="lambdapool")
    (directory,) = home.glob("scratch/*/objects/incoming")
    yield directory
    assert list(directory.iterdir()) == []


def test_a_file_that_was_written_where_it_lies_becomes_an_object(s3, incoming):
    (incoming / "0a1b").write_bytes(b"by itself")
    put_written(s3, "lambdapool", "0a1b")
    assert s3.get_object(Bucket="lambdapool", Key="written")["Body"].read() == b"by itself"
    s3.delete_object(Bucket="lambdapool", Key="written")


@pytest.mark.parametrize("name, status", [("../keys/a", 400), ("/etc/passwd", 400), ("..", 400), ("", 400), ("ab", 500)])
def test_a_file_that_was_not_written_there_becomes_none(s3, incoming, name, status):
    assert refused(put_written, s3=s3, bucket="lambdapool", name=name)[2] == status
    assert refused(s3.get_object, Bucket="lambdapool", Key="written")[0] == "NoSuchKey"


def test_a_file_that_was_written_is_no_other_objects(s3, incoming):
    """Not even of one that was named so, too."""
    for content in (b"first", b"second"):
        (incoming / "0a1b").write_bytes(content)
        put_written(s3, "lambdapool", "0a1b")
        assert s3.get_object(Bucket="lambdapool", Key="written")["Body"].read() == content
    s3.delete_object(Bucket="lambdapool", Key="written")


def test_a_file_that_was_written_is_named_by_who_has_signed_that(s3, incoming):
    def add(request, **_):
        request.headers["X-Lambdapool-Written"] = "0e"

    (incoming / "0e").write_bytes(b"written")
    s3.meta.events.register("before-send.s3.PutObject", add)
    try:
        assert refused(s3.put_object, Bucket="lambdapool", Key="written", Body=b"")[0] == "AccessDenied"
    finally:
        s3.meta.events.unregister("before-send.s3.PutObject", add)
    assert refused(put_written, s3=s3, bucket="lambdapool", name="0e", body=b"another")[0] == "InvalidRequest"
    (incoming / "0e").unlink()


def test_who_was_given_a_url_can_name_no_file(s3, incoming):
    (incoming / "0c").write_bytes(b"another's")
    url = s3.generate_presigned_url("put_object", Params={"Bucket": "lambdapool", "Key": "written"})
    request = urllib.request.Request(url, method="PUT", data=b"", headers={"X-Lambdapool-Written": "0c"})
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(request)
    assert raised.value.code == 403
    (incoming / "0c").unlink()


def test_other_buckets_take_bodies_alone(s3, bucket, incoming):
    put_written(s3, bucket, "0d", b"the body")
    assert s3.get_object(Bucket=bucket, Key="written")["Body"].read() == b"the body"


def test_a_presigned_url_expires(endpoint, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"bytes")

    def url(seconds_ago):
        request = AWSRequest("GET", "%s/%s/k" % (endpoint, bucket))
        auth = S3SigV4QueryAuth(Credentials("AKIDLOCAL", "secret"), "s3", "us-east-1", expires=60)
        import botocore.auth

        now = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=seconds_ago)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(botocore.auth, "get_current_datetime", lambda *_: now.replace(tzinfo=None))
            auth.add_auth(request)
        return request.prepare().url

    assert fetch(url(30))[0] == 200
    status, body = fetch(url(90))
    assert status == 403 and b"Request has expired" in body


@pytest.mark.parametrize(
    "key, secret, code", [("AKIDLOCAL", "wrong", "SignatureDoesNotMatch"), ("OTHER", "secret", "InvalidAccessKeyId")]
)
def test_other_keys_are_refused(endpoint, bucket, key, secret, code):
    other = client_of(endpoint, key, secret)
    assert refused(other.list_objects_v2, Bucket=bucket)[0] == code
    assert refused(other.put_object, Bucket=bucket, Key="k", Body=b"x")[0] == code


def test_web_pages_are_refused(s3, bucket):
    url = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"}, 60)
    request = urllib.request.Request(url, headers={"Origin": "http://example.com"})
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(request)
    assert refusal.value.code == 403


def test_wrong_bytes_are_refused(s3, bucket):
    def spoil(request, **_):
        del request.headers["x-amz-checksum-crc32"]
        request.headers["x-amz-checksum-crc32"] = "AAAAAA=="

    s3.meta.events.register("before-sign.s3.PutObject", spoil)
    try:
        assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"bytes")[0] == "BadDigest"
    finally:
        s3.meta.events.unregister("before-sign.s3.PutObject", spoil)
    assert refused(s3.get_object, Bucket=bucket, Key="k")[0] == "NoSuchKey"


def test_an_upload_that_breaks_off_leaves_nothing(endpoint, s3, bucket, home):
    url = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "half"}, 60)
    host, port = endpoint.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        head = "PUT %s HTTP/1.1\r\nHost: %s:%s\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n\r\n"
        connection.sendall((head % (url.removeprefix(endpoint), host, port)).encode())
        assert b"100 Continue" in connection.recv(1000)
        connection.sendall(b"x" * 1000)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1000) == b""
    assert refused(s3.get_object, Bucket=bucket, Key="half")[0] == "NoSuchKey"
    assert list((home / "objects" / bucket / "incoming").iterdir()) == []


def test_what_streams_with_a_trailing_checksum_is_understood(s3, bucket, endpoint):
    url = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "chunks"}, 60)
    body = b"5\r\nhello\r\n6;chunk-signature=ab\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n"
    headers = {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-decoded-content-length": "11"}
    urllib.request.urlopen(urllib.request.Request(url, body, headers, method="PUT"))
    assert read(s3, bucket, "chunks") == b"hello world"
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(urllib.request.Request(url, body.replace(b"DUoR", b"AAAA"), headers, method="PUT"))
    assert refusal.value.code == 400 and b"BadDigest" in refusal.value.read()


def test_parts_can_be_given_up(s3, bucket, home):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"x")
    s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=upload)
    assert refused(s3.upload_part, Bucket=bucket, Key="k", UploadId=upload, PartNumber=2, Body=b"x")[0] == "NoSuchUpload"
    assert list((home / "objects" / bucket / "uploads").iterdir()) == []


def test_what_it_has_not_is_said(s3, bucket):
    code, message, status = refused(s3.get_bucket_acl, Bucket=bucket)
    assert (code, status) == ("NotImplemented", 501) and "ListObjectsV2" in message


def test_the_same_service_answers_for_lambda(endpoint):
    client = boto3.client(
        "lambda", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="AKIDLOCAL", aws_secret_access_key="secret"
    )
    assert client.list_functions()["Functions"] == []


def test_serve_says_where_the_object_store_is(tmp_path):
    process = subprocess.Popen(
        [str(PROGRAM), "serve", "--port", "0"], env=dict(os.environ, LAMBDAPOOL_HOME=str(tmp_path)),
        stdout=subprocess.PIPE, text=True,
    )
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            break
    process.terminate()
    assert process.wait(120) == 0
    url = lines[0].split(" at ")[1].split()[0]
    assert "  export AWS_ENDPOINT_URL_S3=%s\n" % url in lines
    process.stdout.close()
