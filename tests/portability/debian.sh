# shellcheck shell=bash
# SPDX-License-Identifier: ISC
#
# debian.sh: packages of another architecture, and sources, without telling this machine's package
# manager about either: lists and packages go to folders of our own, below $work/apt.

# debian_archives deb|deb-src: lines of a sources.list, from where this machine takes Debian. Not from the archive of
# security fixes: its mirrors do not have all machines and sources, and what it mends is in the next point release.
debian_archives() {
    apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        grep -v -e '-security ' | sed -n "s/^Debian /$1 /p" | sort -u
}

# private_apt ARCHITECTURE COMMAND...: apt-get with lists of its own, fetched when there are none.
private_apt() {
    local architecture=$1 folder=$work/apt/$1 kind=deb options

    shift
    options=(-q -o "APT::Architecture=$architecture" -o "APT::Architectures::=$architecture"
        -o "Dir::State=$folder/state" -o "Dir::State::status=$folder/status"
        -o "Dir::Cache=$folder/cache" -o "Dir::Etc::sourcelist=$folder/sources.list"
        -o Dir::Etc::sourceparts=- -o APT::Sandbox::User=root -o Acquire::Languages=none
        -o Acquire::Retries=3)
    if [ ! -e "$folder/is-ready" ]; then
        mkdir -p "$folder/state/lists/partial" "$folder/cache/archives/partial"
        : >"$folder/status"
        [ "$architecture" != source ] || kind=deb-src
        debian_archives $kind >"$folder/sources.list"
        apt-get "${options[@]}" update || return
        touch "$folder/is-ready"
    fi
    apt-get "${options[@]}" "$@"
}

# debian_packages ARCHITECTURE FOLDER PACKAGE...: unpack them there.
debian_packages() {
    local architecture=$1 folder=$2 archive

    shift 2
    rm -rf "$folder.new"
    mkdir -p "$folder.new/archives"
    (cd "$folder.new/archives" && private_apt "$architecture" download "$@") || return
    for archive in "$folder.new"/archives/*.deb; do
        dpkg-deb --extract "$archive" "$folder.new" || return
    done
    rm -rf "$folder.new/archives" "$folder"
    mv "$folder.new" "$folder"
}

# debian_source PACKAGE: prints the folder of its patched source.
debian_source() {
    local folder=$work/source/$1 found

    if [ ! -e "$folder" ]; then
        rm -rf "$folder.new"
        mkdir -p "$folder.new"
        (cd "$folder.new" && private_apt source source "$1") >&2 || return
        mv "$folder.new" "$folder"
    fi
    for found in "$folder"/*/; do
        echo "${found%/}"
        return
    done
    return 1
}
