# For the checks that use a program as its users do; each sources this file after lib.sh.
# shellcheck shell=bash disable=SC2154,SC2034 # lib.sh sets the rest, and its users use these

work=$(mktemp -d)
native=$(uname -m)
readonly work native
trap clean_up EXIT
# The settings of the user who runs this.
unset "${!GC_TOKEN_@}" "${!GENESYSCLOUD_@}" SSL_CERT_FILE SSL_CERT_DIR

clean_up() {
  kill ${sandbox:+"$sandbox"} ${registry:+"$registry"} 2>/dev/null || true
  rm -rf "$work"
}

# Over TLS, with a certificate authority of its own.
start_sandbox() {
  "$(native_binary)" sandbox --tls --ca-out "$work/ca.pem" >"$work/variables" &
  sandbox=$!
  wait_for "$work/variables"
  # shellcheck disable=SC1091 # made just now
  . "$work/variables"
  export GC_TOKEN_CA_FILE=$work/ca.pem
}

# FILE: waits until it has content.
wait_for() {
  local i
  for ((i = 0; i < 600; i++)); do
    [[ ! -s $1 ]] || return 0
    sleep 0.05
  done
  fail "nothing was printed: $1"
}

# PART: builds it again in another folder, with other settings, and compares what is published.
check_reproducible() {
  local again=$work/again file
  mkdir -p "$again/files"
  ln -s "$out/bin" "$out/archives" "$again/"
  (umask 077 && RELEASE_OUT=$again TZ=UTC-7 "release/parts/$1" >/dev/null) || fail "$1: cannot be built again"
  for file in "$again/files"/*; do
    cmp "$file" "$out/files/${file##*/}" || fail "${file##*/}: another build has other bytes"
  done
  say "$1: another build has the same bytes"
}

# NAME COMMAND...: the command runs the program. It prints its version and a token, which it
# then finds in its cache, and fails with the codes of the book.
use_program() {
  local name=$1 first second code=0
  shift
  [[ $("$@" --version) == "gc-token $version"* ]] || fail "$name: has another version"
  export GC_TOKEN_CACHE_DIR=${CACHE_DIR:-$work/cache-$name}
  first=$("$@" get) || fail "$name: get failed"
  ((${#first} > 40)) || fail "$name: get printed no token"
  second=$("$@" get) || fail "$name: a second get failed"
  [[ $first == "$second" ]] || fail "$name: the token was not cached"
  "$@" get --no-such-flag >"$work/refused" 2>&1 || code=$?
  ((code == 2)) || fail "$name: a wrong flag exits with $code: $(cat "$work/refused")"
  code=0
  GENESYSCLOUD_OAUTHCLIENT_SECRET=wrong "$@" get --no-cache >"$work/refused" 2>&1 || code=$?
  ((code == 4)) || fail "$name: a wrong secret exits with $code: $(cat "$work/refused")"
  say "$name: prints version, token and exit codes"
}

# TARGET PROGRAM
under_emulation() {
  local emulator=qemu-${1%%-*}-static
  if [[ -n ${RELEASE_SHORT:-} ]]; then
    use_program "$1" "$2"
  elif has "$emulator"; then
    use_program "$1" "$emulator" "$2"
  else
    not_tested "$1, for want of $emulator (qemu-user-static)"
  fi
}

# NAME ROOT: what was installed at /usr/bin of the root is used there.
use_in_root() {
  local GC_TOKEN_CA_FILE=/ca.pem CACHE_DIR=/cache
  cp "$work/ca.pem" "$2/ca.pem"
  install -d -m 700 "$2/cache"
  use_program "$1" as_root chroot "$2" /usr/bin/gc-token
}

as_root() {
  if ((EUID)); then
    unshare --user --map-root-user "$@"
  else
    "$@"
  fi
}
