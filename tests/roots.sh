# shellcheck shell=sh disable=SC2154 # $build and $tests are set by the script that includes this
# Roots: folders that can be the root of all in namespaces of one's own, each with a small Debian by debootstrap. They are kept
# from run to run, and all checkouts of a user share them. Nothing of this system is changed: all that mounts, or is root,
# does so in its own namespaces. The build is in $build, and $tests is the folder of this file.

umask 022
# The caller's folder for scratch is none in there.
unset TMPDIR
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# The emulator of qemu-user-static that programs of another machine need, as "qemu-aarch64", or nothing.
: "${emulator=}"

# namespaces_as_root COMMAND...: an ordinary user becomes root of a user namespace, with the further
# user ids that the system has given that user. So does root with an emulator, which is registered for that namespace
# alone (Linux 6.7).
namespaces_as_root() {
    if [ "$(id -u)" != 0 ]; then
        unshare --map-root-user --map-auto "$@"
    elif [ -z "$emulator" ]; then
        "$@"
    else
        # It becomes root of the namespace by the exec. What is run in the background has no input otherwise.
        # shellcheck disable=SC2016
        {
            unshare --user sh -c 'until grep -q . /proc/self/gid_map; do sleep 0.02; done; exec "$@"' sh "$@" <&3 3<&- &
            until echo '0 0 65536' > "/proc/$!/uid_map"; do sleep 0.02; done 2>/dev/null
            echo '0 0 65536' > "/proc/$!/gid_map"
            wait $!
        } 3<&0
    fi
}

# namespaces_enter OPTION-OF-UNSHARE... COMMAND...: as root, with mounts of its own.
namespaces_enter() {
    options=
    while case ${1-} in -*) true ;; *) false ;; esac do
        options="$options $1"
        shift
    done
    # shellcheck disable=SC2016 # a script
    [ -z "$emulator" ] || set -- sh -ec '
        mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
        cat "/usr/lib/binfmt.d/$1.conf" > /proc/sys/fs/binfmt_misc/register
        shift
        exec "$@"
    ' sh "$emulator" "$@"
    # shellcheck disable=SC2086 # a list of options
    namespaces_as_root unshare $options "$build/tools/mounts" "$@"
}

# namespaces_work: whether that can be had; prints why not.
namespaces_work() {
    why=$(namespaces_enter --net --pid --fork true 2>&1) ||
        { echo "$why: see docs/HACKING.md, \"The matrix\", for what the kernel and /etc/subuid must allow" && false; }
}

# namespaces_furnish ROOT: mounts what programs expect to find, in our mount namespace alone.
namespaces_furnish() {
    mount -t proc proc "$1/proc"
    # An emulator is registered while there is such a mount.
    [ -z "$emulator" ] || mount --bind /proc/sys/fs/binfmt_misc "$1/proc/sys/fs/binfmt_misc"
    # Not for all to write to: the kernel would refuse to open devices in there with O_CREAT.
    mount -t tmpfs -o mode=755 tmpfs "$1/dev"
    mkdir "$1/dev/pts" "$1/dev/shm"
    for device in null zero full random urandom tty; do
        : > "$1/dev/$device"
        mount --bind "/dev/$device" "$1/dev/$device"
    done
    ln -s /proc/self/fd "$1/dev/fd"
    ln -s /proc/self/fd/0 "$1/dev/stdin"
    ln -s /proc/self/fd/1 "$1/dev/stdout"
    ln -s /proc/self/fd/2 "$1/dev/stderr"
    ln -s pts/ptmx "$1/dev/ptmx"
    mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$1/dev/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm"
}

# ---- roots ----

# The folder that they are kept in: $REMAP_ROOTS, or one of the user's cache, or of the build.
roots_folder() {
    for folder in "${REMAP_ROOTS-}" "${XDG_CACHE_HOME:-${HOME-}/.cache}/libremap" "$build/roots"; do
        [ -n "$folder" ] && mkdir -p "$folder" 2>/dev/null && [ -O "$folder" ] && break
    done
    (cd "$folder" && pwd)
}

# roots_open NAME SUITE ARCHITECTURE LACKS FILL: sets $root to the root of that name, and makes it first if it is not there. LACKS
# is a command that says whether something is missing in it, and FILL one that adds that. ARCHITECTURE may be empty, and
# $MIRROR is where packages come from. Until the shell ends, it holds a shared lock, and nothing is added to the root
# or removed. What was begun and interrupted is continued. Output is in $build/roots-NAME.log.
roots_open() {
    root=$(roots_folder)/$1
    exec 9> "$root.lock"
    flock -s 9
    if roots_is "$2" && ! "$4"; then return; fi
    # This lets the shared lock go first: another may have made what is missing by then.
    flock -x 9
    if ! roots_is "$2"; then
        echo "roots: making $root with Debian $2"
        roots_make "$2" "$3" > "$build/roots-$1.log" 2>&1 || roots_fail "$1" || return
    fi
    if "$4"; then
        echo "roots: adding what is missing in $root"
        "$5" > "$build/roots-$1.log" 2>&1 </dev/null || roots_fail "$1" || return
    fi
    flock -s 9
}

roots_is() { [ "$(cat "$root/suite" 2>/dev/null)" = "$1" ]; }

