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
  --thread-sanitize
                 build with the thread sanitizer, and run the programs that have threads
  --coverage     count which lines are run, and fail if they are too few
  --valgrind     run the tests under valgrind
  --core         run those programs only that the bytes of a host come to first
  --repeat N     run them N times, up to the first failure
  --keep-going   with --repeat: go on after a failure
  --help         show this

The suites “chaos”, “package” and “peers” are run only when they are named; “package” builds what is
given to others, and “peers” installs programs of others from the network, and leaves out what it
cannot get. Benchmarks are run by “meson test --benchmark”.
Builds are made in _build-tests, _build-sanitize, _build-threads and _build-coverage.
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
# Most tests that may run beside others wait.
run=(--print-errorlogs --num-processes $((2 * $(nproc))))
rebuild=(--no-rebuild)
targets=(all)
only=no

# Programs in which threads meet: what is parsed and freed in threads, hosts and calls of several
# threads, sweeps, pipes that are written by others.
threaded=(announcements calls calls-once channel extensions-calls large-results odd-applications
          odd-shims output payload reactor records)

# What reads, keeps and writes the bytes of a host, and decides what becomes of it.
core=(json-scan lifecycle log-ring message oversize reactor records restart-slot rpc spec)

set_build () {
  [[ $name == tests || $name == "$1" ]] || die "--$name and --$1 exclude each other"
  name=$1
}

while [[ $# -gt 0 ]]; do
  case $1 in
    --suite)      [[ $# -ge 2 ]] || die '--suite needs a name'; suites+=(--suite "$2"); shift ;;
    --repeat)     [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || die '--repeat needs a number'; repeat=$2; shift ;;
    --sanitize)   set_build sanitize ;;
    --thread-sanitize) set_build threads ;;
    --coverage)   set_build coverage ;;
    --valgrind)   valgrind=yes ;;
    --core)       suites+=("${core[@]}"); only=yes ;;
    --keep-going) keep_going=yes ;;
    --help|-h)    usage; exit 0 ;;
    *)            die "unknown option $1; --help lists them" ;;
  esac
  shift
done

build=$root/_build-$name
all=no
if [[ ${#suites[@]} == 0 && $name == threads ]]; then
  suites=("${threaded[@]}")
elif [[ ${#suites[@]} == 0 ]]; then
  suites=(--no-suite chaos --no-suite package --no-suite peers)
  all=yes
fi

# shellcheck source=tests/lib/dependencies.sh
. "$root/tests/lib/dependencies.sh"
wanted=(build test extra examples)
[[ " ${suites[*]} " != *' --suite peers '* ]] || wanted+=(peers)

if [[ $name == sanitize ]]; then
  [[ $valgrind == no ]] || die '--sanitize and --valgrind exclude each other'
  # What the scanner runs would have to be sanitized too.
  setup+=('-Db_sanitize=address,undefined' -Db_lundef=false -Dintrospection=disabled)
  run+=(--timeout-multiplier 4)
  export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
fi
if [[ $name == threads ]]; then
  wanted+=(threads)
  setup+=(-Db_sanitize=thread -Db_lundef=false -Dintrospection=disabled)
  run+=(--timeout-multiplier 4)
  rebuild=()   # Meson builds what it runs, but for these:
  targets=(src/shim/extension-host-shim tests/hosts/{fake-host,lying-shim,rpc-host})
  # Status 66 is that of a program that was right but for a race.
  TSAN_OPTIONS="exitcode=66 history_size=4 suppressions='$root/tests/lib/tsan.supp'"
  export TSAN_OPTIONS
fi
if [[ $name == coverage ]]; then
  wanted+=(coverage)
  # Threads count together, and what counts is not part of the library.
  setup+=(-Db_coverage=true -Doptimization=g -Dc_args=-fprofile-update=atomic
          '-Dc_link_args=-Wl,--exclude-libs,libgcov.a')
  run+=(--timeout-multiplier 3)
fi
if [[ $valgrind == yes ]]; then
  [[ $name != threads ]] || die '--thread-sanitize and --valgrind exclude each other'
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

# Where the kernel spreads addresses more widely than the thread sanitizer expects, a program of it ends
# before its main (). Sets “prefix”; the status is 1 if there is none that helps.
find_thread_prefix () {
  local folder status=1

  folder=$(mktemp -d)
  printf 'int main (void) { return 0; }\n' >"$folder/probe.c"
  if cc -fsanitize=thread -o "$folder/probe" "$folder/probe.c"; then
    for prefix in '' 'setarch -R'; do
      if $prefix "$folder/probe" 2>/dev/null; then
        status=0
        break
      fi
    done
  fi
  rm -rf -- "$folder"

  return "$status"
}

# Sets “cases”: what the counts say, if all that counts was run.
report_coverage () {
  local report judge=()

  if ! command -v gcovr >/dev/null; then
    printf '\nThere is no gcovr here: nobody knows what was run\n'
    cases=(--case coverage=SKIP)
    return
  fi
  [[ $all == no ]] || judge=(--judge)
  if report=$(python3 "$root/tests/coverage/report.py" "${judge[@]}" "$root" "$build"); then
    printf '\n%s\n' "$report"
    mapfile -t cases < <(sed -n 's/^case \(.*\) \(.*\)$/--case\n\1=\2/p' <<<"$report")
  else
    cases=(--case coverage=FAIL)
  fi
}

ensure_dependencies "${wanted[@]}" || fail_early 'Something that is needed is missing: see above'
configure || fail_early "The configuration failed; removing $build may help"
if [[ $only == yes ]]; then
  rebuild=()   # Meson builds what it runs, but for these:
  targets=(src/shim/extension-host-shim)
fi
prefix=
if [[ $name == threads ]] && ! find_thread_prefix; then
  printf '\nThe thread sanitizer does not run on this kernel\n0 passed, 0 failed, 1 skipped\n'
  exit 0
fi
ninja -C "$build" "${targets[@]}" </dev/null || fail_early 'The build failed'
[[ $name != coverage ]] || find "$build" -name '*.gcda' -delete

# A setup has its name in the names of its logs.
results=$build/meson-logs/testlog
[[ $valgrind == no ]] || results+=-valgrind
logs=$(mktemp -d)
trap 'rm -rf -- "$logs"' EXIT
folders=()
for ((round = 1; round <= repeat; round++)); do
  status=0
  rm -f "$build"/meson-logs/testlog*
  # shellcheck disable=SC2086 # of the prefix, to be split
  $prefix meson test -C "$build" "${rebuild[@]}" "${run[@]}" "${suites[@]}" </dev/null || status=$?
  # A run that was cut short leaves no results behind.
  [[ -f $results.junit.xml ]] || fail_early 'The tests were not run to the end'
  mkdir "$logs/$round"
  cp "$results.junit.xml" "$logs/$round/testlog.junit.xml"
  cp "$results.json" "$logs/$round/testlog.json"
  folders+=("$logs/$round")
  [[ $status == 0 || $keep_going == yes ]] || break
done

cases=()
[[ $name != coverage ]] || report_coverage
printf '\n'
python3 "$root/tests/lib/count-results.py" "${cases[@]}" "${folders[@]}"
