"""Google's own client of Cloud Run (google-cloud-run, over REST) against `lambdapool serve`."""

import io
import json
import os
import select
import sys
import tarfile
import urllib.error
import urllib.request

import pytest

run_v2 = pytest.importorskip("google.cloud.run_v2", reason="google-cloud-run is not installed")
PLACE = "projects/p/locations/us-central1"
WORKER = b"""
import http.server, os, socket
if os.environ["COLOUR"].startswith("/"):
    open(os.environ["COLOUR"] + "begun", "wb").write(b"x")
    open(os.environ["COLOUR"] + "gate", "rb", 0).read(1)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = (os.environ["K_SERVICE"] + " " + os.environ["COLOUR"]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
server = http.server.HTTPServer(("", 0), Handler, bind_and_activate=False)
server.socket = socket.socket(fileno=int(os.environ["LAMBDAPOOL_LISTEN_FD"]))
server.get_request = lambda: (server.socket.accept()[0], ("", 0))
server.serve_forever()
"""


@pytest.fixture
def client(serve):
    from google.auth import credentials
    from google.cloud.run_v2.services.services.transports import ServicesRestTransport

    class Bearer(credentials.AnonymousCredentials):
        def before_request(self, request, method, url, headers):
            headers["authorization"] = "Bearer anything"

    transport = ServicesRestTransport(
        host=serve.endpoint.removeprefix("http://"), url_scheme="http", credentials=Bearer()
    )
    return run_v2.ServicesClient(transport=transport)


