# shellcheck shell=bash
# The part of benches/run that measures the gateway against nginx as a plain
# reverse proxy, and against no proxy at all. Sourced; needs nginx, wrk and taskset.

# The proxy under test has one core, wrk and the upstream have the other.
readonly THEIR_CORE=1 PROXY_CORE=0
# Requests a minute of each token: counted, and never reached.
readonly UNLIMITED=4000000000

measure_gateway() {
  start_nginxes
  start_gateway
  local rounds=$(((${ROUNDS:-400} + 39) / 40)) connections
  for connections in 1 50 200; do
    say "the gateway at $connections connections, $rounds rounds"
    race_proxies "$connections" "$rounds" >"$work/gateway-$connections"
  done
  gateway_peak=$(memory VmHWM)
  gateway_kept=$(memory VmRSS)
  nginx_peak=$(memory VmHWM "$nginx_worker")
  gateway_requests=$(sum_of "$work"/gateway-*)
  say "50 MB each way"
  race_bulk "$rounds" >"$work/bulk"
  gateway_bulk_peak=$(memory VmHWM)
  say "waiting until idle connections are closed"
  await_idle
  stop_gateway
}

# An upstream that answers with a kilobyte, and a proxy before it. Both keep
# their connections, both have one process.
start_nginxes() {
  mkdir -p "$work/www/api/v2"
  head -c 1000 /dev/zero | tr '\0' x | sed 's/.*/{"id":"&"}/' >"$work/www/api/v2/x"
  head -c 50000000 /dev/zero >"$work/www/api/v2/large"
  upstream_port=$(start_nginx upstream "$THEIR_CORE" upstream_conf)
  nginx_port=$(start_nginx rival "$PROXY_CORE" rival_conf)
  nginx_worker=$(cat "/proc/$(<"$work/rival.pid")/task/"*/children)
  nginx_worker=${nginx_worker// /}
}

# NAME CORE CONFIGURATION. Prints the port, a free one.
start_nginx() {
  local port
  for _ in {1..20}; do
    port=$((20000 + RANDOM % 10000))
    nginx_conf "$1" "$("$3" "$port")" >"$work/$1.conf"
    if taskset -c "$2" nginx -p "$work" -c "$work/$1.conf" 2>"$work/$1.out"; then
      echo "$port"
      return
    fi
  done
  cat "$work/$1.out" >&2
  return 1
}

nginx_conf() {
  cat <<EOF
user $(id -un) $(id -gn);
pid $work/$1.pid;
error_log $work/$1.log;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  open_file_cache max=10;
  client_body_temp_path $work/$1-body;
  proxy_temp_path $work/$1-proxy;
  fastcgi_temp_path $work/$1-fastcgi;
  uwsgi_temp_path $work/$1-uwsgi;
  scgi_temp_path $work/$1-scgi;
  $2
}
EOF
}

# An upload is read to its end before it is answered.
upstream_conf() {
  cat <<EOF
  server {
    listen 127.0.0.1:$1;
    root $work/www;
    default_type application/json;
    location = /api/v2/upload {
      client_body_buffer_size 64m;
      proxy_pass http://127.0.0.1:$1/api/v2/x;
      proxy_method GET;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
    }
  }
EOF
}

# What a plain proxy does without looking at the token: sets the header, streams.
rival_conf() {
  cat <<EOF
  upstream api {
    server 127.0.0.1:$upstream_port;
    keepalive 256;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:$1;
    location / {
      proxy_pass http://api;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Authorization "Bearer 0123456789abcdef0123456789abcdef0123456789abcdef";
      proxy_max_temp_file_size 0;
      proxy_request_buffering off;
    }
  }
EOF
}

# Before the upstream, with tokens of the sandbox.
start_gateway() {
  GC_TOKEN_API_URL=http://127.0.0.1:$upstream_port GC_TOKEN_RATE=$UNLIMITED \
    taskset -c "$PROXY_CORE" gc-token gateway >"$work/gateway" &
  gateway=$!
  for _ in {1..100}; do
    [[ -s $work/gateway ]] && break
    sleep 0.05
  done
  # shellcheck disable=SC1091 # made just now
  . "$work/gateway"
  export TOKEN_FILE=$work/token
  curl -fsS -d grant_type=client_credentials -u "$GENESYSCLOUD_OAUTHCLIENT_ID:" \
    "$GC_TOKEN_GATEWAY_URL/oauth/token" | jq -r .access_token >"$TOKEN_FILE"
  gateway_sockets=$(sockets)
}

# CONNECTIONS ROUNDS. A line for each round, with wrk's figures of all three.
race_proxies() {
  local direct nginx ours name round
  for ((round = 0; round < $2; round++)); do
    for name in $(shuf -e direct nginx ours); do
      read -r "${name?}" < <(figures "$1" "$(address "$name")/api/v2/x")
    done
    echo "${direct:?} ${nginx:?} ${ours:?}"
  done
}

address() {
  case $1 in
    direct) echo "http://127.0.0.1:$upstream_port" ;;
    nginx) echo "http://127.0.0.1:$nginx_port" ;;
    ours) echo "$GC_TOKEN_GATEWAY_URL" ;;
  esac
}

