# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# targets.sh: what each target is. describe TARGET sets, for portability.sh:
#
#   about     one line for --list
#   kind      debian: libraries from Debian's packages; musl: from sources; native: this machine's
#   triple    of the cross compiler          compiler  its command
#   machine   Debian's name of the architecture
#   cpu       meson's cpu_family             endian    big or little
#   emulator  what runs its programs; empty when this machine does
#   options   of meson, beyond those all targets have
#   programs  yes: the daemons too

all_targets="i386 armhf s390x mips musl clang O0 O3"

# Another byte order finds most, and where bytes are handled: the suites of the lower layers.
quick_target=s390x
quick_suites="base wire crypto inner vectors"

describe() {
    about='' kind=debian triple='' compiler='' machine='' cpu='' endian=little emulator='' options=() programs=no
    case $1 in
        i386)
            about='32-bit x86, 64-bit fields aligned to 4; glibc; qemu where the kernel takes no such programs'
            triple=i686-linux-gnu machine=i386 cpu=x86
            /usr/$triple/lib/ld-linux.so.2 --version >/dev/null 2>&1 || emulator=qemu-i386-static ;;
        armhf)
            about='32-bit ARM, char is unsigned; glibc; qemu; the programs too'
            triple=arm-linux-gnueabihf machine=armhf cpu=arm emulator=qemu-arm-static programs=yes ;;
        s390x)
            about='64-bit, big-endian; glibc; qemu'
            triple=s390x-linux-gnu machine=s390x cpu=s390x endian=big emulator=qemu-s390x-static ;;
        mips)
            about='32-bit MIPS, big-endian, no 64-bit atomics; musl: as OpenWrt on ath79; qemu'
            kind=musl triple=mips-linux-gnu compiler=$work/mips/root/bin/musl-gcc
            cpu=mips endian=big emulator=qemu-mips-static ;;
        musl)
            about='this machine, with musl instead of glibc'
            kind=musl triple=$(gcc -dumpmachine) compiler=musl-gcc cpu=$(uname -m) ;;
        clang)
            about='this machine, clang, -O2, without assertions, warnings are errors'
            kind=native compiler=clang
            options=(--buildtype=release -Doptimization=2 -Db_ndebug=true -Dwerror=true) ;;
        O0)
            about='this machine, gcc -O0'
            kind=native compiler=gcc options=(-Doptimization=0) ;;
        O3)
            about='this machine, gcc -O3, without assertions, warnings are errors'
            kind=native compiler=gcc options=(--buildtype=release -Db_ndebug=true -Dwerror=true) ;;
        *)
            return 1 ;;
    esac
    [ -n "$compiler" ] || compiler=$triple-gcc
}
