#!/bin/bash
# Every check and every test there is: `make test` and CI run this. Says what it ran; stops what it started.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bin=.venv/bin
say() { printf '\n== %s\n' "$*"; }

if [[ ! -x /usr/lib/postgresql/15/bin/initdb ]]; then
    [[ $(id -u) == 0 ]] || { echo "install PostgreSQL 15 first (Debian: sudo apt-get install postgresql)" >&2; exit 1; }
    say "installing PostgreSQL 15"
    # The tests start a server of their own on loopback; the machine needs none.
    mkdir -p /etc/postgresql-common
    [[ -e /etc/postgresql-common/createcluster.conf ]] ||
        echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf
    log=$(mktemp)
    { apt-get -qq update || true
      DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
          -o Dpkg::Options::=--force-confold postgresql-15; } > "$log" 2>&1 < /dev/null ||
        { tail -n 5 "$log" >&2; echo "PostgreSQL 15 could not be installed" >&2; exit 1; }
fi

if ! command -v sipp > /dev/null; then
    [[ $(id -u) == 0 ]] || { echo "install SIPp first (Debian: sudo apt-get install sip-tester)" >&2; exit 1; }
    say "installing SIPp"
    log=$(mktemp)
    { apt-get -qq update || true
      DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends sip-tester; } \
        > "$log" 2>&1 < /dev/null ||
        { tail -n 5 "$log" >&2; echo "SIPp could not be installed" >&2; exit 1; }
fi

started=no
docker info > /dev/null 2>&1 || started=yes
stop_engine() { [[ $started == no ]] || docker/engine.sh stop; }
trap stop_engine EXIT
say "docker engine and image"
docker/image.sh

say "ruff format, ruff check"
$bin/ruff format --check .
$bin/ruff check .
say "mypy --strict"
$bin/mypy
say "pytest, side by side: live, with Asterisk and softphones; unit tests, laws, golden cases, fences; SQLite and PostgreSQL"
# The live tests mostly wait for calls, the others for nothing: together they take little longer than the longer.
log=$(mktemp)
set -m # so that it hears an interrupt, and takes its containers away
$bin/pytest --durations=8 tests/live "$@" > "$log" 2>&1 < /dev/null &
live=$!
set +m
trap 'kill -INT -- "-$live" 2> /dev/null && wait "$live" || true; rm -f "$log"; stop_engine' EXIT
failed=0
$bin/pytest --durations=8 --ignore=tests/live "$@" || failed=$?
printf '\n== the live tests\n'
tail -f --pid="$live" -n +1 "$log"
wait "$live" || failed=$?
exit "$failed"
