#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Installs what is missing, builds with warnings as errors, and runs the tests. The last line is
# “N passed, N failed, N skipped”, counting single cases.
set -euo pipefail
unset PYTHONUNBUFFERED

usage () {
  cat <<'EOT'
Usage: tests/run.sh [OPTION…]

  --suite NAME   run this suite only (unit, integration, lint …); may be repeated
  --sanitize     build with the address and undefined behavior sanitizers
  --valgrind     run the tests under valgrind
  --repeat N     run them N times, up to the first failure
  --keep-going   with --repeat: go on after a failure
  --help         show this

The suites “chaos”, “package” and “peers” are run only when they are named; “package” builds what is
given to others, and “peers” installs programs of others from the network, and leaves out what it
cannot get. Benchmarks are run by “meson test --benchmark”.
Builds are made in _build-tests and _build-sanitize.
EOT
}

die () {
  printf 'run.sh: %s\n' "$1" >&2
  exit 2
}

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
name=tests
repeat=1
keep_going=no
valgrind=no
suites=()
setup=(-Dwerror=true -Dtests=enabled -Dtool=enabled)
run=(--print-errorlogs --no-rebuild)

while [[ $# -gt 0 ]]; do
  case $1 in
    --suite)      [[ $# -ge 2 ]] || die '--suite needs a name'; suites+=(--suite "$2"); shift ;;
    --repeat)     [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || die '--repeat needs a number'; repeat=$2; shift ;;
    --sanitize)   name=sanitize ;;
    --valgrind)   valgrind=yes ;;
    --keep-going) keep_going=yes ;;
    --help|-h)    usage; exit 0 ;;
    *)            die "unknown option $1; --help lists them" ;;
  esac
  shift
done

build=$root/_build-$name
[[ ${#suites[@]} -gt 0 ]] || suites=(--no-suite chaos --no-suite package --no-suite peers)

# shellcheck source=tests/lib/dependencies.sh
. "$root/tests/lib/dependencies.sh"
wanted=(build test extra)
[[ " ${suites[*]} " != *' --suite peers '* ]] || wanted+=(peers)

if [[ $name == sanitize ]]; then
  [[ $valgrind == no ]] || die '--sanitize and --valgrind exclude each other'
  # What the scanner runs would have to be sanitized too.
  setup+=('-Db_sanitize=address,undefined' -Db_lundef=false -Dintrospection=disabled)
  run+=(--timeout-multiplier 4)
  export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
fi
if [[ $valgrind == yes ]]; then
  wanted+=(valgrind)
  run+=(--setup valgrind --timeout-multiplier 10)
fi

fail_early () {
  printf '\n%s\n0 passed, 1 failed, 0 skipped\n' "$1"
  exit 1
}

configure () {
  local -a again=()

  [[ ! -f $build/build.ninja ]] || again=(--reconfigure)
  meson setup "${again[@]}" "${setup[@]}" "$build" "$root" </dev/null
}

ensure_dependencies "${wanted[@]}" || fail_early 'Something that is needed is missing: see above'
configure || fail_early "The configuration failed; removing $build may help"
ninja -C "$build" </dev/null || fail_early 'The build failed'

# A setup has its name in the names of its logs.
results=$build/meson-logs/testlog
[[ $valgrind == no ]] || results+=-valgrind
logs=$(mktemp -d)
trap 'rm -rf -- "$logs"' EXIT
folders=()
for ((round = 1; round <= repeat; round++)); do
  status=0
  rm -f "$build"/meson-logs/testlog*
  meson test -C "$build" "${run[@]}" "${suites[@]}" </dev/null || status=$?
  # A run that was cut short leaves no results behind.
  [[ -f $results.junit.xml ]] || fail_early 'The tests were not run to the end'
  mkdir "$logs/$round"
  cp "$results.junit.xml" "$logs/$round/testlog.junit.xml"
  cp "$results.json" "$logs/$round/testlog.json"
  folders+=("$logs/$round")
  [[ $status == 0 || $keep_going == yes ]] || break
done

printf '\n'
python3 "$root/tests/lib/count-results.py" "${folders[@]}"
