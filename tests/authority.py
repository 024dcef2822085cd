"""A certificate authority for tests, made on the spot with the openssl program."""

import ssl
import subprocess


class Authority:
    def __init__(self, directory):
        self.directory = directory
        self.bundle = str(directory / "authority.pem")
        self._key = str(directory / "authority.key")
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")

    def _openssl(self, *arguments):
        more = ["-keyout", self._key, "-out", self.bundle, "-subj", "/CN=lambdapool test authority"]
        more += ["-addext", "keyUsage=critical,keyCertSign"]
        subprocess.run(["openssl", *arguments, *more], check=True, capture_output=True)

    def server_context(self, names="DNS:localhost,IP:127.0.0.1", not_before=None, not_after=None, self_signed=False):
        """What a server needs to show a certificate for `names`. Times as openssl has them: 20200101000000Z."""
        key, request, certificate = (str(self.directory / ("server." + kind)) for kind in ("key", "csr", "pem"))
        extensions = self.directory / "extensions"
        extensions.write_text("subjectAltName=%s\n" % names)
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=server"]
        run = lambda *arguments: subprocess.run(["openssl", *arguments], check=True, capture_output=True)  # noqa: E731
        run("req", *curve, "-keyout", key, "-out", request)
        signer = ["-signkey", key] if self_signed else ["-CA", self.bundle, "-CAkey", self._key, "-CAcreateserial"]
        if not_after:
            self._sign_with_dates(run, request, certificate, extensions, not_before, not_after)
        else:
            run("x509", "-req", "-in", request, "-out", certificate, "-days", "1", "-extfile", str(extensions), *signer)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context

    def _sign_with_dates(self, run, request, certificate, extensions, not_before, not_after):
        """Only `openssl ca` takes dates in the past."""
        configuration = self.directory / "ca.conf"
        (self.directory / "index").write_text("")
        (self.directory / "serial").write_text("7001\n")
        configuration.write_text(
            "[ca]\ndefault_ca=own\n[own]\ndatabase=%(d)s/index\nserial=%(d)s/serial\nnew_certs_dir=%(d)s\n"
            "default_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n" % {"d": self.directory}
        )
        dates = ["-startdate", not_before, "-enddate", not_after]
        run("ca", "-batch", "-notext", "-config", str(configuration), "-cert", self.bundle, "-keyfile", self._key,
            "-in", request, "-out", certificate, "-extfile", str(extensions), *dates)  # fmt: skip


def serve_tls(server, context):
    """Makes an http.server speak TLS; each connection's handshake happens in its own thread."""
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
