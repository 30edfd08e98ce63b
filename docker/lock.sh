#!/bin/sh
# Writes requirements.txt and requirements-dev.txt anew from pyproject.toml.
#
# Every release is pinned with the hashes of all its wheels, for every Python from 3.11 on. Wheels only: what has to be
# compiled would run code of strangers at install time and need a compiler. No address of a registry is written down:
# an organisation that installs through a mirror of its own must not find ours in its way.
# Use: docker/lock.sh [--upgrade]     Needs: uv (a throw-away copy is fetched where there is none).
set -eu
cd "$(dirname "$0")/.."

uv=$(command -v uv || true)
if [ -z "$uv" ]; then
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  "${PYTHON:-python3}" -m venv "$scratch"
  "$scratch/bin/pip" install --quiet uv
  uv=$scratch/bin/uv
fi

lock() {
  out=$1
  shift
  "$uv" pip compile pyproject.toml --group build "$@" --output-file "$out" --universal --python-version 3.11 \
    --no-build --generate-hashes --no-header --no-emit-index-url --no-annotate --no-config --quiet
}

lock requirements.txt "$@"
# The second file repeats the first, so that tests run against exactly what is shipped.
lock requirements-dev.txt --group dev --constraints requirements.txt "$@"
if grep -n '://' requirements.txt requirements-dev.txt; then
  echo 'lock: an address stands in the lock' >&2
  exit 1
fi
