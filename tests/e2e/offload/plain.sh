# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# No site has offloads: what the other laboratories are compared with.

lab_of_plain() {
    # shellcheck source=tests/e2e/carrying.sh
    . "$HERE/carrying.sh"
    sites "tun: {offloads: false}" "tun: {offloads: false}" "tun: {offloads: false}"
    transfers
    check "near: nothing was cut or joined" carries near "c['large_read'] + c['packets_joined'] == 0"
    nothing_lost
}
