"""Calls the API with `requests`: no line of it knows of gc-token but the one that
reads the gateway's address. See loop.py."""

import os

import requests

import loop

TOKEN = os.environ["GENESYSCLOUD_ACCESS_TOKEN"]
API = os.environ.get("GC_TOKEN_GATEWAY_URL") or os.environ["CLIENT_API"]


def worker():
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {TOKEN}"

    def call(method, id):
        url = f"{API}/api/v2/routing/skills"
        if method == "GET":
            return session.get(url, params={"pageSize": 1}, timeout=30).status_code
        skill = {"name": id}
        headers = {"X-Request-Id": id}
        return session.post(url, json=skill, headers=headers, timeout=30).status_code

    return call


loop.run(worker)
