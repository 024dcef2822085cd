"""Packages of functions and layers, as tests send them."""

import io
import zipfile


def zipped(files):
    """A zip of these files, by name: Python may be read, all else run. The same files are the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            member = zipfile.ZipInfo(name)  # without the time
            member.external_attr = (0o100000 | (0o644 if name.endswith(".py") else 0o755)) << 16
            archive.writestr(member, content)
    return buffer.getvalue()
