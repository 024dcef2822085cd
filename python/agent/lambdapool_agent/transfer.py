"""HTTP to where data lies, by URLs that the caller has signed. What fails for a moment is tried again."""

import re
import time

_ATTEMPTS = 4
_PIECE = 1 << 20
_SILENCE = 60  # seconds


class Failed(Exception):
    """It could not be done; says why."""


class _Again(Exception):
    pass


def get(url, size, path):
    """The object, of so many bytes, into a new file."""

    def once():
        with open(path, "wb") as file:
            answer = _send("GET", url, None, {})
            try:
                _check(answer)
                left = size
                while left:
                    piece = answer.read(min(left, _PIECE))
                    if not piece:
                        raise _Again("it broke off after %d bytes" % (size - left))
                    left -= len(piece)
                    file.write(piece)
                if answer.read(1):
                    raise Failed("it has more than the %d bytes that were sent" % size)
            finally:
                answer.close()

    _attempt(once)


def put(url, pieces, size):
    def once():
        answer = _send("PUT", url, iter(_cut(pieces)), {"Content-Length": str(size)})
        try:
            _check(answer)
            answer.read()
        finally:
            answer.close()

    _attempt(once)


def _cut(pieces):
    for piece in pieces:
        view = memoryview(piece).cast("B")
        for start in range(0, len(view), _PIECE):
            yield view[start : start + _PIECE]


def _attempt(once):
    import http.client

    for attempt in range(_ATTEMPTS):
        try:
            return once()
        except _Again as error:
            why = str(error)
        except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
            why = str(error) or type(error).__name__
        except OSError as error:
            if getattr(error, "filename", None) is not None or error.errno in (28, 122):  # of the file; no space
                raise
            why = str(error)
        if attempt + 1 < _ATTEMPTS:
            time.sleep(0.1 * 4**attempt)
    raise Failed("%s (tried %d times)" % (why, _ATTEMPTS))


def _check(answer):
    if answer.status // 100 == 2:
        return
    text = answer.read(4096).decode("utf-8", "replace")
    said = re.search("<Code>(.*?)</Code>.*?<Message>(.*?)</Message>", text, re.DOTALL)
    why = "%s: %s" % said.groups() if said else "HTTP status %d" % answer.status
    if answer.status >= 500 or answer.status == 429 or "SlowDown" in why:
        raise _Again(why)
    raise Failed(why)


def _send(method, url, body, headers):
    import urllib.parse

    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https", "http+unix") or not parts.netloc:
        raise Failed("%r is not a URL" % url)
    target = parts.path + ("?" + parts.query if parts.query else "")
    if parts.scheme == "http+unix":
        connection = _unix(urllib.parse.unquote(parts.netloc))
    else:
        connection, target = _tcp(url, parts, target)
    headers = dict(headers, Host="localhost" if parts.scheme == "http+unix" else parts.netloc, Connection="close")
    connection.request(method, target, body, headers)
    return connection.getresponse()


def _unix(name):
    import http.client
    import socket

    class Connection(http.client.HTTPConnection):
        def connect(self):
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(self.timeout)
            self.sock.connect("\0" + name[1:] if name.startswith("@") else name)

    return Connection("localhost", timeout=_SILENCE)


def _tcp(url, parts, target):
    """The connection and what to ask it for: by way of a proxy where the environment names one."""
    import http.client
    import urllib.parse
    import urllib.request

    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    proxy = urllib.request.getproxies().get(parts.scheme)
    if not proxy or urllib.request.proxy_bypass(parts.netloc):
        return kind(parts.hostname, parts.port, timeout=_SILENCE), target
    through = urllib.parse.urlsplit(proxy)
    connection = kind(through.hostname or "", through.port, timeout=_SILENCE)
    if parts.scheme != "https":
        return connection, url
    connection.set_tunnel(parts.hostname, parts.port)
    return connection, target
