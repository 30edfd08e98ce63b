#!/bin/sh
# Makes .venv and installs a lock into it: venv.sh requirements.txt|requirements-dev.txt
#
# Hashed wheels only, then this project itself as an editable install without fetching anything more.
set -eu
cd "$(dirname "$0")/.."
lock=${1:?a requirements file}

fits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

if ! { [ -x .venv/bin/python ] && fits .venv/bin/python && [ -x .venv/bin/pip ]; }; then
  for python in "${PYTHON:-python3}" python3.11 python3.12 python3.13 python3; do
    fits "$python" && break
    python=
  done
  [ -n "$python" ] || { echo 'Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11' >&2; exit 1; }
  rm -rf .venv
  "$python" -m venv .venv
fi
pip() { .venv/bin/python -m pip --disable-pip-version-check --quiet "$@"; }
pip install --require-hashes --only-binary :all: --requirement "$lock"
pip install --no-deps --no-build-isolation --no-index --editable .
