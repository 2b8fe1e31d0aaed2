#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Fuzzes what reads the bytes of a host, of the shim or of a file, with libFuzzer and the sanitizers:
# each target for SECONDS (60), two at a time, from its corpus. Nothing is written into the corpora.
# The last line is “N passed, N failed, N skipped”, counting targets.
#
#   tests/fuzz/run.sh [SECONDS [TARGET…]]
#
# With FUZZ_SEED=N in the environment each run tries the same inputs, but for how far it gets.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
fuzz=$root/tests/fuzz
build=${BUILD_DIR:-$root/_build-fuzz}
finds=$build/finds
seconds=${1:-60}
seed=${FUZZ_SEED:-0}   # 0: another one each time
jobs=2
flags=(-g -O1 -fno-omit-frame-pointer -fno-sanitize-recover=all)

# The shim is no library: a target that is about it names the files that it wants.
declare -A shim_files=([lifeline]='lifeline.c text.c')

if [[ ! $seconds =~ ^[1-9][0-9]*$ ]]; then
  printf 'usage: tests/fuzz/run.sh [SECONDS [TARGET…]]\n' >&2
  exit 2
fi
shift $(($# > 0 ? 1 : 0))

targets=("$@")
if [[ ${#targets[@]} == 0 ]]; then
  for source in "$fuzz"/fuzz-*.c; do
    source=${source##*/fuzz-}
    targets+=("${source%.c}")
  done
fi

# shellcheck source=tests/lib/dependencies.sh
. "$root/tests/lib/dependencies.sh"

end_with () {
  printf '%d passed, %d failed, %d skipped\n' "$1" "$2" "$3"
  [[ $2 == 0 ]] && exit 0
  exit 1
}

build_library () {
  local -a again=()

  [[ ! -f $build/build.ninja ]] || again=(--reconfigure)
  CC=clang meson setup "${again[@]}" -Dbuildtype=plain -Dtests=disabled -Dtool=disabled \
    -Dintrospection=disabled -Db_lundef=false '-Db_sanitize=address,undefined' \
    "-Dc_args=-fsanitize=fuzzer-no-link ${flags[*]}" "$build" "$root" </dev/null &&
    ninja -C "$build" src/extension-host/libextension-host-internal.a </dev/null
}

build_target () {
  local -a cflags libs own

  read -ra own <<<"${shim_files[$1]:-}"
  read -ra cflags < <(pkg-config --cflags gio-unix-2.0 json-glib-1.0)
  read -ra libs < <(pkg-config --libs gio-unix-2.0 json-glib-1.0)
  clang -fsanitize=fuzzer,address,undefined "${flags[@]}" -D_GNU_SOURCE \
    -DEXTENSION_HOST_COMPILATION -Wall -Werror "${cflags[@]}" \
    -I"$build" -I"$root/src" -I"$root/src/extension-host" -I"$build/src/extension-host" \
    -o "$build/fuzz-$1" "$fuzz/fuzz-$1.c" "${own[@]/#/$root/src/shim/}" \
    "$build/src/extension-host/libextension-host-internal.a" "${libs[@]}"
}

# Its messages are shown when it has ended, so that two do not mix.
run_target () {
  local name=$1 status=0 grown

  grown=$(mktemp -d "$build/grown-XXXXXX")
  mkdir -p "$finds"
  "$build/fuzz-$name" -max_total_time="$seconds" -seed="$seed" -timeout=20 -rss_limit_mb=1024 \
    -artifact_prefix="$finds/$name-" -print_final_stats=1 -verbosity=1 \
    "$grown" "$fuzz/corpus/$name" >"$build/$name.log" 2>&1 </dev/null || status=$?
  rm -rf -- "$grown"

  return "$status"
}

# report NAME PID: waits for it
report () {
  local name=$1 runs input

  if wait "$2"; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$name.log")
    printf 'ok: %s, %s inputs\n' "$name" "${runs:-?}"
    passed=$((passed + 1))
  else
    tail -n 60 "$build/$name.log"
    for input in "$finds/$name-"*; do   # where only this output is kept
      [[ ! -f $input ]] || { printf 'base64 of %s:\n' "${input##*/}"; base64 -- "$input"; }
    done
    printf 'FAILED: %s; the input is in %s; again: %s INPUT\n' "$name" "$finds" \
      "$build/fuzz-$name"
    failed=$((failed + 1))
  fi
}

if ! ensure_dependencies build; then
  printf 'What is needed to build is missing: see above\n'
  end_with 0 1 0
fi
if ! ensure_dependencies fuzz; then
  printf 'Skipped: there is no clang with libFuzzer here: see above\n'
  end_with 0 0 "${#targets[@]}"
fi

for name in "${targets[@]}"; do
  if [[ ! -f $fuzz/fuzz-$name.c || ! -d $fuzz/corpus/$name ]]; then
    printf 'There is no target “%s” with a corpus in tests/fuzz\n' "$name"
    end_with 0 1 0
  fi
done

if ! build_library >"$build.log" 2>&1; then
  cat "$build.log" || true   # nothing could be written there
  end_with 0 "${#targets[@]}" 0
fi
rm -f -- "$build.log"

passed=0
failed=0
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
for ((i = 0; i < ${#targets[@]}; i += jobs)); do
  pids=()
  names=()
  for name in "${targets[@]:i:jobs}"; do
    if build_target "$name"; then
      run_target "$name" &
      pids+=($!)
      names+=("$name")
    else
      failed=$((failed + 1))
    fi
  done
  for j in "${!pids[@]}"; do
    report "${names[j]}" "${pids[j]}"
  done
done

end_with "$passed" "$failed" 0
