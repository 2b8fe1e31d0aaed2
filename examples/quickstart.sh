#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Installs what is missing, builds, and shows a supervised extension host that is killed and comes
# back. Works from any folder and may be repeated; BUILD_DIR says where to build.
set -euo pipefail
unset PYTHONUNBUFFERED

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
build=${BUILD_DIR:-$root/_build}
[[ $build == /* ]] || build=$PWD/$build
tool=$build/src/tool/extension-host
shim=$build/src/shim/extension-host-shim
step=
advice=
tool_pid=

# shellcheck source=tests/lib/dependencies.sh
. "$root/tests/lib/dependencies.sh"

begin_step () {
  step=$1
  advice=$2
  printf '\n== %s\n' "$step"
}

fail () {
  printf '\nquickstart: %s\n' "$1" >&2
  exit 1
}

on_exit () {
  local status=$?

  trap - EXIT
  if [[ -n $tool_pid ]] && kill -INT "$tool_pid" 2>/dev/null; then
    wait "$tool_pid" 2>/dev/null || true
  fi
  if [[ $status != 0 ]]; then
    printf '\nquickstart: stopped at “%s”.\n%s\n' "$step" "$advice" >&2
  fi
  exit "$status"
}
trap on_exit EXIT
trap 'exit 130' INT TERM

# Its messages are shown if it fails.
run_quietly () {
  local log

  log=$(mktemp)
  if ! "$@" </dev/null >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

build_tool () {
  [[ -f $build/build.ninja ]] || run_quietly meson setup "$build" "$root"
  # Only what is shown below: no tests, no documentation.
  run_quietly ninja -C "$build" src/tool/extension-host src/shim/extension-host-shim
  printf 'Done.\n'
}

# Sets the array “host”: the program that is supervised.
choose_host () {
  if command -v node >/dev/null; then
    host=(node examples/hosts/ticker.mjs)
  else
    printf 'There is no Node.js here, so the host is the same program in Python.\n'
    host=(python3 examples/hosts/ticker.py)
  fi
}

remark () {
  printf '%s\n' "   --- $1"
}

# Shows each line as it comes, and acts when the host has ticked a while.
supervise () {
  local color=never line plain status=0 pid='' generation=0 ticks=0
  local events

  if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
    color=always
  fi

  cd -- "$root"
  printf '$ extension-host run --id=ticker -- %s\n\n' "${host[*]}"
  exec {events}< <(EXTENSION_HOST_SHIM=$shim \
                   exec "$tool" run --id=ticker "--color=$color" -- "${host[@]}")
  tool_pid=$!

  seen=
  while IFS= read -r -t 30 -u "$events" line || { status=$?; false; }; do
    printf '%s\n' "$line"
    plain=${line//$'\e['*([0-9;])m/}

    if [[ $plain =~ running\ +gen\ ([0-9]+)\ +pid\ ([0-9]+) ]]; then
      generation=${BASH_REMATCH[1]}
      pid=${BASH_REMATCH[2]}
      ticks=0
    elif [[ $plain == *' tick '* ]]; then
      ticks=$((ticks + 1))
    fi
    if [[ $plain =~ (stopped|starting|running|unhealthy|restarting|stopping|crashed)\ +gen ]]; then
      seen+=" ${BASH_REMATCH[1]}"
    fi

    if [[ $ticks == 3 && $generation == 1 ]]; then
      remark "Now it is killed:  kill -9 $pid"
      kill -9 "$pid"
      ticks=4
    elif [[ $ticks == 3 ]]; then
      remark "It is back, as generation $generation. Ctrl-C stops it gracefully:"
      kill -INT "$tool_pid"
      ticks=4
    fi
  done
  exec {events}<&-

  if [[ $status -gt 128 ]]; then
    fail 'nothing happened for 30 s'
  fi
  wait "$tool_pid" || fail "extension-host ended with status $?"
  tool_pid=
  [[ $seen == *' starting running unhealthy restarting starting running stopping stopped' ]] ||
    fail "these states were not expected:$seen"
  if kill -0 "$pid" 2>/dev/null; then
    fail "process $pid is still there"
  fi
}

shopt -s extglob

begin_step 'Looking for what is needed to build' \
  'Install what is named above, then run this again.'
ensure_dependencies build
printf 'All there.\n'

begin_step "Building in $build" \
  "If the messages above do not help, remove the folder $build and run this again."
build_tool

begin_step 'Supervising an extension host' \
  'The messages above say why; “extension-host run --help” lists the options.'
choose_host
supervise

cat <<EOT

The host was killed and came back by itself, and in the end it was stopped without leaving a
process behind. Try it with a program of your own (the first line is needed until it is installed):

  export EXTENSION_HOST_SHIM=$(printf %q "$shim")
  $(printf %q "$tool") run -- PROGRAM ARGUMENT…

README.md says how to do the same from C.
EOT
