#!/bin/sh
# install-gc-token.sh DIR
set -eu
VERSION='0.1.0'
SHA256_X86_64=''
SHA256_AARCH64=''
URL='https://github.com/organization.invalid/gc-token/releases/download/v0.1.0'
BIN=$1
# Installs gc-token, if its archive has the checksum that is pinned here. In a subshell,
# because nothing in it needs the client secret.
(
  set -eu
  unset GENESYSCLOUD_OAUTHCLIENT_SECRET GC_TOKEN_CLIENT_SECRET
  case $(uname -sm) in
    'Linux x86_64') sha256=$SHA256_X86_64 ;;
    'Linux aarch64') sha256=$SHA256_AARCH64 ;;
    *) sha256= ;;
  esac
  archive=gc-token-$VERSION-$(uname -m)-unknown-linux-musl
  if test -z "$sha256"; then
    echo "gc-token: no checksum is pinned for $archive.tar.gz: gc-token ci --sums" >&2
    exit 1
  fi
  mkdir -p "$BIN"
  cd "$BIN"
  if command -v curl >/dev/null; then
    curl -fsSL --retry 3 -o download.tar.gz "$URL/$archive.tar.gz"
  else
    wget -q -O download.tar.gz "$URL/$archive.tar.gz"
  fi
  echo "$sha256  download.tar.gz" | sha256sum -c - >&2
  tar -xzf download.tar.gz "$archive/gc-token"
  mv "$archive/gc-token" gc-token
  rm -r download.tar.gz "$archive"
)
