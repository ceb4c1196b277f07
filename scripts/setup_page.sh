#!/usr/bin/env bash
# What the tests of the dashboard's page need: Chromium and the page's npm packages. Only what is
# missing; where they cannot be had, a note says which tests will be skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
log=$root/build/setup_page.log
STEPS=2
mkdir -p build
. scripts/setup_lib.sh

find_chromium() { command -v chromium || command -v chromium-browser || command -v google-chrome; }

install_chromium() { install_system_packages chromium; }

install_npm_packages() { npm --prefix frontend ci --no-audit --no-fund; }

# Whether this user may install system packages without being asked for a password.
may_install() {
  command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
}

key=$(key_of "page" frontend/package.json frontend/package-lock.json)
: >"$log"
if ! find_chromium >/dev/null; then
  if may_install; then
    (step 1 "Chromium, for the tests of the page" install_chromium) ||
      note "no Chromium: the tests of the page in a browser are skipped."
  else
    note "no Chromium: the tests of the page in a browser are skipped." \
      "To have them: sudo apt-get install chromium"
  fi
fi
if ! is_done frontend/node_modules/.done "$key"; then
  if ! command -v npm >/dev/null || ! node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'; then
    note "no npm with Node.js 20 or later: the tests of the page's sources are skipped."
  elif (step 2 "npm packages of the page" install_npm_packages); then
    mark_done frontend/node_modules/.done "$key"
  else
    note "the page's npm packages cannot be had: the tests of the page's sources are skipped."
  fi
fi