roots_fail() {
    tail -n 20 "$build/roots-$1.log"
    echo "roots: $root lacks something: see $build/roots-$1.log" >&2
    false
}

# roots_make SUITE ARCHITECTURE: with nothing but debootstrap's smallest variant. No service is ever started in it.
roots_make() (
    mirror=${MIRROR:-http://deb.debian.org/debian}
    command -v debootstrap >/dev/null || { echo 'no debootstrap here: run scripts/setup test' && exit 1; }
    # What is installed is neither read nor flushed to the disk.
    # shellcheck disable=SC2016
    namespaces_as_root sh -ec '
        rm -rf "$1" "$1.new"
        mkdir -p "$1.new/etc/dpkg/dpkg.cfg.d"
        printf "%s\n" "path-exclude=/usr/share/doc/*" "path-include=/usr/share/doc/*/copyright" "path-exclude=/usr/share/man/*" "path-exclude=/usr/share/locale/*" force-unsafe-io \
            > "$1.new/etc/dpkg/dpkg.cfg.d/small"
    ' sh "$root" || exit
    # An unprivileged container of lxc is what this looks like where root is not the system's: there
    # are devices to be had, but none to be made.
    { [ "$(id -u)" = 0 ] && [ -z "$emulator" ]; } || export container=lxc
    namespaces_enter --pid --fork --kill-child debootstrap --variant=minbase ${2:+"--arch=$2"} "$1" "$root.new" "$mirror" || exit
    # shellcheck disable=SC2016
    namespaces_enter sh -ec '
        cd "$1"
        printf "deb %s %s main\n" "$3" "$2" > etc/apt/sources.list
        case $2 in
            sid | unstable) ;;
            *) printf "deb %s %s main\n" "$3" "$2-updates" "${3%/}-security" "$2-security" >> etc/apt/sources.list ;;
        esac
        printf "#!/bin/sh\nexit 101\n" > usr/sbin/policy-rc.d
        chmod 755 usr/sbin/policy-rc.d
        # The copy of sid on a mirror may be old.
        echo "Acquire::Check-Valid-Until \"false\";" > etc/apt/apt.conf.d/mirror
        echo "$2" > suite
        mv "$1" "${1%.new}"
    ' sh "$root.new" "$1" "$mirror"
)

# roots_lack PACKAGE...: prints those that are not installed in $root.
roots_lack() {
    printf '%s\n' "$@" | awk '
        FNR == NR { if ($1 == "Package:") package = $2; else if ($0 == "Status: install ok installed") installed[package]; next }
        !($1 in installed)' "$root/var/lib/dpkg/status" -
}

# roots_install PACKAGE...
roots_install() {
    # shellcheck disable=SC2016
    roots_run sh -ec '
        # Where a list cannot be had, the one of before may do.
        apt-get update -q || echo "not all lists could be read"
        dpkg --configure -a
        apt-get install -q -y --no-install-recommends "$@"
        apt-get clean
    ' sh "$@"
}

# roots_add_user: adds the ordinary user remap, with further user ids and, at last, a home.
roots_add_user() {
    roots_run sh -ec '
        grep -q "^remap:" /etc/passwd || echo "remap:x:1000:1000:an ordinary user:/home/remap:/bin/sh" >> /etc/passwd
        grep -q "^remap:" /etc/group || echo "remap:x:1000:" >> /etc/group
        # All 65536 where there are that many beside ours: in a user namespace there are not.
        if awk "{ exit !(\$3 >= 200000) }" /proc/self/uid_map; then ids=100000:65536; else ids=2000:60000; fi
        echo "remap:$ids" | tee /etc/subuid > /etc/subgid
        mkdir -p /home/remap
        chown 1000:1000 /home/remap
    '
}

# roots_build_packages: prints the packages that the build of libremap needs, as scripts/setup has them.
roots_build_packages() { sed -n "s/^apt_build='\(.*\)'/\1/p" "$tests/../scripts/setup"; }

# roots_run [FOLDER:PLACE]... COMMAND...: runs it with $root as its root, as root, in mounts of its own; each folder is seen at its place.
roots_run() {
    # shellcheck disable=SC2016
    namespaces_enter --pid --fork --kill-child sh -ec '
        root=$1
        . "$2"
        shift 2
        namespaces_furnish "$root"
        mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
        cat /etc/resolv.conf > "$root/etc/resolv.conf"
        while case $1 in *:/*) true ;; *) false ;; esac do
            mkdir -p "$root${1##*:}"
            mount --bind "${1%:*}" "$root${1##*:}"
            shift
        done
        # The first process of a namespace cannot end itself by a signal, as make would.
        chroot "$root" env -u MAKEFLAGS -u MAKELEVEL DEBIAN_FRONTEND=noninteractive LC_ALL=C \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@" || exit
    ' sh "$root" "$tests/roots.sh" "$@"
}

# Removes all of them, each when no run uses it. Files of further users are in them: an ordinary user needs namespaces for that.
roots_remove() {
    for lock in "$(roots_folder)"/*.lock; do
        [ ! -e "$lock" ] || (exec 9> "$lock" && flock -x 9 && namespaces_as_root rm -rf "${lock%.lock}" "${lock%.lock}.new")
    done
}
