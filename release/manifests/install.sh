#!/bin/sh
# Installs gc-token from the archives of a release. For dash, bash, busybox and zsh.
#
# All of it is in functions, and the last line calls them: a download that was cut does
# nothing.
set -eu

usage() {
  cat <<'END'
Installs gc-token, its manual pages and its completions.

    sh install.sh [OPTION...]

  --to DIR             for the program; default ~/.local/bin, or /usr/local/bin for root.
                       Manual pages and completions go to DIR/../share if DIR is a 'bin'
  --version VERSION    another version than that of this script
  --base-url URL       where the archives and SHA256SUMS are; https, or http on this machine
  --minisign-key KEY   also check the signature of SHA256SUMS, with minisign
  --help

The archive is checked against SHA256SUMS. Nothing is changed before that.
END
}

main() {
  version='@VERSION@'
  repository='@REPOSITORY@'
  key='@MINISIGN_KEY@'
  base_url='' directory='' must_be_signed=''
  read_arguments "$@"
  check_arguments
  choose_directory
  target=$(find_target) || exit 1
  name=gc-token-$version-$target

  require tar gzip mktemp
  scratch=$(mktemp -d) || fail "mktemp: no temporary directory in ${TMPDIR:-/tmp}"
  staged=''
  trap clean_up EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM

  choose_client
  say "getting $base_url/$name.tar.gz"
  download SHA256SUMS
  check_signature
  find_sum "$name.tar.gz"
  download "$name.tar.gz"
  check_sum "$name.tar.gz"
  tar -xzf "$scratch/$name.tar.gz" -C "$scratch" || fail "$name.tar.gz cannot be unpacked in $scratch"
  install_files "$scratch/$name"
  report_path
}

read_arguments() {
  while [ $# -gt 0 ]; do
    case $1 in
      --help | -h)
        usage
        exit 0
        ;;
      --to | --version | --base-url | --minisign-key)
        if [ -z "${2:-}" ]; then usage_error "$1 needs a value"; fi
        case $1 in
          --to) directory=$2 ;;
          --version) version=${2#v} ;;
          --base-url) base_url=${2%/} ;;
          --minisign-key) key=$2 must_be_signed=1 ;;
        esac
        shift 2
        ;;
      *) usage_error "$1: not an option" ;;
    esac
  done
}

check_arguments() {
  case $version in
    @*) fail 'this file is a template: release/parts/manifests makes the installer from it' ;;
    *[!0-9A-Za-z.+-]*) usage_error "--version $version: not a version" ;;
  esac
  if [ -z "$base_url" ]; then base_url=$repository/releases/download/v$version; fi
  check_url "$base_url"
  case $key in @*) key='' ;; esac
}

# Plain http is accepted for this machine alone, and no name or password: those would show in
# the list of processes.
check_url() {
  case $1 in
    *@*) fail 'the URL has a name or a password in it, which other users could read: use ~/.netrc' ;;
    https://?*) ;;
    http://127.0.0.1[:/]* | http://localhost[:/]* | 'http://[::1]'[:/]*) ;;
    *) fail "$1: only https is accepted, or http on this machine" ;;
  esac
}

# Root gets no default below HOME: under sudo, HOME can be another user's.
choose_directory() {
  if [ -z "$directory" ]; then
    if [ "$(id -u)" = 0 ]; then
      directory=/usr/local/bin
    elif [ -n "${HOME:-}" ]; then
      directory=$HOME/.local/bin
    else
      usage_error 'HOME is not set: use --to DIR'
    fi
  fi
  case $directory in
    /*) ;;
    *) directory=$(pwd)/$directory ;;
  esac
  directory=${directory%/}
  case $directory in
    */bin) share=${directory%/bin}/share ;;
    *) share='' ;;
  esac
}

find_target() {
  machine=$(uname -m)
  if [ "$(uname -s)" != Linux ]; then
    fail "there is no archive for $(uname -s) $machine, only for Linux: build gc-token from its source, or use WSL on Windows"
  fi
  case $machine in
    x86_64 | amd64) echo x86_64-unknown-linux-musl ;;
    aarch64 | arm64) echo aarch64-unknown-linux-musl ;;
    *) fail "there is no archive for Linux $machine, only for x86_64 and aarch64: build gc-token from its source" ;;
  esac
}

# Busybox's wget follows redirects to plain http, and older ones check no certificate.
choose_client() {
  if has curl; then
    client=curl
  elif has wget && wget --version 2>/dev/null | grep '^GNU Wget 1' >/dev/null; then
    client=wget
  else
    fail 'curl or GNU Wget is needed: install one of them first'
  fi
}

# FILE: from the base URL to the temporary directory.
download() {
  "download_with_$client" "$base_url/$1" "$scratch/$1"
}

# Redirects lead to https alone.
download_with_curl() {
  curl --fail --silent --show-error --location --max-redirs 5 --tlsv1.2 --proto '=http,https' \
    --proto-redir '=https' --connect-timeout 30 --output "$2" "$1" >&2 || fail "$1 cannot be downloaded"
}

