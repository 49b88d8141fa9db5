#!/bin/bash
# Every check and every test there is: `make test` and CI run this. Says what it ran; stops what it started.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bin=.venv/bin
say() { printf '\n== %s\n' "$*"; }

need() { # need FILE WHAT PACKAGE...: installs the packages where the file is not there
    local file=$1 what=$2
    shift 2
    [[ -x $file ]] && return
    [[ $(id -u) == 0 ]] || { echo "install $what first (Debian: sudo apt-get install $*)" >&2; exit 1; }
    say "installing $what"
    local log
    log=$(mktemp)
    { apt-get -qq update || true
      DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
          -o Dpkg::Options::=--force-confold "$@"; } > "$log" 2>&1 < /dev/null ||
        { tail -n 5 "$log" >&2; echo "$what could not be installed" >&2; exit 1; }
}
# The tests start servers of their own on loopback; the machine gets none of these as a service.
if [[ $(id -u) == 0 ]]; then
    mkdir -p /etc/postgresql-common
    [[ -e /etc/postgresql-common/createcluster.conf ]] ||
        echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf
    [[ -x /usr/sbin/sshd ]] || { mkdir -p /etc/ssh; touch /etc/ssh/sshd_not_to_be_run; }
fi
need /usr/lib/postgresql/15/bin/initdb "PostgreSQL 15" postgresql-15
need /usr/sbin/sshd "an SSH server" openssh-server
need /usr/bin/sipp SIPp sip-tester

started=no
docker info > /dev/null 2>&1 || started=yes
stop_engine() { [[ $started == no ]] || docker/engine.sh stop; }
trap stop_engine EXIT
say "docker engine and image"
docker/image.sh
docker/compose.sh version > /dev/null # installed once, before both halves want it

say "ruff format, ruff check"
$bin/ruff format --check .
$bin/ruff check .
say "mypy --strict"
$bin/mypy
say "pytest, side by side: live, with Asterisk and softphones, in two halves; unit tests, laws, golden cases, fences"
# The live tests mostly wait for calls: each half has switches of its own, and waits beside the other and the rest.
logs=$(mktemp -d)
halves=()
set -m # so that they hear an interrupt, and take their containers away
for half in 0 1; do
    # The largest to one half, the next two to the other, and so on: so both take about as long.
    mapfile -t files < <(ls -S tests/live/test_*.py | awk -v half="$half" 'int(NR / 2) % 2 == half' | sort)
    SEATLINE_TEST_NET=127.0.$((half + 1)) $bin/pytest --durations=8 "${files[@]}" "$@" \
        > "$logs/$half" 2>&1 < /dev/null &
    halves+=($!)
done
set +m
stop_halves() {
    for one in "${halves[@]}"; do kill -INT -- "-$one" 2> /dev/null && wait "$one" || true; done
    rm -rf "$logs"
    stop_engine
}
trap stop_halves EXIT
failed=0
$bin/pytest --durations=8 --ignore=tests/live "$@" || failed=$?
for half in 0 1; do
    printf '\n== the live tests, half %s\n' "$((half + 1))"
    tail -f --pid="${halves[$half]}" -n +1 "$logs/$half"
    wait "${halves[$half]}" || failed=$?
done
exit "$failed"
