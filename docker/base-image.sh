#!/bin/bash
# Sees to it that debian:forky-slim is there: as it is, else from the registry, else made from this machine's
# own Debian mirror. Image registries are out of reach for many sites; a Debian mirror is not.
set -euo pipefail

base=debian:forky-slim

say() { printf '%s\n' "$*" >&2; }

docker image inspect "$base" > /dev/null 2>&1 && exit 0

say "fetching $base ..."
timeout "${SEATLINE_PULL_SECONDS:-40}" docker pull -q "$base" > /dev/null 2>&1 && exit 0

if ! command -v mmdebstrap > /dev/null; then
    [[ $(id -u) == 0 ]] || {
        say "$base cannot be fetched; to make it here, install mmdebstrap (sudo apt-get install mmdebstrap)."
        exit 1
    }
    say "installing mmdebstrap ..."
    apt-get -qq update || true
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends mmdebstrap \
        > /dev/null < /dev/null || { say "mmdebstrap could not be installed."; exit 1; }
fi

# The first mirror of Debian itself in the machine's apt sources.
mirror=$(apt-get indextargets --no-release-info --format '$(REPO_URI)' 'Created-By: Packages' |
    sed -n '/debian\/*$/p' | head -n 1)
[[ -n $mirror ]] || { say "this machine's apt sources name no Debian mirror, so $base cannot be made."; exit 1; }

say "making $base from this machine's Debian mirror ..."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mmdebstrap --quiet --variant=minbase \
    --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Check-Date "false"' \
    --include=ca-certificates forky "$work/forky.tar" "$mirror" >&2
docker import "$work/forky.tar" "$base" > /dev/null
