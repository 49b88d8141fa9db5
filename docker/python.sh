#!/bin/sh
# Makes .venv from the lock file with the Python given (3.11).
set -eu
cd "$(dirname "$0")/.."
python=$(command -v "$1" || command -v python3 || true)
[ -n "$python" ] || { echo "seatline needs Python 3.11: install it (Debian: apt-get install python3)" >&2; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    { echo "seatline needs Python 3.11 or newer; say which with make PYTHON=..." >&2; exit 1; }
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    [ "$(id -u)" = 0 ] || { echo "install python3-venv first (Debian: sudo apt-get install python3-venv)" >&2; exit 1; }
    echo "installing python3-venv ..." >&2
    apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends python3-venv
fi
echo "setting up .venv from requirements.lock ..." >&2
[ -x .venv/bin/python ] || "$python" -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock 2>&1 | grep -v '^WARNING: Location' >&2 || true
.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . 2>&1 | grep -v '^WARNING: Location' >&2 || true
.venv/bin/python -c 'import sqlalchemy, panoramisk, pjsua2, pytest, provisioning, pbx' ||
    { echo ".venv could not be set up; see the messages above" >&2; exit 1; }
