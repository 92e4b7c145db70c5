"""Calls the API with the vendor's SDK, which logs in once, by client credentials,
as its documentation shows. See loop.py."""

import os
from urllib.parse import unquote, urlsplit

import PureCloudPlatformClientV2 as sdk
from PureCloudPlatformClientV2.rest import ApiException

import loop

# `exec` takes the secret away: nobody needs it where gc-token answers the login.
CLIENT = os.environ["GENESYSCLOUD_OAUTHCLIENT_ID"]
SECRET = os.environ.get("GENESYSCLOUD_OAUTHCLIENT_SECRET", "not-needed")


def use_the_gateway():
    prefix = os.environ["GENESYSCLOUD_GATEWAY_PATH_VALUE"]
    sdk.configuration.gateway_configuration = sdk.GatewayConfiguration(
        host=os.environ["GENESYSCLOUD_GATEWAY_HOST"],
        protocol=os.environ["GENESYSCLOUD_GATEWAY_PROTOCOL"],
        port=int(os.environ["GENESYSCLOUD_GATEWAY_PORT"]),
        path_params_login=prefix,
        path_params_api=prefix,
    )


# The SDK reads SSL_CERT_FILE, but no HTTPS_PROXY, nor a password in its URL.
def use_the_proxy():
    proxy = urlsplit(os.environ["HTTPS_PROXY"])
    sdk.configuration.proxy = f"{proxy.scheme}://{proxy.hostname}:{proxy.port}"
    sdk.configuration.proxy_username = unquote(proxy.username)
    sdk.configuration.proxy_password = unquote(proxy.password)


def logged_in():
    # Of the API's address the SDK makes that of the login host, where the two
    # have Genesys Cloud's names.
    login = os.environ.get("CLIENT_LOGIN") or os.environ["CLIENT_API"]
    client = sdk.api_client.ApiClient(host=login)
    client.get_client_credentials_token(CLIENT, SECRET)
    return client.access_token


if "GENESYSCLOUD_GATEWAY_HOST" in os.environ:
    use_the_gateway()
elif "HTTPS_PROXY" in os.environ:
    use_the_proxy()
TOKEN = logged_in()


def worker():
    client = sdk.api_client.ApiClient(host=os.environ["CLIENT_API"])
    client.access_token = TOKEN
    api = sdk.RoutingApi(client)

    def call(method, id):
        try:
            if method == "GET":
                api.get_routing_skills(page_size=1)
            else:
                client.set_default_header("X-Request-Id", id)
                skill = sdk.CreateRoutingSkill()
                skill.name = id
                api.post_routing_skills(skill)
            return client.last_response.status
        except ApiException as refusal:
            return refusal.status

    return call


loop.run(worker)
