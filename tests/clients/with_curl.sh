#!/bin/sh
# Calls the API with curl. See python/loop.py; there is but one worker.
set -eu
name=$1 calls=$3 pause=$4
skills=${GC_TOKEN_GATEWAY_URL:-$CLIENT_API}/api/v2/routing/skills

# The token goes in by standard input, for arguments can be read by every user.
call() {
  printf 'Authorization: Bearer %s' "$GENESYSCLOUD_ACCESS_TOKEN" |
    curl --silent --show-error --max-time 30 --header @- \
      --output /dev/null --write-out '%{http_code}\n' "$@" || echo failed
}

number=0
while [ "$number" -lt "$calls" ]; do
  id=$name-0-$number
  if [ $((number % 2)) -eq 0 ]; then
    echo "GET - $(call "$skills?pageSize=1")"
  else
    echo "POST $id $(call "$skills" --json "{\"name\":\"$id\"}" --header "X-Request-Id: $id")"
  fi
  number=$((number + 1))
  sleep "$pause"
done
