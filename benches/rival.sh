#!/usr/bin/env bash
# The cache that people write by hand around curl, jq and date.
#
# It is here to be timed, not to be used: it trusts the local clock, keeps the
# token in the clear, shows the secret in curl's arguments, and fifty of it at
# once mint fifty tokens.
set -euo pipefail

cache=$RIVAL_CACHE

if [[ -s $cache ]]; then
  expires_at=$(jq -r .expires_at "$cache")
  if (( $(date +%s) < expires_at - 60 )); then
    jq -r .access_token "$cache"
    exit
  fi
fi

reply=$(curl -fsS --cacert "$RIVAL_CA_BUNDLE" \
  -u "$GENESYSCLOUD_OAUTHCLIENT_ID:$GENESYSCLOUD_OAUTHCLIENT_SECRET" \
  -d grant_type=client_credentials "$GC_TOKEN_LOGIN_URL/oauth/token")
jq --argjson now "$(date +%s)" \
  '{access_token, expires_at: ($now + .expires_in)}' <<<"$reply" >"$cache.$$"
mv "$cache.$$" "$cache"
jq -r .access_token <<<"$reply"
