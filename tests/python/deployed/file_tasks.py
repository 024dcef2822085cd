"""Tasks that take files and return some."""

import os
import tempfile

import lambdapool


def name_and_text(file):
    with open(file) as opened:
        return file.name, os.path.basename(file.path), opened.read()


def size_and_place(file):
    return os.path.getsize(file), os.path.dirname(file.path)


def is_there(path):
    return os.path.exists(path)


def upper(file):
    with open(file) as opened, tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as made:
        made.write(opened.read().upper())
    return lambdapool.File(made.name)


def zeros(size):
    path = os.path.join(tempfile.mkdtemp(), "zeros.bin")
    with open(path, "wb") as file:
        file.truncate(size)
    return {"file": lambdapool.File(path)}


def appended(file):
    with open(file, "a") as opened:
        opened.write("!")
    with open(file) as opened:
        return opened.read()


def none_such(_):
    return lambdapool.File("/tmp/none-such")


def path_of(file):
    return os.fspath(file)
