# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# cross.sh: from a target (targets.sh) to a configured build: its libraries, and the file that tells
# meson about the machine.

# Where a target's libraries are, and those of its libc.
library_folders() {
    case $kind in
        debian) echo "$work/$target/root/usr/lib/$(debian_triple):/usr/$triple/lib" ;;
        musl) echo "$work/$target/root/lib" ;;
    esac
}

# Debian's own name of i686.
debian_triple() {
    echo "${triple/i686/i386}"
}

# The command in front of a program of the target.
wrapper() {
    case $kind-$emulator in
        native-) ;;
        debian-) printf '%s\n' "$(echo "/usr/$triple"/lib/ld-linux*.so.2)" --library-path "$(library_folders)" ;;
        musl-) printf '%s\n' env "LD_LIBRARY_PATH=$(library_folders)" ;;
        *) printf '%s\n' "$emulator" -L "/usr/$triple" -E "LD_LIBRARY_PATH=$(library_folders)" ;;
    esac
}

wrapped() {
    local front

    mapfile -t front < <(wrapper)
    "${front[@]}" "$@"
}

# The target's libraries; again only when another list is asked for.
sysroot() {
    local folder=$work/$target/root stamp=$work/$target/root.is-made wanted
    local packages=(libsodium23 libsodium-dev check libsubunit0 libsubunit-dev libjansson4 libjansson-dev
        libssl3 libssl-dev)

    [ "$programs" = no ] || packages+=(libc-ares2 libc-ares-dev libmnl0 libmnl-dev libqrencode4
        libqrencode-dev libsqlite3-0 libsqlite3-dev libyaml-0-2 libyaml-dev)
    wanted=$(cat "$root/tests/portability/debian.sh" "$root/tests/portability/sources.sh" <(echo "${packages[@]}") | sha256sum)
    [ "$wanted" != "$(cat "$stamp" 2>/dev/null)" ] || return 0
    rm -f "$stamp"
    case $kind in
        debian) debian_packages "$machine" "$folder" "${packages[@]}" ;;
        musl) musl_sysroot "$folder" ;;
    esac || return
    echo "$wanted" >"$stamp"
}

# quoted WORD...: as a list of meson.
quoted() {
    local word between=''

    printf '['
    for word in "$@"; do
        printf "%s'%s'" "$between" "$word"
        between=', '
    done
    printf ']\n'
}

# pkg-config's files name /usr in Debian's packages, the prefix itself in what was built from sources.
write_cross_file() {
    local folder=$work/$target/root front include libraries

    mapfile -t front < <(wrapper)
    if [ "$kind" = debian ]; then
        include=$folder/usr/include libraries=$folder/usr/lib/$(debian_triple)
    else
        include=$folder/include libraries=$folder/lib
    fi
    cat <<END
[binaries]
c = '$compiler'
ar = '$triple-gcc-ar'
strip = '$triple-strip'
pkgconfig = 'pkg-config'
exe_wrapper = $(quoted "${front[@]}")

[built-in options]
c_args = $(quoted -isystem "$include" -isystem "$include/$(debian_triple)")
c_link_args = $(quoted "-L$libraries" "-Wl,-rpath-link,$libraries")

[properties]
needs_exe_wrapper = true
pkg_config_libdir = '$libraries/pkgconfig'
$([ "$kind" = musl ] || echo "sys_root = '$folder'")

[host_machine]
system = 'linux'
cpu_family = '$cpu'
cpu = '$cpu'
endian = '$endian'
END
}

# configure BUILD IS_QUICK
configure() {
    local build=$1 is_quick=$2 all

    all=(-Dtests=enabled -Dbench=false -Ddebug=false "-Dprograms=$([ "$programs" = yes ] && echo enabled || echo disabled)")
    [ "$is_quick" = no ] || all+=(-Doptimization=1 -Dprograms=disabled)
    all+=("${options[@]+"${options[@]}"}")
    if [ "$kind" = native ]; then
        CC=$compiler meson setup "${all[@]}" "$build" "$root"
    else
        write_cross_file >"$work/$target/cross.ini"
        meson setup --cross-file "$work/$target/cross.ini" "${all[@]}" "$build" "$root"
    fi
}
