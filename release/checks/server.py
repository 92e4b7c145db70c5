"""Serves the files of a release on loopback, over TLS and in plain, well and badly.

    server.py FOLDER CERTIFICATE KEY STATE

STATE/ports gets the ports of TLS and of plain HTTP, STATE/log a line for each request. The
first part of a path decides how the rest is served.
"""

import http.server
import os
import pathlib
import ssl
import sys
import threading

folder, certificate, key, state = sys.argv[1:]
log = open(os.path.join(state, "log"), "a", buffering=1)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        scheme = "https" if self.server is secure else "http"
        log.write(f"{scheme} {self.path}\n")
        way, name = self.path[1:].split("/", 1)
        if way == "redirect":
            return self.redirect("https", secure, name)
        if way == "downgrade":
            return self.redirect("http", plain, name)
        file = pathlib.Path(folder, os.path.basename(name))
        if way == "changed" and name.endswith(".tar.gz"):
            body = file.read_bytes()
            return self.send(body[:-1] + bytes([body[-1] ^ 1]))
        if way == "cut" and name.endswith(".tar.gz"):
            body = file.read_bytes()
            return self.send(body[: len(body) // 2], len(body))
        if way in ("good", "changed", "cut") and file.is_file():
            return self.send(file.read_bytes())
        self.send_error(404)

    do_HEAD = do_GET

    def send(self, body, length=None):
        self.send_response(200)
        self.send_header("Content-Length", str(length or len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)
        self.close_connection = True

    def redirect(self, scheme, server, name):
        self.send_response(302)
        self.send_header("Location", f"{scheme}://localhost:{server.server_port}/good/{name}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def listen():
    return http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)


secure, plain = listen(), listen()
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
secure.socket = context.wrap_socket(secure.socket, server_side=True)
threading.Thread(target=plain.serve_forever, daemon=True).start()
ports = pathlib.Path(state, "ports.new")
ports.write_text(f"{secure.server_port} {plain.server_port}\n")
ports.rename(pathlib.Path(state, "ports"))
secure.serve_forever()
