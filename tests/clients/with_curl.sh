#!/bin/sh
# Calls the API with curl. See python/loop.py; there is but one worker.
set -eu
name=$1 calls=$3 pause=$4
skills=${GC_TOKEN_GATEWAY_URL:-$CLIENT_API}/api/v2/routing/skills

# The token and the gateway's path go in by standard input, for arguments can be
# read by every user.
call() {
  status=$(
    curl --silent --show-error --max-time 30 --config - \
      --output /dev/null --write-out '%{http_code}' "$@" <<END
url = "$skills?pageSize=1"
header = "Authorization: Bearer $GENESYSCLOUD_ACCESS_TOKEN"
END
  ) || status=failed
}

number=0
while [ "$number" -lt "$calls" ]; do
  id=$name-0-$number
  if [ $((number % 2)) -eq 0 ]; then
    call
    echo "GET - $status"
  else
    call --json "{\"name\":\"$id\"}" --header "X-Request-Id: $id"
    echo "POST $id $status"
  fi
  number=$((number + 1))
  sleep "$pause"
done
