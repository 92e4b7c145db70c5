# Shared by the scripts of a release; each sources this file.
# shellcheck shell=bash disable=SC2034 # values are used there

set -euo pipefail
script=$0
[[ $script == /* ]] || script=$PWD/$script
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
script=${script#"$root/"}
readonly script root
cd "$root"
# One order of names, one decimal point; and no archive depends on the user's umask.
export LC_ALL=C
umask 022

# In the order of the build: each has a script in release/parts, and one in release/checks.
# Those after `binaries` start from $out/bin/TARGET/gc-token.
readonly parts=(binaries archives deb rpm wheel npm image provider manifests recipes sums)
# Checks that belong to no part, or to several.
readonly further_checks=(installer mise first-token page publish workflows source)

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
# Installed tools. Environments of Python hold the path, which must outlive a link to it.
tools=$(realpath -m "$root/target/tools")
readonly tools
readonly debian=$tools/debian-11
PATH=$PATH:$tools/bin
# RELEASE_TARGETS replaces the list: for checks alone.
read -ra targets <<<"${RELEASE_TARGETS:-x86_64-unknown-linux-musl aarch64-unknown-linux-musl}"
readonly targets

# Every date in a file that is published: reproducible builds.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

say() {
  printf '%s: %s\n' "$script" "$*"
}

fail() {
  say "$@" >&2
  exit 1
}

has() {
  command -v "$1" >/dev/null
}

# Says what was left out for want of a tool, and fails in CI.
not_tested() {
  [[ ${CI:-} != true ]] || fail "cannot test $*"
  say "NOT TESTED: $*"
}

# The program that runs on this machine, to print manual pages and completions.
native_binary() {
  local target
  for target in "${targets[@]}"; do
    [[ $target != "$(uname -m)"-* ]] || echo "$out/bin/$target/gc-token"
  done
}

# FOLDER TOP: writes the folder as TOP.tar.gz to standard output. The bytes depend on names
# and contents alone.
tar_gz() {
  tar -c --format=ustar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 \
    --numeric-owner --mode=u+rwX,go=rX -C "$1" "$2" | gzip -9n
}

# NAME PACKAGE...: puts a program from PyPI on the PATH, in an environment of its own.
install_program() {
  local place=$tools/$1
  # An environment that was moved does not run.
  [[ -x $(sed -n '1s/^#!//p' "$place/bin/pip" 2>/dev/null) ]] || rm -f "$place/packages"
  install_once "$place" "${*:2}" pip_install "${@:2}"
  PATH=$place/bin:$PATH
}

pip_install() {
  python3 -m venv --clear "$1"
  "$1/bin/pip" install --quiet --disable-pip-version-check --no-compile "${@:2}"
}

# NAME VERSION: puts a program from crates.io on the PATH.
install_crate() {
  local place=$tools/$1-$2
  install_once "$place" "$1@$2" cargo_install "$1@$2"
  PATH=$place/bin:$PATH
}

cargo_install() {
  cargo install --quiet --locked --force --root "$1" "$2"
}

# NAME PACKAGE: from Go's proxy, into target/tools.
install_go() {
  local place=$tools/$1-${2##*@}
  has go || { not_tested "$1, for want of Go"; return 1; }
  [[ -x $place/$1 ]] || GOBIN=$place go install "$2"
  PATH=$place:$PATH
}

# Debian 11 with glibc 2.31, older than what a build on today's systems needs. Asks for root.
install_debian() {
  install_once "$debian" 'Debian 11, with man-db and shells' bootstrap_debian
}

bootstrap_debian() {
  rm -rf "$1"
  debootstrap --variant=minbase --include=man-db,bash-completion,zsh,fish bullseye "$1" >"$1.log" 2>&1 ||
    fail "debootstrap: $(tail -n 3 "$1.log")"
}

# PLACE WHAT INSTALL ARGUMENT...: installs into a folder, which says what it holds only once
# all of it is there. Others that want the same wait.
install_once() {
  mkdir -p "$tools"
  (
    flock 9
    [[ $(cat "$1/packages" 2>/dev/null) != "$2" ]] || exit 0
    say "installing $2"
    "$3" "$1" "${@:4}" && echo "$2" >"$1/packages"
  ) 9>"$1.lock" || fail "could not install $2"
}

# FILE NAME: the value of a constant of another script, so that a version stands in one place.
constant_of() {
  sed -n "s/^readonly $2=(*\([^()]*\))*\$/\1/p" "$1"
}

# TARGET: the folder that the part `archives` packs.
unpacked() {
  echo "$out/archives/gc-token-$version-$1"
}
