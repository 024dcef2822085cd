"""As stub_endpoint.cpp, over TLS: answers each request at once. Usage: tls_stub.py CERTIFICATE KEY.

Prints its port; ends when standard input closes.
"""

import asyncio
import ssl
import sys
import threading

BODY = b'{"lambdapool":1,"codec":"pickle","peer":"3.11","encoding":"base64","outcome":"gARLAS4="}'
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nx-amzn-RequestId: 00000000-0000-4000-8000-000000000000\r\n"
    b"X-Amz-Executed-Version: $LATEST\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)


class Connection(asyncio.Protocol):
    def connection_made(self, transport):
        self._transport, self._received, self._left = transport, b"", None

    def data_received(self, data):
        """One request at a time, whose head may come before its body."""
        self._received += data
        if self._left is None:
            head, end, _ = self._received.partition(b"\r\n\r\n")
            if not end:
                return
            length = head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
            self._left = len(head) + len(end) + int(length or 0)
        if len(self._received) >= self._left:
            self._received, self._left = self._received[self._left :], None
            self._transport.write(ANSWER)


async def main(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0, ssl=context, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    closed = asyncio.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(closed.set)), daemon=True).start()
    await closed.wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
