# For the packages of Linux distributions; each sources this file after lib.sh.
# shellcheck shell=bash disable=SC2154,SC2034 # lib.sh sets the rest, and its users use these

readonly synopsis='access tokens of Genesys Cloud that live long enough'
# In lines of at most 78 columns.
readonly description="\
Hands out OAuth access tokens of Genesys Cloud to Terraform, shells and
services, and measures the clocks of the login host and of the API, so that a
token lives as long as is said. A gateway serves runs that outlive a token."
readonly maintainer="$organization <$organization@users.noreply.github.com>"

# A pre-release sorts before its release: 1.0.0~rc.1.
package_version() {
  echo "${version/-/\~}"
}

# TARGET ROOT: what has the same place on every distribution.
install_tree() {
  local files
  files=$(unpacked "$1")
  install -D -m 755 "$out/bin/$1/gc-token" "$2/usr/bin/gc-token"
  install -D -m 644 "$files/completions/gc-token.bash" "$2/usr/share/bash-completion/completions/gc-token"
  install -D -m 644 "$files/completions/gc-token.fish" "$2/usr/share/fish/vendor_completions.d/gc-token.fish"
  install -d "$2/usr/share/man/man1"
  install -m 644 "$files/man"/*.1 "$2/usr/share/man/man1/"
  gzip -9n "$2/usr/share/man/man1"/*.1
}

# FILE: the example of a unit, with the program where the package has it.
install_unit() {
  install -D -m 644 /dev/null "$1"
  sed 's|/usr/local/bin/gc-token|/usr/bin/gc-token|' examples/systemd/gc-token.service >"$1"
}
