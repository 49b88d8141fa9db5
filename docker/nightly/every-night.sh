#!/bin/sh
# Runs `seatline nightly` at once, which makes up for missed nights, and then each night at SEATLINE_NIGHTLY_AT
# (Asia/Shanghai). While the ledger is out of reach (75), or another run is at it or was and died in another container
# (6), it tries again every SEATLINE_NIGHTLY_RETRY seconds.
set -u
at=${SEATLINE_NIGHTLY_AT:-02:10}
retry=${SEATLINE_NIGHTLY_RETRY:-300}
case $at in
    [01][0-9]:[0-5][0-9] | 2[0-3]:[0-5][0-9]) ;;
    *) echo "SEATLINE_NIGHTLY_AT is a time like 02:10, not $at" >&2; exit 1 ;;
esac

child=
leave() { [ -z "$child" ] || kill -TERM "$child" 2> /dev/null; wait; exit 143; }
trap leave TERM INT

# In the background and waited for: a shell that waits hears a signal at once.
until_done() { "$@" & child=$!; wait "$child"; code=$?; child=; return "$code"; }

seconds_until() { # how long it is until that time in Shanghai, which has had no summer time since 1991
    hour=${1%:*} minute=${1#*:}
    wanted=$(( (${hour#0} * 60 + ${minute#0}) * 60 ))
    now=$(( ($(date +%s) + 8 * 3600) % 86400 ))
    echo $(( (wanted - now + 86400 - 1) % 86400 + 1 ))
}

while :; do
    until_done seatline nightly
    code=$?
    case $code in
        6 | 75) until_done sleep "$retry" ;;
        *) until_done sleep "$(seconds_until "$at")" ;;
    esac
done
