#!/bin/bash
# Sees to it that a docker engine answers.
#
#   engine.sh          uses the one there is; else, as root, installs Debian's docker.io and starts dockerd
#   engine.sh stop     stops the dockerd that we started, by its process id, and no other
#
# SEATLINE_ENGINE_DIR  where our dockerd's process id and log are kept (default /run/seatline)
set -euo pipefail

state=${SEATLINE_ENGINE_DIR:-/run/seatline}
pid_file=$state/dockerd.pid
log=$state/dockerd.log

say() { printf '%s\n' "$*" >&2; }

answers() { command -v docker > /dev/null && timeout 10 docker info > /dev/null 2>&1; }

# $1: seconds, $2: process id; waits until the engine answers or that process is gone.
wait_for() {
    local end=$((SECONDS + $1))
    while ((SECONDS < end)); do
        answers && return 0
        kill -0 "$2" 2> /dev/null || return 1
        sleep 0.3
    done
    return 1
}

# $1: a process id file, $2: the program it should name. After a power cut or a kill the number may be anybody's,
# and dockerd would believe that it runs already.
forget_stale() {
    local pid
    [[ -f $1 ]] || return 0
    pid=$(< "$1")
    [[ $(cat "/proc/${pid:-none}/comm" 2> /dev/null) == "$2" ]] || rm -f "$1"
}

# The rest: flags of dockerd.
start() {
    forget_stale /var/run/docker.pid dockerd
    forget_stale /var/run/docker/containerd/containerd.pid containerd
    : > "$log"
    setsid nohup dockerd "$@" >> "$log" 2>&1 < /dev/null &
    local pid=$!
    echo "$pid" > "$pid_file"
    wait_for 60 "$pid" && return 0
    stop
    return 1
}

stop() {
    local pid
    [[ -f $pid_file ]] || return 0
    pid=$(< "$pid_file")
    if [[ $(cat "/proc/$pid/comm" 2> /dev/null) == dockerd ]]; then
        kill "$pid"
        for _ in $(seq 100); do
            [[ -d /proc/$pid ]] || break
            sleep 0.2
        done
    fi
    rm -f "$pid_file"
}

if [[ ${1:-start} == stop ]]; then
    stop
    exit 0
fi

answers && exit 0

if [[ $(id -u) != 0 ]]; then
    if command -v docker > /dev/null; then
        say "docker is installed, but no engine answers you: start it (sudo systemctl start docker), and be in" \
            "the group docker (sudo usermod -aG docker $(id -un), then log in again)."
    else
        say "docker is missing: install it (Debian: sudo apt-get install docker.io docker-compose)" \
            "and be in the group docker (sudo usermod -aG docker $(id -un), then log in again)."
    fi
    exit 1
fi

if ! command -v dockerd > /dev/null; then
    command -v apt-get > /dev/null || { say "docker is missing, and this is no Debian: install docker."; exit 1; }
    say "installing docker.io ..."
    mkdir -p "$state"
    { apt-get -qq update || true
      DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends docker.io; } \
        > "$state/apt.log" 2>&1 < /dev/null ||
        { tail -n 5 "$state/apt.log" >&2; say "docker.io could not be installed (see $state/apt.log)."; exit 1; }
    # Where services are started by the system, the package has just started its own.
    for _ in $(seq 10); do
        answers && exit 0
        [[ -d /run/systemd/system ]] || break
        sleep 0.5
    done
fi

mkdir -p "$state"
say "starting dockerd ..."
start && exit 0
# In a sandbox it may neither touch the packet filter nor make a bridge; we need neither (network_mode host).
start --iptables=false --ip6tables=false --bridge=none && exit 0
tail -n 5 "$log" >&2
say "dockerd does not start here (see $log): start a docker engine and try again."
exit 1
