# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Sourced by examples/quickstart.sh, tests/run.sh and tests/fuzz/run.sh: finds out what is missing on this machine and
# installs it with the package manager of the system. Does nothing when all is there.
#
#   ensure_dependencies build|test|extra|examples|peers|threads|coverage|analyze|valgrind|fuzz …

# group : how to see that it is there : packages of Debian : of Fedora : of Arch
dependency_table='
build : command cc                   : gcc libc6-dev      : gcc                 : gcc
build : command ninja                : ninja-build        : ninja-build         : ninja
build : command meson                : meson              : meson               : meson
build : command python3              : python3            : python3             : python
build : command pkg-config           : pkg-config         : pkgconf-pkg-config  : pkgconf
build : module gio-unix-2.0 >= 2.74  : libglib2.0-dev     : glib2-devel         : glib2 glib2-devel
build : command glib-mkenums         : libglib2.0-dev-bin : glib2-devel         : glib2-devel
build : command gdbus-codegen        : libglib2.0-dev-bin : glib2-devel         : glib2-devel
build : module json-glib-1.0 >= 1.6  : libjson-glib-dev   : json-glib-devel     : json-glib
test  : command nm                   : binutils           : binutils            : binutils
test  : command ps                   : procps             : procps-ng           : procps-ng
test  : command dbus-daemon          : dbus               : dbus-daemon         : dbus
test  : command gdbus                : libglib2.0-bin     : glib2               : glib2
test  : command xgettext             : gettext            : gettext             : gettext
extra : command g-ir-scanner         : gobject-introspection libgirepository1.0-dev : gobject-introspection-devel : gobject-introspection
extra : command vapigen              : valac              : vala                : vala
extra : command busctl               : systemd            : systemd             : systemd
extra : command gi-docgen            : gi-docgen          : gi-docgen           : gi-docgen
extra : command groff                : groff-base         : groff-base          : groff
extra : command node                 : nodejs             : nodejs              : nodejs
extra : python gi                    : python3-gi         : python3-gobject     : python-gobject
extra : command gjs                  : gjs                : gjs                 : gjs
examples : module gtk4 >= 4.8        : libgtk-4-dev       : gtk4-devel          : gtk4
examples : module libadwaita-1 >= 1.2 : libadwaita-1-dev  : libadwaita-devel    : libadwaita
examples : command Xvfb              : xvfb               : xorg-x11-server-Xvfb : xorg-server-xvfb
examples : library libXtst.so.6      : libxtst6           : libXtst             : libxtst
peers : command npm                  : npm                : nodejs-npm          : npm
peers : command clangd               : clangd             : clang-tools-extra   : clang
coverage : command gcovr             : gcovr              : gcovr               : gcovr
threads : linked thread              : libc6-dev          : libtsan             : gcc-libs
analyze : command clang              : clang              : clang               : clang
valgrind : command valgrind          : valgrind           : valgrind            : valgrind
fuzz  : command clang                : clang libclang-rt-dev : clang compiler-rt : clang compiler-rt
fuzz  : libfuzzer                    : clang libclang-rt-dev : clang compiler-rt : clang compiler-rt
'

# The runtime of clang is a package of its own and comes in several parts: only a link tells.
libfuzzer_links () {
  local folder status=0

  folder=$(mktemp -d)
  printf '%s\n' '#include <stddef.h>' \
    'int LLVMFuzzerTestOneInput (const unsigned char *data, size_t size);' \
    'int LLVMFuzzerTestOneInput (const unsigned char *data, size_t size) { return 0; }' \
    >"$folder/probe.c"
  clang -fsanitize=fuzzer,address,undefined -o "$folder/probe" "$folder/probe.c" \
    >/dev/null 2>&1 || status=1
  rm -rf -- "$folder"

  return "$status"
}

# sanitizer_links NAME: the runtime may be a package of its own.
sanitizer_links () {
  printf 'int main (void) { return 0; }\n' | cc -x c "-fsanitize=$1" -o /dev/null - 2>/dev/null
}

