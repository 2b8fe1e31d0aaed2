#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Has the sources read by the static analyzers: that of clang reads the library, the shim and the
# command; that of GCC reads the shim, which is plain C. A finding is a failure. The last line is
# “N passed, N failed, N skipped”, counting files.
#
#   tests/analyze.sh [FILE…]
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
build=${BUILD_DIR:-$root/_build-analyze}

# shellcheck source=tests/lib/dependencies.sh
. "$root/tests/lib/dependencies.sh"

end_with () {
  printf '%d passed, %d failed, %d skipped\n' "$1" "$2" "$3"
  [[ $2 == 0 ]] && exit 0
  exit 1
}

# The headers that are generated are all that is built.
configure () {
  local -a again=() headers

  [[ ! -f $build/build.ninja ]] || again=(--reconfigure)
  meson setup "${again[@]}" -Dtests=disabled -Dintrospection=disabled "$build" "$root" </dev/null ||
    return 1
  mapfile -t headers < <(ninja -C "$build" -t targets all | sed -n 's/\(\.h\): CUSTOM_COMMAND.*/\1/p')
  ninja -C "$build" "${headers[@]}" </dev/null
}

ensure_dependencies build || end_with 0 1 0
if ! configure >"$build.log" 2>&1; then
  cat "$build.log" || true   # nothing could be written there
  end_with 0 1 0
fi
rm -f -- "$build.log"

analyzers=(gcc)
if ensure_dependencies analyze; then
  analyzers+=(clang)
else
  printf 'There is no clang here: its analyzer is left out\n'
fi

status=0
python3 "$root/tests/lib/analyze.py" --analyzers "${analyzers[*]}" "$root" "$build" "$@" || status=$?
exit "$status"
