#!/bin/sh
# install-gc-token.sh DIR
set -eu
VERSION='<<version>>'
SHA256_X86_64='<<sha256-x86_64>>'
SHA256_AARCH64='<<sha256-aarch64>>'
URL='<<url>>'
BIN=$1
<<install>>
