# shellcheck shell=sh
# SPDX-License-Identifier: ISC
#
# uml_guest.sh: what first processes of guests that uml.sh boots have in common. Sourced.
#
# `work` is the directory uml.sh prepared; its `out` is the only place the guest can write that outlives it. Results go there, one
# line per case: `ok N - name`, `not ok N - name`, `skip N - name # reason`, and a plan `1..N` when all cases were run.

count=0

power_off() {
    echo "1..$count" >>/run/out/results
    echo o >/proc/sysrq-trigger
    sleep 60 # init must not end before the guest does
}

mount_all() {
    mount -t proc proc /proc
    mount -t sysfs sysfs /sys
    mount -t tmpfs tmpfs /run
    mkdir /run/netns /run/out
    mount -t hostfs -o "$work/out" none /run/out
    : >/run/out/started
}

result() {
    count=$((count + 1))
    echo "$1 $count - $2" >>/run/out/results
}

# judge NAME ACTUAL EXPECTED
judge() {
    if [ "$2" = "$3" ]; then
        result ok "$1"
    else
        result "not ok" "$1 (is '$2', should be '$3')"
    fi
}

# Modules that are built in are missing as files; what matters shows when states are added.
# gcm needs seqiv, which needs a random source: drbg with hmac and sha512. load_modules MORE...
load_modules() {
    for module in hmac sha512_generic jitterentropy_rng drbg ecb ctr aes_generic aes_ti \
        ghash-generic poly1305_generic chacha_generic gcm seqiv chacha20poly1305 veth esp4 \
        xfrm_user xfrm_algo ipv6 "$@"; do
        "$work/modprobe" -d "$work/modules" "$module" 2>&1
    done
}
