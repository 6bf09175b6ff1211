#!/usr/bin/env bash
# Installs the programs that tests start: Chromium with fonts for the scripts we show, Redis, and
# Java for the HTML checker. Where it may not, it says which tests are left out; with CI set nothing
# may be.
set -u

missing() {
  local packages=()
  command -v chromium >/dev/null || command -v chromium-browser >/dev/null \
    || command -v google-chrome >/dev/null || packages+=(chromium fonts-noto-core)
  command -v redis-server >/dev/null || packages+=(redis-server)
  command -v java >/dev/null || packages+=(default-jre-headless)
  echo "${packages[*]}"
}

packages=$(missing)
[ -z "$packages" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing for the tests: $packages"
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends $packages; } >/dev/null
fi

packages=$(missing)
[ -z "$packages" ] && exit 0
case "$packages" in *chromium*) echo "LEFT OUT: the browser tests. Install chromium to run them." ;; esac
case "$packages" in *jre*) echo "LEFT OUT: the HTML checker. Install default-jre-headless to run it." ;; esac
case "$packages" in *redis*) echo "MISSING: redis-server. Install it for the tests of a shared cache." ;; esac
[ -z "${CI:-}" ]
