# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# All that the kernel offers, at all sites.

lab_of_large() {
    # shellcheck source=tests/e2e/carrying.sh
    . "$HERE/carrying.sh"
    sites "" "" ""
    check "the interface leaves segmentation to the gateway" carries near "'tso4' in c['interface_offloads']"
    check "sockets take and give runs" carries near "c['socket_offloads'] == ['segment', 'gro']"
    check "status names who encrypts" carries near "bool(c['providers']['AES-256-GCM'] or c['providers']['ChaCha20-Poly1305'])"
    transfers 3
    check "near: large packets were cut" carries near "c['large_read'] > 0 and c['pieces_cut'] > 2 * c['large_read']"
    check "far: packets were joined" carries far "c['packets_joined'] > 0"
    check "hub: none came to its own interface" carries hub "c['large_read'] + c['packets_joined'] == 0"
    nothing_lost
}
