#!/bin/sh
# Runs a command with an access token in its environment, and nowhere else:
#
#     ./with-token.sh terraform apply -input=false -auto-approve
#
# MIN_TTL is how long the token has to live: longer than the command takes.
set -eu

# On failure gc-token prints a statement that fails, so that 'set -e' stops the
# script here instead of going on without a token.
eval "$(gc-token env --min-ttl "${MIN_TTL:-30m}")"

# The command needs the token alone.
unset GENESYSCLOUD_OAUTHCLIENT_SECRET

exec "$@"
