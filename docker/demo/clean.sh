#!/bin/bash
# Takes the demo away again: its containers, ledger, records and secrets, and the dockerd it started.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=$here/../../.demo
if command -v docker > /dev/null && docker info > /dev/null 2>&1; then
    SEATLINE_RUN_DIR=$(readlink -m "$home") "$here/../compose.sh" -p seatline-demo down > /dev/null 2>&1 || true
    "$here/../engine.sh" stop
fi
rm -rf "$home"
echo "the demo is gone"