# What wrk.lua prints, which has to be without failures.
figures() {
  taskset -c "$THEIR_CORE" wrk -t1 -c"$1" -d1s --timeout 10s -s benches/wrk.lua "$2" |
    awk '/^figures/ && $6 == 0 { print $2, $3, $4, $5; seen = 1 } END { exit !seen }' ||
    { say "requests failed"; return 1; }
}

# ROUNDS. A line for each: MB/s down directly, by nginx, by us; and up.
race_bulk() {
  local round way name line
  for ((round = 0; round < $1; round++)); do
    line=
    for way in down up; do
      for name in direct nginx ours; do
        line+="$("$way" "$(address "$name")/api/v2") "
      done
    done
    echo "$line"
  done
}

down() { bulk speed_download "$1/large"; }

up() { bulk speed_upload -T "$work/www/api/v2/large" "$1/upload"; }

# The token goes by standard input, for arguments can be seen.
bulk() {
  sed 's/.*/header = "Authorization: Bearer &"/' "$TOKEN_FILE" |
    taskset -c "$THEIR_CORE" curl -fsS -K - -o /dev/null -w "%{$1}" "${@:2}" |
    awk '{ printf "%.0f", $1 / 1e6 }'
}

# A line of a process's status, in kB: NAME [PROCESS].
memory() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/${2:-$gateway}/status"; }

sockets() { find "/proc/$gateway/fd" -lname 'socket:*' | wc -l; }

# The pool keeps idle connections for a while.
await_idle() {
  for _ in {1..50}; do
    gateway_sockets_left=$(($(sockets) - gateway_sockets))
    ((gateway_sockets_left > 0)) || break
    sleep 1
  done
}

stop_gateway() {
  local pid
  [[ -z ${gateway:-} ]] || kill "$gateway" 2>/dev/null || true
  gateway=
  for pid in "$work"/{upstream,rival}.pid; do
    [[ ! -s $pid ]] || kill "$(<"$pid")" 2>/dev/null || true
  done
}

sum_of() { awk '{ total += $12 } END { print total }' "$@"; }

# CONNECTIONS FORMAT EXPRESSION [QUANTILE]: the median, or another quantile, of an
# expression over the rounds. $1, $5 and $9 are requests a second (directly, by
# nginx, by us), the next two of each the latencies.
middle() {
  awk "{ print $3 }" "$work/$1" | sort -g |
    awk -v at="${4:-0.5}" -v format="$2" \
      '{ all[NR] = $1 } END { printf format, all[1 + int((NR - 1) * at + 0.5)] }'
}

gateway_targets() {
  row "gateway: requests a second at 50 connections, against nginx as a plain reverse proxy" \
    "$(middle gateway-50 %.2f '$9 / $5')" x at-least 0.8
  row "gateway: requests a second at 200 connections, against nginx as a plain reverse proxy" \
    "$(middle gateway-200 %.2f '$9 / $5')" x at-least 0.8
  row "gateway: latency added to a direct connection, median" \
    "$(middle gateway-1 %.2f '($10 - $2) / 1000')" " ms" at-most 0.3
  row "gateway: peak memory, at up to 200 connections" \
    "$(over "$gateway_peak" 1024)" " MiB" at-most 19.0
}

gateway_section() {
  cat <<EOF
## The gateway

| connections | | requests a second | nginx = 1 | middle half of the rounds | latency, median | 99 % |
|---|---|---|---|---|---|---|
$(for connections in 1 50 200; do
    of_proxy "$connections" "no proxy" 1
    of_proxy "$connections" "nginx" 5
    of_proxy "$connections" "\`gc-token gateway\`" 9
  done)

| | no proxy | nginx | \`gc-token gateway\` |
|---|---|---|---|
| latency added at one connection: median, 99 % | | $(added 6 7) | $(added 10 11) |
| download of 50 MB | $(middle bulk %d '$1') MB/s | $(middle bulk %d '$2') MB/s | $(middle bulk %d '$3') MB/s |
| upload of 50 MB | $(middle bulk %d '$4') MB/s | $(middle bulk %d '$5') MB/s | $(middle bulk %d '$6') MB/s |
| peak memory, at up to 200 connections | | $(over "$nginx_peak" 1024) MiB (its worker) | $(over "$gateway_peak" 1024) MiB |

After $(thousands "$((gateway_requests * 1000))" | sed 's/ thousand//') requests the gateway held $(over "$gateway_kept" 1024) MiB; after the downloads and
uploads its peak was $(over "$gateway_bulk_peak" 1024) MiB. Once its pool had closed what was idle, it had
$gateway_sockets_left sockets more than at its start.
EOF
}

# A row: CONNECTIONS LABEL COLUMN.
of_proxy() {
  local file=gateway-$1 ratio="\$$3 / \$5"
  echo "| $1 | $2 | $(middle "$file" %d "\$$3") | $(middle "$file" %.2f "$ratio") |" \
    "$(middle "$file" %.2f "$ratio" 0.25) to $(middle "$file" %.2f "$ratio" 0.75) |" \
    "$(middle "$file" %.3f "\$($3 + 1) / 1000") ms | $(middle "$file" %.2f "\$($3 + 2) / 1000") ms |"
}

added() {
  echo "$(middle gateway-1 %.3f "(\$$1 - \$2) / 1000"), $(middle gateway-1 %.2f "(\$$2 - \$3) / 1000") ms"
}