# GNU Wget follows redirects to plain http, too, so they are followed here.
download_with_wget() {
  url=$1
  for _ in 1 2 3 4 5 6; do
    code=0
    wget --no-verbose --server-response --max-redirect=0 --tries=2 --timeout=30 \
      --output-document="$2" "$url" 2>"$scratch/log" || code=$?
    if [ "$code" = 0 ]; then return; fi
    location=$(sed -n 's/^ *[Ll]ocation: *\([^ ]*\).*/\1/p' "$scratch/log" | tr -d '\r' | tail -n 1)
    case $location in
      '') break ;;
      https://*) url=$location ;;
      *) fail "$1 cannot be downloaded: it leads to $location, and only https is accepted" ;;
    esac
  done
  cat "$scratch/log" >&2
  fail "$1 cannot be downloaded"
}

check_signature() {
  if [ -z "$key" ]; then return; fi
  if ! has minisign; then
    if [ -n "$must_be_signed" ]; then fail 'minisign is needed for --minisign-key: install it first'; fi
    say 'the signature was not checked, because minisign is not installed'
    return
  fi
  download SHA256SUMS.minisig
  minisign -Vqm "$scratch/SHA256SUMS" -P "$key" >&2 ||
    fail "the signature of $base_url/SHA256SUMS is not of the key $key"
  say 'the signature of SHA256SUMS is good'
}

find_sum() {
  wanted=$(sed -n "s/^\([0-9a-f]\{64\}\) [ *]$1\$/\1/p" "$scratch/SHA256SUMS")
  if [ "${#wanted}" != 64 ]; then fail "$base_url/SHA256SUMS does not name $1"; fi
}

check_sum() {
  if has sha256sum; then
    actual=$(sha256sum <"$scratch/$1")
  elif has shasum; then
    actual=$(shasum -a 256 <"$scratch/$1")
  elif has openssl; then
    actual=$(openssl dgst -sha256 -r <"$scratch/$1")
  else
    fail 'sha256sum, shasum or openssl is needed: install one of them first'
  fi
  actual=${actual%% *}
  if [ "$actual" != "$wanted" ]; then
    fail "$1 was changed, or not downloaded whole: its SHA-256 is $actual, and SHA256SUMS says $wanted"
  fi
}

# The program comes last: it is replaced only if everything else was written.
install_files() {
  before=''
  if [ -x "$directory/gc-token" ]; then
    before=$("$directory/gc-token" --version 2>/dev/null </dev/null || echo 'an unknown version')
  fi
  if [ -n "$share" ]; then
    for page in "$1"/man/*.1; do
      place "$page" "$share/man/man1" "${page##*/}" 644
    done
    place "$1/completions/gc-token.bash" "$share/bash-completion/completions" gc-token 644
    place "$1/completions/_gc-token" "$share/zsh/site-functions" _gc-token 644
    place "$1/completions/gc-token.fish" "$share/fish/vendor_completions.d" gc-token.fish 644
  fi
  place "$1/gc-token" "$directory" gc-token 755
  say "installed $installed in $directory${before:+, in place of $before}"
  if [ -n "$share" ]; then
    say "manual pages and completions for bash, zsh and fish are in $share"
  else
    say "manual pages and completions are in the archive, and were not installed: $directory is not a 'bin'"
  fi
}

# FILE DIRECTORY NAME MODE: copies to a temporary name, tries a program there, and renames.
place() {
  if [ -d "$2/$3" ]; then fail "$2/$3 is a directory"; fi
  mkdir -p "$2" || fail "$2 cannot be made"
  staged=$2/.$3.$$
  { cp "$1" "$staged" && chmod "$4" "$staged"; } || fail "$2 cannot be written to"
  if [ "$4" = 755 ]; then
    installed=$("$staged" --version </dev/null) || fail "the program does not run in $directory on this machine"
  fi
  mv -f "$staged" "$2/$3" || fail "$2/$3 cannot be replaced"
  staged=''
}

report_path() {
  case ":$PATH:" in
    *":$directory:"*)
      found=$(command -v gc-token || true)
      if [ "$found" != "$directory/gc-token" ]; then
        say "$found comes first on the PATH"
      fi
      ;;
    *) say "$directory is not on the PATH; for this shell: export PATH=\"$directory:\$PATH\"" ;;
  esac
}

clean_up() {
  rm -rf "$scratch" ${staged:+"$staged"}
}

require() {
  for tool; do
    has "$tool" || fail "$tool is needed: install it first"
  done
}

has() {
  command -v "$1" >/dev/null 2>&1
}

say() {
  printf 'gc-token installer: %s\n' "$*"
}

fail() {
  say "$@" >&2
  exit 1
}

usage_error() {
  say "$@" >&2
  say 'see --help' >&2
  exit 2
}

main "$@"
