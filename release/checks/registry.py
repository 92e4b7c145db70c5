#!/usr/bin/env python3
"""A registry of Terraform providers, for checks: the provider registry protocol, and plain
files for the network mirror protocol, over TLS on the loopback.

    release/checks/registry.py DIR CERTIFICATE KEY

DIR/releases/VERSION holds the files of a release, DIR/key.asc the key of the publisher, and
DIR/mirror is served as it is. Prints the port.
"""

import json
import ssl
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

root = Path(sys.argv[1])
PREFIX = "terraform-provider-gctoken"


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*sys.argv[2:4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_port, flush=True)
    server.serve_forever()


class Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, *arguments):
        super().__init__(*arguments, directory=root)

    def do_GET(self):
        match self.path.strip("/").split("/"):
            case ["v1", "providers", _, "gctoken", "versions"]:
                self.respond({"versions": [version(path) for path in releases()]})
            case ["v1", "providers", _, "gctoken", number, "download", system, processor]:
                self.respond(self.package(root / "releases" / number, system, processor))
            case _:
                super().do_GET()

    def package(self, release, system, processor):
        base = f"https://{self.headers['Host']}/releases/{release.name}"
        prefix = f"{PREFIX}_{release.name}"
        name = f"{prefix}_{system}_{processor}.zip"
        if name not in (sums := checksums(release)):
            return None
        return {
            "protocols": version(release)["protocols"],
            "os": system,
            "arch": processor,
            "filename": name,
            "download_url": f"{base}/{name}",
            "shasums_url": f"{base}/{prefix}_SHA256SUMS",
            "shasums_signature_url": f"{base}/{prefix}_SHA256SUMS.sig",
            "shasum": sums[name],
            "signing_keys": {
                "gpg_public_keys": [{"ascii_armor": (root / "key.asc").read_text()}]
            },
        }

    def respond(self, answer):
        if answer is None:
            return self.send_error(404)
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def releases():
    return sorted((root / "releases").iterdir())


def version(release):
    """One version as the registry lists it, with the protocols of its manifest."""
    manifest = json.loads((release / f"{PREFIX}_{release.name}_manifest.json").read_text())
    archives = [name for name in checksums(release) if name.endswith(".zip")]
    platforms = [name.removesuffix(".zip").split("_")[-2:] for name in archives]
    return {
        "version": release.name,
        "protocols": manifest["metadata"]["protocol_versions"],
        "platforms": [{"os": system, "arch": processor} for system, processor in platforms],
    }


def checksums(release):
    text = (release / f"{PREFIX}_{release.name}_SHA256SUMS").read_text()
    lines = (line.split("  ") for line in text.splitlines())
    return {name: checksum for checksum, name in lines}


main()
