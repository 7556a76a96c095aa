#!/usr/bin/env bash
# What the tests with a real Asterisk and a real browser need: Debian's packages, a small Debian with Asterisk in the
# cache (outside the checkout, DIALER_CACHE moves it), the bare browser phone. Quick when all is there. Run as root.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${DIALER_CACHE:-$HOME/.cache/callwright}
root=$cache/asterisk-root
packages=(debootstrap sip-tester chromium iproute2 util-linux fonts-dejavu-core fonts-noto-color-emoji docker-compose)
apt=(apt-get -qq -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3)
export DEBIAN_FRONTEND=noninteractive

say() { printf 'provision: %s\n' "$*"; }

[[ $(id -u) -eq 0 ]] || { say 'run me as root'; exit 1; }
mkdir -p "$cache"
exec 9>"$cache/provision.lock"
flock -w 1200 9 || { say 'another provision does not end'; exit 1; }

install_packages() {
  local package missing=()
  for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  # Any npm will do, wherever it comes from.
  command -v npm >/dev/null || missing+=(nodejs npm)
  ((${#missing[@]})) || return 0
  say "installing ${missing[*]}"
  "${apt[@]}" update
  "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null
}

# The mirror that this machine's own apt uses for Debian.
mirror() {
  apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Origin: Debian' 'Label: Debian' | sort -u | head -n 1
}

make_root() {
  [[ -x $root/usr/sbin/asterisk ]] && return 0
  local address proxy
  address=$(mirror)
  if [[ -z $address ]]; then
    "${apt[@]}" update
    address=$(mirror)
  fi
  [[ -n $address ]] || { say "apt knows no mirror of Debian"; exit 1; }
  proxy=$(apt-config dump --format '%v' Acquire::http::Proxy)
  say 'making a Debian with Asterisk, about a minute'
  rm -rf "$root.partial"
  local try
  for try in 1 2; do
    if ${proxy:+env http_proxy="$proxy"} debootstrap --variant=minbase --include=asterisk sid \
      "$root.partial" "$address" >"$cache/debootstrap.log" 2>&1; then
      rm -rf "$root"
      mv "$root.partial" "$root"
      return 0
    fi
    say "debootstrap failed ($try), the end of $cache/debootstrap.log:"
    tail -n 15 "$cache/debootstrap.log"
    rm -rf "$root.partial"
  done
  exit 1
}

make_phone() {
  cd "$here/phone"
  if [[ ! node_modules/.package-lock.json -nt package-lock.json ]]; then
    say 'installing the browser phone'
    npm ci --silent --no-audit --no-fund
    touch node_modules/.package-lock.json
  fi
  if [[ ! phone.bundle.js -nt phone.js || ! phone.bundle.js -nt node_modules/.package-lock.json ]]; then
    npm run --silent build
  fi
}

install_packages
make_root
make_phone
say "$(chroot "$root" asterisk -V), $(chromium --version 2>/dev/null), $({ sipp -v || true; } | grep -o 'SIPp v[^ ]*' | head -n 1)"
