"""Serves S3 on a port of loopback: python tests/s3_server.py PORT

One request at a time: moto checks the condition of a write and then writes without a lock, so that
two writers might win.
"""

import sys

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

app = DomainDispatcherApplication(create_backend_app)
run_simple("127.0.0.1", int(sys.argv[1]), app, threaded=False)
