# shellcheck shell=bash disable=SC2034
# Read by tools/demo and tools/test: installs Debian packages that are missing.

build_packages=(g++ cmake ninja-build libopenblas-dev nlohmann-json3-dev libcli11-dev)
test_packages=(catch2 doxygen groff-base pkg-config python3-torch libdnnl-dev)
clang_packages=(clang libclang-rt-14-dev)

is_installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Installs those of the packages named that are missing, with apt-get as root or through sudo.
install_missing() {
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    echo "This is no Debian: make sure that these are installed: $*" >&2
    return 0
  fi
  local package missing=() as_root=()
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0

  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "Missing packages: ${missing[*]}. Without sudo only root can install them." >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "Installing with apt-get: ${missing[*]}" >&2
  "${as_root[@]}" apt-get update -qq >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}
