#!/usr/bin/env bash
# Installs the programs that the bench compares with and measures by; Redis is for several workers.
# Where it may not, the bench says which candidates are left out.
set -u
PATH=$PATH:/usr/sbin

missing() {
  local packages=()
  command -v nginx >/dev/null || packages+=(nginx-light)
  command -v varnishd >/dev/null || packages+=(varnish)
  command -v wrk >/dev/null || packages+=(wrk)
  command -v redis-server >/dev/null || packages+=(redis-server)
  echo "${packages[*]}"
}

packages=$(missing)
[ -z "$packages" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing for the bench: $packages"
  export DEBIAN_FRONTEND=noninteractive
  # Debian starts what it installs, unless told not to.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
  fi
  # shellcheck disable=SC2086
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends $packages; } >/dev/null
fi

packages=$(missing)
[ -z "$packages" ] || echo "MISSING: $packages. Install them for the whole comparison."
