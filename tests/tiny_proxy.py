"""A real HTTP proxy for tests: Debian's tinyproxy, on a free port of loopback."""

import socket
import subprocess
import threading


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class TinyProxy:
    """`user`: (name, password) that it demands. `lines`: more of its configuration."""

    def __init__(self, directory, user=None, lines=()):
        for _ in range(5):  # somebody else may take the port first
            self.port = free_port()
            self.process = self._start(directory, user, lines)
            self.log = []
            for line in self.process.stdout:
                self.log.append(line)
                if "Accepting connections" in line:
                    self._reader = threading.Thread(target=self.log.extend, args=(self.process.stdout,))
                    self._reader.start()
                    return
            self.process.wait(60)
        raise AssertionError("tinyproxy does not start: %s" % self.log)

    def _start(self, directory, user, lines):
        configuration = directory / ("tinyproxy-%d.conf" % self.port)
        text = ["Port %d" % self.port, "Listen 127.0.0.1", "Timeout 60", "MaxClients 50", "LogLevel Info", *lines]
        if user:
            text.append("BasicAuth %s %s" % user)
        configuration.write_text("\n".join(text) + "\n")
        return subprocess.Popen(
            ["tinyproxy", "-d", "-c", str(configuration)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def url(self, user_info="", scheme="http"):
        return "%s://%s127.0.0.1:%d" % (scheme, user_info and user_info + "@", self.port)

    def stop(self):
        """Ends it; the requests that it logged, as "CONNECT host:port HTTP/1.1"."""
        self.process.terminate()
        self.process.wait(60)
        self._reader.join()
        self.process.stdout.close()
        return [line.split("): ", 1)[1].strip() for line in self.log if "Request (file descriptor" in line]
