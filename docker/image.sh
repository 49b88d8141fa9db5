#!/bin/bash
# Builds the image of both switches, seatline-asterisk, and its base image where that is missing.
# Does nothing when nothing changed: docker keeps what it built.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
image=${SEATLINE_IMAGE:-seatline-asterisk}

"$here/engine.sh"
"$here/base-image.sh"

former=$(docker image inspect -f '{{.Id}}' "$image" 2> /dev/null || true)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
build() { docker build --network host -t "$image" -f "$here/asterisk/Dockerfile" "$here" > "$log" 2>&1; }
# The plain builder is enough, and buildx is not everywhere.
DOCKER_BUILDKIT=0 build || build || {
    tail -n 20 "$log" >&2
    printf 'the image %s could not be built\n' "$image" >&2
    exit 1
}

# What it replaces is of no use any more, unless a container still runs on it.
if [[ -n $former && $former != $(docker image inspect -f '{{.Id}}' "$image") ]]; then
    docker rmi "$former" > /dev/null 2>&1 || true
fi
