"""Makes API calls from several workers, for benches/rate, and prints what it saw as JSON.

    rate_client.py CALLS WORKERS [--direct] [--wait]

With --direct each worker mints a token of its own, and calls the API past any gateway. With
--wait a worker sleeps as long as `Retry-After` says, and makes the call again.
"""

import base64
import json
import os
import sys
import threading
import time
from collections import Counter
from http.client import HTTPConnection
from urllib.parse import urlsplit

PATH = "/api/v2/organizations/me"


class Tally:
    def __init__(self, calls):
        self.lock = threading.Lock()
        self.remaining = calls
        self.statuses = Counter()
        self.waits = 0

    def take_call(self):
        with self.lock:
            self.remaining -= 1
            return self.remaining >= 0

    def count(self, status, waits):
        with self.lock:
            self.statuses[status] += 1
            self.waits += waits


def main():
    calls, workers = int(sys.argv[1]), int(sys.argv[2])
    direct, waits = "--direct" in sys.argv, "--wait" in sys.argv
    api = os.environ["GC_TOKEN_API_URL" if direct else "GC_TOKEN_GATEWAY_URL"]
    tally = Tally(calls)

    def work():
        token = mint() if direct else os.environ["GENESYSCLOUD_ACCESS_TOKEN"]
        make_calls(tally, urlsplit(api), token, waits)

    started = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - started
    json.dump({"seconds": seconds, "statuses": tally.statuses, "waits": tally.waits}, sys.stdout)


def make_calls(tally, api, token, waits):
    connection = HTTPConnection(api.netloc)
    headers = {"Authorization": f"Bearer {token}"}
    while tally.take_call():
        waited = 0
        while True:
            connection.request("GET", api.path + PATH, headers=headers)
            response = connection.getresponse()
            response.read()
            if response.status != 429 or not waits:
                break
            waited += 1
            time.sleep(float(response.headers["Retry-After"]))
        tally.count(response.status, waited)


def mint():
    login = urlsplit(os.environ["GC_TOKEN_LOGIN_URL"])
    names = "GENESYSCLOUD_OAUTHCLIENT_ID", "GENESYSCLOUD_OAUTHCLIENT_SECRET"
    credentials = ":".join(os.environ[name] for name in names)
    headers = {
        "Authorization": "Basic " + base64.b64encode(credentials.encode()).decode(),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection = HTTPConnection(login.netloc)
    connection.request("POST", "/oauth/token", "grant_type=client_credentials", headers)
    return json.load(connection.getresponse())["access_token"]


if __name__ == "__main__":
    main()
