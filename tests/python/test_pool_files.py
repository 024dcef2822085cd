"""lambdapool.File: files as arguments and results."""

import os
import pathlib
import pickle

import file_tasks
import lambdapool
import pytest

MB = 1 << 20


@pytest.fixture
def pool(enter):
    enter("local")
    with lambdapool.LambdaPool(2, "algorithms") as pool:
        yield pool


@pytest.fixture
def written(tmp_path):
    def write(name, data=b"text"):
        path = tmp_path / name
        path.write_bytes(data)
        return lambdapool.File(path)

    return write


def test_a_file_arrives_under_its_name(pool, written):
    assert pool.apply(file_tasks.name_and_text, (written("a b.nc"),)) == ("a b.nc", "a b.nc", "text")


@pytest.mark.parametrize("size", [0, 1, 100_000, 20 * MB])
def test_files_of_any_size_arrive(pool, written, size):
    assert pool.apply(file_tasks.size_and_place, (written("file", bytes(size)),))[0] == size


def test_each_call_has_a_copy_of_its_own_that_goes_when_it_ends(pool, written):
    file = written("file", b"x" * MB)
    places = pool.map(file_tasks.size_and_place, [file] * 6, chunksize=1)
    assert {size for size, _ in places} == {MB} and len({place for _, place in places}) == 6
    assert not any(pool.map(file_tasks.is_there, [place for _, place in places], chunksize=1))
    assert pool.map(file_tasks.appended, [written("short")] * 3, chunksize=1) == ["text!"] * 3


def test_a_returned_file_comes_back(pool, written):
    file = pool.apply(file_tasks.upper, (written("file.txt"),))
    assert file.name.endswith(".txt") and pathlib.Path(file).read_text() == "TEXT"
    directory = os.path.dirname(file.path)
    del file
    assert not os.path.exists(directory)


@pytest.mark.parametrize("size", [0, 20 * MB])
def test_returned_files_of_any_size_come_back(pool, size):
    file = pool.apply(file_tasks.zeros, (size,))["file"]
    assert file.name == "zeros.bin" and os.path.getsize(file) == size


def test_a_file_that_came_back_can_be_sent_on(pool, written):
    made = pool.map(file_tasks.upper, [written("a"), written("b")])
    assert [text for _, _, text in pool.map(file_tasks.name_and_text, made)] == ["TEXT", "TEXT"]


def test_a_file_that_changes_between_calls_arrives_as_it_is(pool, written, tmp_path):
    file = written("file", b"one")
    assert pool.apply(file_tasks.name_and_text, (file,))[2] == "one"
    (tmp_path / "file").write_bytes(b"other")
    assert pool.apply(file_tasks.name_and_text, (file,))[2] == "other"


def test_urls_are_left_alone(pool):
    file = lambdapool.File("s3://bucket/key.nc")
    assert os.fspath(file) == pool.apply(file_tasks.path_of, (file,)) == "s3://bucket/key.nc"
    assert pool.apply(file_tasks.path_of, ("s3://bucket/key.nc",)) == "s3://bucket/key.nc"


def test_what_is_no_file_is_said_at_once(pool, tmp_path):
    with pytest.raises(FileNotFoundError):
        lambdapool.File(tmp_path / "none-such")
    with pytest.raises(IsADirectoryError):
        lambdapool.File(tmp_path)
    with pytest.raises(FileNotFoundError):
        pool.apply(file_tasks.none_such, (1,))


def test_the_name_that_a_file_has_leads_nowhere_else():
    from lambdapool_by_value.files import arrived

    for name, kept in (("../../x", "x"), ("..", "file"), ("", "file"), ("/", "file")):
        file = arrived(name, b"data")
        assert file.name == kept == os.path.basename(file.path)
        assert os.path.dirname(os.path.dirname(file.path)) == os.path.dirname(os.path.dirname(arrived("a", b"").path))


def test_any_pickle_of_a_file_has_its_bytes(written):
    for protocol in (2, 4, 5):
        file = pickle.loads(pickle.dumps(written("file"), protocol))
        assert pathlib.Path(file).read_bytes() == b"text"
