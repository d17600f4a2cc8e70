"""Certificates for the lab: an authority, pairs that it signs, and when they end, to the second. By openssl."""

import time

from lab import command

CONFIG = """
[ca]
default_ca = lab
[lab]
database = {folder}/index
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
"""


class Authority:
    """An authority with its files in a folder of its own."""

    def __init__(self, folder, name):
        folder.mkdir()
        self.folder, self.cert, self.key = folder, folder / "ca.pem", folder / "ca.key"
        (folder / "index").touch()
        (folder / "config").write_text(CONFIG.format(folder=folder))
        command("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-days", "2",
                "-keyout", self.key, "-out", self.cert)

    def issue(self, name, ends_in=86400):
        """A pair for localhost that ends so many seconds from now; before 0 it has ended. Paths of certificate and
        key."""
        cert, key, ask = (self.folder / f"{name}.{kind}" for kind in ("pem", "key", "csr"))
        command("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-addext",
                "subjectAltName=DNS:localhost", "-keyout", key, "-out", ask)

        def moment(seconds):
            return time.strftime("%y%m%d%H%M%SZ", time.gmtime(time.time() + seconds))
        command("openssl", "ca", "-batch", "-notext", "-config", self.folder / "config", "-cert", self.cert, "-keyfile", self.key,
                "-startdate", moment(-86400), "-enddate", moment(ends_in), "-in", ask, "-out", cert)
        return cert, key
