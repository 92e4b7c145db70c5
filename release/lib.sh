# Shared by the scripts of a release; each sources this file.
# shellcheck shell=bash

set -euo pipefail
readonly root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# The value of a key in the [package] table of Cargo.toml.
package() {
  sed -n '/^\[package\]/,/^\[dependencies\]/s/^'"$1"' = "\(.*\)"$/\1/p' Cargo.toml
}

version=$(package version)
repository=$(package repository)
organization=$(basename "$(dirname "$repository")")
readonly version repository organization

# Where everything is built; files that are published are in its folder `files`.
readonly out=${RELEASE_OUT:-$root/target/dist}
# Installed tools.
readonly tools=$root/target/tools
readonly targets=(x86_64-unknown-linux-musl aarch64-unknown-linux-musl)

# Every date in a file that is published: reproducible builds.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

say() {
  printf '%s: %s\n' "release/$(basename "$0")" "$*"
}

fail() {
  say "$@" >&2
  exit 1
}
