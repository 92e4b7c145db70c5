# Runs buildah with a store of its own; sourced after lib.sh.
# shellcheck shell=bash disable=SC2154 # lib.sh sets `out`

buildah_() {
  local place=${store:-$out/image}
  buildah --root "$place/store" --runroot "$place/run" --storage-driver vfs "$@"
}
