# For checks: a folder of files served on loopback. Sourced after release/lib.sh.
# shellcheck shell=bash

# FOLDER SCRATCH: sets `tls` and `plain`, the base URLs, and `authority`, the certificate.
# SCRATCH/log has a line for each request.
serve() {
  local folder=$1 scratch=$2 tls_port plain_port
  authority=$scratch/authority.pem
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
    -keyout "$scratch/key.pem" -out "$authority" 2>/dev/null || fail 'openssl made no certificate'
  python3 release/checks/server.py "$folder" "$authority" "$scratch/key.pem" "$scratch" &
  server=$!
  until [[ -s $scratch/ports ]]; do
    kill -0 "$server" 2>/dev/null || fail 'the server has not started'
    sleep 0.05
  done
  read -r tls_port plain_port <"$scratch/ports"
  # shellcheck disable=SC2034 # used by the checks
  tls=https://localhost:$tls_port plain=http://127.0.0.1:$plain_port
}

stop_serving() {
  [[ -z ${server:-} ]] || kill "$server" 2>/dev/null || true
}
