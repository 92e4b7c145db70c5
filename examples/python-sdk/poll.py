"""Asks the API for the first skill, TIMES times, half a second apart:

    python poll.py TIMES

It logs in once. The SDK never renews a token that it got by client credentials;
the gateway does, behind its back.
"""

import os
import sys
import time

import PureCloudPlatformClientV2
from PureCloudPlatformClientV2.rest import ApiException


def main():
    # Without these lines the SDK reads its gateway from a file: see README.md.
    if "GENESYSCLOUD_GATEWAY_HOST" in os.environ:
        PureCloudPlatformClientV2.configuration.gateway_configuration = gateway()

    # The id has to be right; the secret is the gateway's business.
    client = PureCloudPlatformClientV2.api_client.ApiClient().get_client_credentials_token(
        os.environ["GENESYSCLOUD_OAUTHCLIENT_ID"], "not-needed"
    )
    routing = PureCloudPlatformClientV2.RoutingApi(client)

    refused = 0
    for _ in range(int(sys.argv[1])):
        try:
            routing.get_routing_skills(page_size=1)
        except ApiException as refusal:
            print(f"refused: {refusal.status} {refusal.reason}", file=sys.stderr)
            refused += 1
        time.sleep(0.5)
    print(f"{sys.argv[1]} calls, {refused} of them refused")
    sys.exit(refused > 0)


def gateway():
    prefix = os.environ["GENESYSCLOUD_GATEWAY_PATH_VALUE"]
    return PureCloudPlatformClientV2.GatewayConfiguration(
        host=os.environ["GENESYSCLOUD_GATEWAY_HOST"],
        protocol=os.environ["GENESYSCLOUD_GATEWAY_PROTOCOL"],
        port=int(os.environ["GENESYSCLOUD_GATEWAY_PORT"]),
        path_params_login=prefix,
        path_params_api=prefix,
    )


if __name__ == "__main__":
    main()
