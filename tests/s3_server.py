"""Serves S3 and STS on a port of loopback: python tests/s3_server.py PORT

One request at a time: moto checks the condition of a write and then writes without a lock, so that
two writers might win.
"""

import sys

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

moto = DomainDispatcherApplication(create_backend_app)


def app(environ, start_response):
    # Moto tells its services apart by what a signature is for, and this request has none.
    if "Action=AssumeRoleWithWebIdentity" in environ["QUERY_STRING"]:
        environ["HTTP_AUTHORIZATION"] = "AWS4 Credential=x/20260101/us-east-1/sts/aws4_request,"
    return moto(environ, start_response)


run_simple("127.0.0.1", int(sys.argv[1]), app, threaded=False)
