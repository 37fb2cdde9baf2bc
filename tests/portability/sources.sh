# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# sources.sh: what a target without packages of its own needs, built from Debian's sources: musl for
# a cross compiler, libsodium, Check, and jansson for the vectors. All into one prefix.
#
# Wants of its caller: $work, debian_source (debian.sh), and $compiler and $triple of the target.

# The small one, as OpenWrt has it. Its source comes without a configure script.
libsodium_itself() {
    local prefix=$1 source folder=$work/$target/made/libsodium

    source=$(debian_source libsodium) || return
    rm -rf "$folder"
    mkdir -p "$(dirname "$folder")"
    cp -r "$source" "$folder"
    (
        cd "$folder" && autoreconf --force --install &&
            ./configure --host="$triple" --prefix="$prefix" --disable-static --enable-minimal \
                CC="$compiler" CFLAGS=-O2 &&
            make -j"$(nproc)" && make install
    ) || return
    rm -rf "$folder"
}

# musl and a compiler for it, for a cross compiler that comes with glibc. A musl wrapper takes the
# headers from its prefix alone: those of the kernel have to be brought there, and of libatomic the
# static one, for the shared one needs glibc.
musl_itself() {
    local prefix=$1 source folder=$work/$target/made/musl header

    source=$(debian_source musl) || return
    rm -rf "$folder"
    mkdir -p "$(dirname "$folder")"
    cp -r "$source" "$folder"
    (
        cd "$folder" || exit
        ./configure --target="$triple" --prefix="$prefix" --syslibdir="$prefix/lib" --enable-wrapper=gcc \
            CC="$triple-gcc" CROSS_COMPILE="$triple-" CFLAGS=-O2 && make -j"$(nproc)" && make install
    ) || return
    rm -rf "$folder"
    for header in linux asm asm-generic; do
        ln -sfn "/usr/$triple/include/$header" "$prefix/include/$header"
    done
    cp "$("$triple-gcc" -print-file-name=libatomic.a)" "$prefix/lib/"
}

# The host's musl-gcc finds no headers of the kernel either.
kernel_headers() {
    local prefix=$1

    mkdir -p "$prefix/include"
    ln -sfn /usr/include/linux "$prefix/include/linux"
    ln -sfn /usr/include/asm-generic "$prefix/include/asm-generic"
    ln -sfn "/usr/include/$(gcc -print-multiarch)/asm" "$prefix/include/asm"
}

# cmake_package SOURCE PREFIX OPTIONS...
cmake_package() {
    local name=$1 prefix=$2 source folder=$work/$target/made/$1

    shift 2
    source=$(debian_source "$name") || return
    rm -rf "$folder"
    mkdir -p "$folder"
    (
        cd "$folder" || exit
        cmake -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_C_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Release \
            -DCMAKE_INSTALL_PREFIX="$prefix" "$@" "$source" && make -j"$(nproc)" && make install
    ) || return
    rm -rf "$folder"
}

# musl_sysroot PREFIX: everything.
musl_sysroot() {
    local prefix=$1

    rm -rf "$prefix"
    mkdir -p "$prefix"
    if [ "$compiler" = musl-gcc ]; then
        kernel_headers "$prefix"
    else
        musl_itself "$prefix" || return
    fi
    libsodium_itself "$prefix" &&
        cmake_package check "$prefix" -DCHECK_ENABLE_SUBUNIT=OFF -DBUILD_TESTING=OFF -DINSTALL_CHECKMK=OFF &&
        sed -i 's/-lcheck_pic/-lcheck/' "$prefix/lib/pkgconfig/check.pc" && # as Debian's own build names it
        cmake_package jansson "$prefix" -DJANSSON_BUILD_DOCS=OFF -DJANSSON_WITHOUT_TESTS=ON \
            -DJANSSON_EXAMPLES=OFF
}
