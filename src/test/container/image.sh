#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Builds the image and runs it without a container engine: buildah builds, chroot runs, as root on Linux. For machines and pipelines
# that have no Docker. The base is the one of the Dockerfile if CONTAINER_BASE=pull; else a stand-in, made of Debian's minimal
# system (debootstrap) and the JDK that runs this build (jlink). So what is tested is all but the base.
#
#   image.sh check              says what is missing, with exit code 3; 0 if nothing is
#   image.sh build DIRECTORY    builds from the working directory; leaves DIRECTORY/image.json (OCIv1.config), and prints the image's root directory
#   image.sh run ROOT VAR=VALUE… COMMAND…   runs it with a read-only root, a /tmp and a volume for artifacts, as 185:0
#   image.sh clean DIRECTORY    removes all of it
set -eu

storage() {
    buildah --root "$directory/storage" --runroot "$directory/run" --storage-driver vfs "$@"
}

missing() {
    echo "$1" >&2
    exit 3
}

stand_in() {
    [ -f "$directory/base.tar" ] && return 0
    root=$directory/base
    rm -rf "$root"
    debootstrap --variant=minbase bookworm "$root" >"$directory/debootstrap.log" 2>&1 ||
        missing "debootstrap could not make a base, see $directory/debootstrap.log: no Debian mirror in reach?"
    # All that a JRE has; not the compiler and its like.
    modules=$("$JAVA_HOME/bin/java" --list-modules | sed 's/@.*//' |
        grep -Ev '^jdk\.(compiler|javadoc|jshell|jpackage|jlink|jdeps|jartool|jconsole|editpad|incubator\..*|internal\.(opt|ed|le))$' |
        paste -sd,)
    mkdir -p "$root/opt/java"
    "$JAVA_HOME/bin/jlink" --add-modules "$modules" --strip-debug --no-header-files --no-man-pages --output "$root/opt/java/openjdk"
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
    tar -C "$root" --exclude='./dev/*' --exclude='./proc/*' -cf "$directory/base.tar.new" .
    mv "$directory/base.tar.new" "$directory/base.tar"
    rm -rf "$root"
}

case $1 in
    check)
        [ "$(uname -s)" = Linux ] || missing "not Linux"
        [ "$(id -u)" = 0 ] || missing "not root, which mount and chroot want"
        for tool in buildah chroot unshare; do
            command -v $tool >/dev/null || missing "no $tool on the PATH (apt-get install buildah debootstrap)"
        done
        [ "${CONTAINER_BASE:-}" = pull ] || command -v debootstrap >/dev/null ||
            missing "no debootstrap on the PATH (apt-get install buildah debootstrap)"
        unshare --mount true 2>/dev/null || missing "no right to make a mount namespace"
        ;;
    build)
        mkdir -p "$2"
        directory=$(cd "$2" && pwd)
        export BUILDAH_ISOLATION=chroot
        name=localhost/dbt-cloud-relay
        if [ "${CONTAINER_BASE:-}" = pull ]; then
            storage bud -f src/main/docker/Dockerfile -t $name . >"$directory/build.log" 2>&1
        else
            stand_in
            if ! storage images -q localhost/stand-in-base >/dev/null 2>&1; then
                printf '%s\n' 'FROM scratch' 'ADD base.tar /' \
                    'ENV JAVA_HOME=/opt/java/openjdk LANG=C.UTF-8 PATH=/opt/java/openjdk/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
                    >"$directory/Base"
                (cd "$directory" && mkdir -p context && ln -f base.tar context/base.tar &&
                    storage bud -f Base -t localhost/stand-in-base context) >"$directory/base.log" 2>&1
            fi
            storage bud --pull-never --build-arg BASE=localhost/stand-in-base \
                -f src/main/docker/Dockerfile -t $name . >"$directory/build.log" 2>&1
        fi || {
            tail -n 40 "$directory/build.log" >&2
            exit 1
        }
        storage inspect --type image $name >"$directory/image.json"
        storage rm --all >/dev/null
        storage mount "$(storage from --pull-never $name)"
        ;;
    run)
        root=$2
        shift 2
        mount --make-rprivate /
        mount --bind "$root" "$root"
        mount -t proc proc "$root/proc"
        mount --rbind /dev "$root/dev"
        mount -t tmpfs -o mode=1777,size=64m tmpfs "$root/tmp"
        mount -t tmpfs -o mode=0770,uid=0,gid=0,size=64m tmpfs "$root/var/lib/dbt-cloud-relay"
        mount -o remount,ro,bind "$root"
        # The environment is the image's and that of the call, nothing of ours.
        exec chroot --userspec=185:0 --groups=0 "$root" /usr/bin/env -i -C /opt/dbt-cloud-relay "$@"
        ;;
    clean)
        directory=$(cd "$2" && pwd)
        storage rm --all >/dev/null
        rm -rf "$directory/storage" "$directory/run"
        ;;
    *)
        missing "check, build, run or clean?"
        ;;
esac
