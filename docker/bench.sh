#!/bin/bash
# Figures and ratios, printed, never asserted: what seatline costs beside the bare cost of the same work.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
started=no
docker info > /dev/null 2>&1 || started=yes
stop_engine() { [[ $started == no ]] || docker/engine.sh stop; }
trap stop_engine EXIT
docker/image.sh
for bench in tests/benchmarks/bench_*.py; do
    printf '\n== %s\n' "$bench"
    .venv/bin/python "$bench"
done
