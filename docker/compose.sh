#!/bin/bash
# `docker compose` or docker-compose, whichever there is, with our file: compose.sh -p PROJECT up -d
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if docker compose version > /dev/null 2>&1; then
    compose=(docker compose)
else
    if ! command -v docker-compose > /dev/null; then
        [[ $(id -u) == 0 ]] && command -v apt-get > /dev/null || {
            printf 'docker compose is missing: install it (Debian: sudo apt-get install docker-compose).\n' >&2
            exit 1
        }
        printf 'installing docker-compose ...\n' >&2
        { apt-get -qq update || true
          DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends docker-compose; } \
            > /dev/null 2>&1 < /dev/null ||
            { printf 'docker-compose could not be installed.\n' >&2; exit 1; }
    fi
    compose=(docker-compose)
fi
export COMPOSE_HTTP_TIMEOUT=${COMPOSE_HTTP_TIMEOUT:-300} # a busy engine takes its time
exec "${compose[@]}" -f "$here/compose.yaml" "$@"
