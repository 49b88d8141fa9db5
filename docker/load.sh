#!/bin/bash
# The busy hour of 69 seats in a minute, on a line of 30 calls: real SIP by SIPp, then collect, rate and bill. Prints its
# figures as a table; ends with 1 if a call was lost, let through where there was no room, or not charged just once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
command -v sipp > /dev/null || { echo "install SIPp first (Debian: sudo apt-get install sip-tester)" >&2; exit 1; }
started=no
docker info > /dev/null 2>&1 || started=yes
stop_engine() { [[ $started == no ]] || docker/engine.sh stop; }
trap stop_engine EXIT
docker/image.sh
export SEATLINE_LOAD=busy-hour SEATLINE_TEST_NET=${SEATLINE_TEST_NET:-127.0.9}
printf '| busy hour of 69 seats, a minute long | |\n| --- | --- |\n'
.venv/bin/pytest -q -s -p no:cacheprovider tests/live/test_load.py
