# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# A site with offloads and one without.

lab_of_mixed() {
    # shellcheck source=tests/e2e/carrying.sh
    . "$HERE/carrying.sh"
    sites "" "" "tun: {offloads: false}"
    check "far does without" carries far "c['interface_offloads'] == []"
    transfers
    check "near: large packets were cut" carries near "c['large_read'] > 0"
    check "near: packets were joined" carries near "c['packets_joined'] > 0"
    check "far: all came and went as they are" carries far "c['large_read'] + c['packets_joined'] == 0"
    nothing_lost
}
