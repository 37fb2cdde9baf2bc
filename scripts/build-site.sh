#!/bin/bash
# SPDX-License-Identifier: ISC
#
# build-site.sh: the documentation as a static site, to be read from a disk or put on any server.
#
#     scripts/build-site.sh [OUT]        by default build/site; then open OUT/index.html
#
# It needs what scripts/install-packages.sh docs installs. A warning of any tool is an error.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
export PYTHONDONTWRITEBYTECODE=1
exec python3 "$root/doc/site/build.py" "$root" "${1:-$root/build/site}"
