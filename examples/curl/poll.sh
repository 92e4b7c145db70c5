#!/bin/sh
# Asks the API for the first skill, TIMES times, half a second apart:
#
#     poll.sh TIMES
#
# It gets its token once, and never again: renewing it is gc-token's business.
set -eu

api=${GC_TOKEN_GATEWAY_URL:-https://api.mypurecloud.ie}

# Calls curl with the options that standard input holds. The token and the
# gateway's path do not become arguments, which every user of the machine can read.
call() {
  curl --fail --silent --show-error --config - "$@"
}

# The gateway answers as the login host does. The id has to be right; the secret
# is the gateway's business, so that nobody here need know it.
log_in() {
  call --data grant_type=client_credentials <<EOF | sed -n 's/.*"access_token": *"\([^"]*\)".*/\1/p'
url = "$api/oauth/token"
user = "$GENESYSCLOUD_OAUTHCLIENT_ID:not-needed"
EOF
}

# `gc-token exec` sets it.
token=${GENESYSCLOUD_ACCESS_TOKEN:-$(log_in)}

times=0
while [ "$times" -lt "$1" ]; do
  call --output /dev/null <<EOF
url = "$api/api/v2/routing/skills?pageSize=1"
header = "Authorization: Bearer $token"
EOF
  times=$((times + 1))
  sleep 0.5
done
echo "$times calls, all of them good"