# Not in the PATH of everybody
ldconfig_has () {
  PATH=$PATH:/usr/sbin:/sbin ldconfig -p 2>/dev/null | grep -F -- "$1" >/dev/null
}

dependency_present () {
  local kind=$1
  shift

  case $kind in
    command) command -v "$1" >/dev/null ;;
    library) ldconfig_has "$1" ;;
    module)  pkg-config --exists "$*" 2>/dev/null ;;
    libfuzzer) libfuzzer_links ;;
    linked)  sanitizer_links "$1" ;;
    python)  /usr/bin/python3 -c "import $1" 2>/dev/null ;;
  esac
}

# Prints apt-get, dnf or pacman.
package_manager () {
  local manager

  for manager in apt-get dnf pacman; do
    if command -v "$manager" >/dev/null; then
      printf '%s\n' "$manager"
      return
    fi
  done

  return 1
}

# missing_packages GROUP MANAGER: a package a line
# shellcheck disable=SC2086 # the table has words, to be split
missing_packages () {
  local group check debian fedora arch

  while IFS=: read -r group check debian fedora arch; do
    [[ ${group// /} == "$1" ]] || continue
    dependency_present $check && continue

    case $2 in
      apt-get) printf '%s\n' $debian ;;
      dnf)     printf '%s\n' $fedora ;;
      pacman)  printf '%s\n' $arch ;;
      *)       printf '%s\n' "${check# }" ;;
    esac
  done <<<"$dependency_table" | sort -u
}

# install_packages MANAGER PACKAGE…
install_packages () {
  local manager=$1 status=0
  local -a as_root=() install=()
  local log
  shift

  case $manager in
    apt-get) install=(env DEBIAN_FRONTEND=noninteractive
                      apt-get install -y --no-install-recommends "$@") ;;
    dnf)     install=(dnf install -y "$@") ;;
    pacman)  install=(pacman -Sy --needed --noconfirm "$@") ;;
  esac

  if [[ $(id -u) != 0 ]]; then
    if ! command -v sudo >/dev/null; then
      printf 'Not root, and there is no sudo. As root, run:\n  %s\n' "${install[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi

  printf 'Installing with %s: %s\n' "$manager" "$*"
  log=$(mktemp)
  if [[ $manager == apt-get ]]; then
    "${as_root[@]}" apt-get update </dev/null >"$log" 2>&1 || status=$?
  fi
  if [[ $status == 0 ]]; then
    "${as_root[@]}" "${install[@]}" </dev/null >>"$log" 2>&1 || status=$?
  fi
  if [[ $status != 0 ]]; then
    printf 'That failed. The end of what %s said:\n' "$manager" >&2
    tail -n 20 "$log" >&2
  fi
  rm -f "$log"

  return "$status"
}

# ensure_dependencies GROUP…: “extra”, “examples”, “peers” and “coverage” may fail, all others are needed.
ensure_dependencies () {
  local group manager
  local -a packages

  manager=$(package_manager) || manager=
  for group in "$@"; do
    mapfile -t packages < <(missing_packages "$group" "$manager")
    [[ ${#packages[@]} == 0 ]] && continue

    if [[ -z $manager ]]; then
      printf 'Missing: %s\n' "${packages[*]}" >&2
      printf 'No apt-get, dnf or pacman here: install these, or what provides them, yourself.\n' >&2
    elif install_packages "$manager" "${packages[@]}"; then
      hash -r
      mapfile -t packages < <(missing_packages "$group" "$manager")
      [[ ${#packages[@]} == 0 ]] && continue
      printf 'Still missing or too old: %s\n' "${packages[*]}" >&2
      printf 'GLib 2.74, json-glib 1.6 and Meson 1.0 are needed, as in Debian 12.\n' >&2
    fi

    [[ $group =~ ^(extra|examples|peers|coverage)$ ]] || return 1
    printf 'Going on without: what needs them is left out.\n' >&2
  done
}
