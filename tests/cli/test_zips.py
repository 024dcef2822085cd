"""Zips of strangers: whatever they hold, the service stays small and goes on."""

import io
import zipfile

import pytest
from functions import ROLE, RUNTIME, create


def zip_of(names, content=b""):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return buffer.getvalue()


def peak_megabytes(process):
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


@pytest.mark.parametrize(
    "names, content, taken",
    [
        ([f"f{i}" for i in range(100_000)], b"", True),
        ([f"f{i}" for i in range(200_001)], b"", False),
        ([f"{i}/" + "d/" * 2_000 + "f" for i in range(100)], b"", False),
        (["bomb"], bytes(300_000_000), False),
    ],
    ids=["100,000 entries", "200,001 entries", "deep names", "a compression bomb"],
)
def test_a_zip_leaves_serve_small_and_serving(serve, names, content, taken):
    client = serve.client()
    zip = zip_of(names, content)
    call = dict(FunctionName="odd", Runtime=RUNTIME, Role=ROLE, Handler="main.handler", Code={"ZipFile": zip})
    if taken:
        client.create_function(**call)
        client.delete_function(FunctionName="odd")
    else:
        with pytest.raises(client.exceptions.InvalidParameterValueException):
            client.create_function(**call)
    assert peak_megabytes(serve.process) < 200
    create(client, "next")
    assert client.invoke(FunctionName="next", Payload=b"1")["Payload"].read() == b"1"


def test_a_package_of_more_entries_than_sixteen_bits_count_works(run, tmp_path):
    many = tmp_path / "many"
    many.mkdir()
    (many / "__init__.py").touch()
    for i in range(65_600):
        (many / str(i)).touch()
    done = run("create", "many", "many", timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
