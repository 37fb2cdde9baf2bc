#!/bin/bash
# SPDX-License-Identifier: ISC
#
# How packets are carried: the same traffic with offloads, without, with both kinds of sites, and by workers while all around them
# changes. One laboratory for each file in offload/, all at the same time.
#
#     tests/e2e/offload.sh [BUILD_DIRECTORY [LABORATORY...]]
#
# Prints TAP; exit status and AVPN_KEEP_LOGS as routes.sh. With a build of -Db_sanitize=thread, the laboratory "workers" shows
# whether the threads race.
HERE=$(cd "$(dirname "$0")" && pwd)
AVPN_LABORATORIES=offload exec "$HERE/routes.sh" "$@"
