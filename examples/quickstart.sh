#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Installs what is missing, builds, and shows extensions in a host: one of them crashes the host and is
# set aside, the others live on, and a command of one is called. Works from any folder and may be
# repeated; BUILD_DIR says where to build.
set -euo pipefail
unset PYTHONUNBUFFERED

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
build=${BUILD_DIR:-$root/_build}
[[ $build == /* ]] || build=$PWD/$build
tool=$build/src/tool/extension-host
shim=$build/src/shim/extension-host-shim
runtimes=$root/data/hosts
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

has_node () {
  command -v node >/dev/null &&
    node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)'
}

# Sets “runtime”, and the array “extensions”.
choose_runtime () {
  local name suffix=mjs

  runtime=node
  if ! has_node; then
    printf 'There is no Node.js 18 here, so the same extensions in Python are run.\n'
    runtime=python
    suffix=py
  fi

  extensions=()
  for name in word-count markdown crasher; do
    extensions+=("examples/extensions/$runtime/$name.$suffix")
  done
}

remark () {
  printf '%s\n' "   --- $1"
}

# What is to be told behind a line of the command.
comment () {
  case $1 in
    *'running → unhealthy'*'gen 1 '*)
      remark 'crasher has killed its host, with all that was in it. The host comes back:' ;;
    *'crasher → quarantined'*)
      remark 'Twice: it is set aside, and will not be activated again.' ;;
    *'stopping → stopped'*)
      remark 'The call has its result: the host was asked to leave, and left.' ;;
  esac
}

# Shows each line as it comes, and remembers where the extensions stand.
supervise () {
  local color=never line plain status=0 pid=''
  local events
  local text='{"text": "Alive, **without** the crasher"}'

  if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
    color=always
  fi

  cd -- "$root"
  printf "$ extension-host run --quiet --runtime=%s --call markdown/render '%s' \\\\\n" \
    "$runtime" "$text"
  printf '    %s\n' "${extensions[@]}" | sed '$!s/$/ \\/'
  printf '\n'
  # The remarks look for arrows, which are ASCII without UTF-8.
  exec {events}< <(EXTENSION_HOST_SHIM=$shim EXTENSION_HOST_RUNTIME_DIR=$runtimes LC_ALL=C.UTF-8 \
                   exec "$tool" run --quiet "--runtime=$runtime" "--color=$color" \
                     --call markdown/render "$text" "${extensions[@]}" 2>&1)
  tool_pid=$!

  declare -gA state=()
  result=
  while IFS= read -r -t 30 -u "$events" line || { status=$?; false; }; do
    printf '%s\n' "$line"
    plain=${line//$'\e['*([0-9;])m/}

    if [[ $plain =~ ' running '+.*pid\ ([0-9]+) ]]; then
      pid=${BASH_REMATCH[1]}
    elif [[ $plain =~ ext\ │\ ([a-z-]+)\ →\ ([a-z]+) && ${BASH_REMATCH[2]} != lost ]]; then
      state[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}
    elif [[ $plain == '{'* ]]; then
      result=$plain
    fi
    comment "$plain"
  done
  exec {events}<&-

  if [[ $status -gt 128 ]]; then
    fail 'nothing happened for 30 s'
  fi
  wait "$tool_pid" || fail "extension-host ended with status $?"
  tool_pid=
  [[ ${state[crasher]-} == quarantined && ${state[word-count]-} == active &&
     ${state[markdown]-} == active ]] || fail 'the extensions are not what was expected'
  [[ $result == '{"html":"<p>Alive, <strong>without</strong> the crasher</p>\n"}' ]] ||
    fail "this result was not expected: $result"
  [[ -n $pid ]] || fail 'no process was shown'
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

begin_step 'Running extensions in a host' \
  'The messages above say why; “extension-host run --help” lists the options.'
choose_runtime
supervise

cat <<EOT

One extension crashed the host that all of them share. The host came back by itself, the others with
it, and in the end it was stopped without leaving a process behind. Try it with extensions or a
program of your own (the first lines are needed until it is installed):

  export EXTENSION_HOST_SHIM=$(printf %q "$shim")
  export EXTENSION_HOST_RUNTIME_DIR=$(printf %q "$runtimes")
  $(printf %q "$tool") run --runtime=$runtime EXTENSION…
  $(printf %q "$tool") run -- PROGRAM ARGUMENT…

docs/extensions.md says how to write an extension, README.md how to run hosts from C.
EOT
