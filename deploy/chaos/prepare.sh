#!/usr/bin/env bash
# Makes a Debian machine ready for the chaos tests: packages, a Docker daemon, base images, the
# kvring image, and the tool that delays packets. Needs root. What is there already stays as it is.
#
# A daemon that this script starts is stopped by `prepare.sh --down`, by its process id; images and
# packages stay, they make the next run fast.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
state=${KVRING_CHAOS_STATE:-/var/tmp/kvring-chaos}
pid_file=$state/dockerd.pid
packages=(docker.io nats-server busybox-static iproute2 iptables libnetfilter-queue-dev gcc libc6-dev)
dockerd_patience_s=60

say() { printf 'chaos: %s\n' "$*" >&2; }

fail() {
  say "$*"
  exit 1
}

daemon_answers() { docker info >/dev/null 2>&1; }

install_packages() {
  local missing=() package policy=/usr/sbin/policy-rc.d
  for package in "${packages[@]}"; do
    dpkg-query --show --showformat '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
      missing+=("$package")
  done
  # A Docker that came from elsewhere and runs is as good as Debian's.
  if daemon_answers; then missing=("${missing[@]/docker.io/}"); fi
  read -r -a missing <<<"${missing[*]}" || true
  if [ ${#missing[@]} -eq 0 ]; then return; fi
  say "installing ${missing[*]}"
  # The package would start a daemon with addresses of its own choice.
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  export DEBIAN_FRONTEND=noninteractive
  local install=(apt-get install -y -q --no-install-recommends "${missing[@]}")
  "${install[@]}" >&2 || { apt-get update -q >&2 && "${install[@]}" >&2; }
}

# Ports are published on the loopback only, and containers live in the range that is reserved for
# benchmarks (RFC 2544), so that no network of the machine can be in the way.
start_daemon() {
  if daemon_answers; then return; fi
  say "starting dockerd; its log is $state/dockerd.log"
  setsid dockerd --ip 127.0.0.1 --bip 198.18.0.1/24 \
    --default-address-pool base=198.18.16.0/20,size=26 \
    </dev/null >"$state/dockerd.log" 2>&1 &
  echo $! >"$pid_file"
  local waited
  for ((waited = 0; waited < dockerd_patience_s * 5; waited += 1)); do
    if daemon_answers; then return; fi
    kill -0 "$(cat "$pid_file")" 2>/dev/null || break
    sleep 0.2
  done
  tail -n 20 "$state/dockerd.log" >&2
  fail "dockerd does not answer"
}

stop_daemon() {
  [ -f "$pid_file" ] || return 0
  local pid
  pid=$(cat "$pid_file")
  rm -f "$pid_file"
  # The number may be somebody else's by now.
  [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ] || return 0
  say "stopping dockerd, process $pid"
  kill "$pid"
  while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
}

build_image() {
  say "building the image kvring:chaos"
  docker build --label kvring.chaos=true \
    --file "$root/deploy/Dockerfile" --tag kvring:chaos "$root" >"$state/build.log" 2>&1 || {
    cat "$state/build.log" >&2
    fail "the image cannot be built"
  }
  # Earlier builds of it have lost their name.
  docker image prune --force --filter label=kvring.chaos=true >/dev/null
}

build_tool() {
  local source=$here/packet-delay.c tool=$state/packet-delay
  if [ "$tool" -nt "$source" ]; then return; fi
  say "building packet-delay"
  cc -std=c17 -O2 -Wall -Wextra -Werror -o "$tool" "$source" -lnetfilter_queue
}

# The newer builder is a plugin that Debian does not bring.
docker buildx version >/dev/null 2>&1 || export DOCKER_BUILDKIT=0

[ "$(id -u)" = 0 ] || fail "this needs root: it installs packages and reaches into network namespaces"
[ "$(uname -s)" = Linux ] || fail "this needs Linux"
mkdir -p "$state"
case ${1:---up} in
  --up)
    install_packages
    start_daemon
    "$here/base-images.sh"
    build_image
    build_tool
    ;;
  --down) stop_daemon ;;
  *) fail "usage: prepare.sh [--up | --down]" ;;
esac