def send(method, url, body=None, **headers):
    request = urllib.request.Request(url, body, {"Authorization": "Bearer anything", **headers}, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def archive_of(worker):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as files:
        info = tarfile.TarInfo("worker.py")
        info.size = len(worker)
        files.addfile(info, io.BytesIO(worker))
    return archive.getvalue()


@pytest.fixture
def source(serve):
    json_type = {"Content-Type": "application/json"}
    send("POST", serve.endpoint + "/storage/v1/b?project=p", b'{"name": "bucket"}', **json_type)
    upload = serve.endpoint + "/upload/storage/v1/b/bucket/o?uploadType=media&name=o.tar.gz"
    kept = json.loads(send("POST", upload, archive_of(WORKER), **{"Content-Type": "application/octet-stream"}))
    where = {"bucket": "bucket", "object_": "o.tar.gz", "generation": int(kept["generation"])}
    return run_v2.SourceCode(cloud_storage_source=where)


def a_service(source, colour, command=("python3", "worker.py")):
    container = run_v2.Container(
        image="scratch",
        base_image_uri="python%d%d" % sys.version_info[:2],
        command=command[:1],
        args=command[1:],
        source_code=source,
        env=[run_v2.EnvVar(name="COLOUR", value=colour)],
    )
    return run_v2.Service(template=run_v2.RevisionTemplate(containers=[container]))


def test_a_service_is_made_called_changed_listed_and_removed(client, source):
    made = client.create_service(parent=PLACE, service=a_service(source, "red"), service_id="s").result(timeout=100)
    assert made.name == PLACE + "/services/s"
    assert made.terminal_condition.state == run_v2.Condition.State.CONDITION_SUCCEEDED
    assert send("GET", made.uri + "/") == b"s red"
    changed = a_service(source, "blue")
    changed.name = made.name
    after = client.update_service(service=changed).result(timeout=100)
    assert send("GET", after.uri + "/") == b"s blue"
    assert after.latest_ready_revision != made.latest_ready_revision
    assert [service.name for service in client.list_services(parent=PLACE)] == [made.name]
    assert client.get_service(name=made.name).template.containers[0].env[0].value == "blue"
    client.delete_service(name=made.name).result(timeout=100)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        send("GET", made.uri + "/")


def test_labels_alone_make_no_revision_and_traffic_goes_to_a_tag(client, source):
    made = client.create_service(parent=PLACE, service=a_service(source, "red"), service_id="s").result(timeout=100)
    labelled = client.get_service(name=made.name)
    labelled.labels["stage"] = "test"
    after = client.update_service(service=labelled).result(timeout=100)
    assert after.latest_ready_revision == made.latest_ready_revision
    red = made.latest_ready_revision.rsplit("/", 1)[1]
    latest, one = run_v2.TrafficTargetAllocationType(1), run_v2.TrafficTargetAllocationType(2)
    changed = a_service(source, "blue")
    changed.name = made.name
    old = run_v2.TrafficTarget(type_=one, revision=red, tag="old")
    changed.traffic = [run_v2.TrafficTarget(type_=latest, percent=100), old]
    after = client.update_service(service=changed).result(timeout=100)
    (tagged,) = [target for target in after.traffic_statuses if target.tag]
    assert (tagged.tag, tagged.revision) == ("old", red)
    assert (send("GET", after.uri + "/"), send("GET", tagged.uri + "/")) == (b"s blue", b"s red")
    back = client.get_service(name=made.name)
    back.traffic = [run_v2.TrafficTarget(type_=one, revision=red, percent=100)]
    assert client.update_service(service=back).result(timeout=100).latest_ready_revision == after.latest_ready_revision
    assert send("GET", after.uri + "/") == b"s red"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        send("GET", tagged.uri + "/")


def test_calls_while_a_revision_comes_up_go_to_the_one_before_and_leave_it_alone(client, source, tmp_path):
    made = client.create_service(parent=PLACE, service=a_service(source, "red"), service_id="s").result(timeout=100)
    assert send("GET", made.uri + "/") == b"s red"
    for name in ("begun", "gate"):
        os.mkfifo(tmp_path / name)
    begun, gate = (os.open(tmp_path / name, os.O_RDWR) for name in ("begun", "gate"))  # which waits for nobody
    changed = a_service(source, f"{tmp_path}/")
    changed.name = made.name
    coming = client.update_service(service=changed)
    assert select.select([begun], [], [], 100)[0]
    assert send("GET", made.uri + "/") == b"s red"
    os.write(gate, b"x")
    coming.result(timeout=100)
    assert send("GET", made.uri + "/") == f"s {tmp_path}/".encode()
    os.close(begun)
    os.close(gate)


def test_a_mask_changes_what_it_names_and_whatever_else_it_names_is_no_failure(client, source):
    made = client.create_service(parent=PLACE, service=a_service(source, "red"), service_id="s").result(timeout=100)
    changed = a_service(source, "blue")
    changed.name, changed.description = made.name, "not named"
    paths = ["template.containers", "template.revision", "template.annotations.a.b/c", "labels.none", "name.x"]
    after = client.update_service(request={"service": changed, "update_mask": {"paths": paths}}).result(timeout=100)
    assert (send("GET", after.uri + "/"), after.description) == (b"s blue", "")


def test_who_may_call_is_read_changed_and_kept_from_being_overwritten(client, source):
    from google.api_core import exceptions

    made = client.create_service(parent=PLACE, service=a_service(source, "red"), service_id="s").result(timeout=100)
    policy = client.get_iam_policy(request={"resource": made.name})
    assert list(policy.bindings) == []
    policy.bindings.add(role="roles/run.invoker", members=["serviceAccount:a@p.iam.gserviceaccount.com"])
    first = client.set_iam_policy(request={"resource": made.name, "policy": policy})
    assert client.get_iam_policy(request={"resource": made.name}).bindings[0].role == "roles/run.invoker"
    with pytest.raises(exceptions.Conflict):
        client.set_iam_policy(request={"resource": made.name, "policy": policy})  # with the etag from before
    del first.bindings[:]
    client.set_iam_policy(request={"resource": made.name, "policy": first})
    client.delete_service(name=made.name).result(timeout=100)
    with pytest.raises(exceptions.NotFound):
        client.get_iam_policy(request={"resource": made.name})


def test_what_cannot_be_is_refused_with_googles_own_exceptions(client, source):
    from google.api_core import exceptions

    with pytest.raises(exceptions.NotFound, match="does not exist"):
        client.get_service(name=PLACE + "/services/nothing")
    with pytest.raises(exceptions.BadRequest):
        client.create_service(parent=PLACE, service=a_service(source, "red"), service_id="Not-A-Name")
    operation = client.create_service(
        parent=PLACE, service=a_service(source, "red", ("python3", "nothing.py")), service_id="broken"
    )
    with pytest.raises(exceptions.GoogleAPICallError, match="Container failed to start"):
        operation.result(timeout=100)
    client.create_service(parent=PLACE, service=a_service(source, "red"), service_id="s").result(timeout=100)
    with pytest.raises(exceptions.Conflict):
        client.create_service(parent=PLACE, service=a_service(source, "red"), service_id="s")


def test_code_that_was_put_by_the_xml_api_runs(client, serve):
    archive = archive_of(WORKER)
    json_type = {"Content-Type": "application/json"}
    send("POST", serve.endpoint + "/storage/v1/b?project=p", b'{"name": "bucket"}', **json_type)
    headers = {"Authorization": "Bearer anything", "Content-Type": "application/octet-stream"}
    upload = urllib.request.Request(serve.endpoint + "/bucket/code/o.tar.gz", archive, headers, method="PUT")
    with urllib.request.urlopen(upload, timeout=60) as answer:
        generation = int(answer.headers["x-goog-generation"])
    where = {"bucket": "bucket", "object_": "code/o.tar.gz", "generation": generation}
    service = a_service(run_v2.SourceCode(cloud_storage_source=where), "red")
    made = client.create_service(parent=PLACE, service=service, service_id="s").result(timeout=100)
    assert send("GET", made.uri + "/") == b"s red"


def test_an_operation_tells_how_far_it_is(client, source, tmp_path):
    for name in ("begun", "gate"):
        os.mkfifo(tmp_path / name)
    begun, gate = (os.open(tmp_path / name, os.O_RDWR) for name in ("begun", "gate"))
    coming = client.create_service(parent=PLACE, service=a_service(source, f"{tmp_path}/"), service_id="s")
    assert select.select([begun], [], [], 100)[0]
    assert coming.metadata.name == PLACE + "/services/s"
    assert coming.metadata.reconciling
    assert coming.metadata.terminal_condition.message == "Deploying Revision."
    waiting = coming.operation.name + ":wait"
    host = client.transport._host
    seen = json.loads(send("POST", host + "/v2/" + waiting, b'{"timeout": "0.1s"}'))
    assert seen["done"] is False
    os.write(gate, b"x")
    coming.result(timeout=100)
    assert json.loads(send("POST", host + "/v2/" + waiting, b"{}"))["done"] is True
    os.close(begun)
    os.close(gate)
