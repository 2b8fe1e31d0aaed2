#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds the Debian packages from what is committed or would be, in a folder that must not exist yet. The packages are
# left there, beside the sources they were made of.
set -euo pipefail

if [[ $# != 1 || $1 == -* ]]; then
  printf 'Usage: data/debian/build.sh FOLDER\n' >&2
  exit 2
fi

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
version=$(sed -n "s/^  version: '\(.*\)',\$/\1/p" "$root/meson.build")
mkdir -- "$1"
source=$(cd -- "$1" && pwd)/extension-host-$version
mkdir -- "$source"

cd -- "$root"
git ls-files -z --cached --others --exclude-standard | tar -c --null --files-from=- | tar -x -C "$source"
cp -R -- "$source/data/debian" "$source/debian"
rm -- "$source/debian/build.sh" "$source/debian/README.md"

cd -- "$source"
dpkg-buildpackage -us -uc -b
