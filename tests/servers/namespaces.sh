# Becoming root of namespaces of one's own, in which a folder can be the root of all.

umask 022
# The caller's folder for scratch is none in there.
unset TMPDIR

# namespaces_as_root COMMAND...: an ordinary user becomes root of a user namespace, with the further
# user ids that the system has given that user.
namespaces_as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else unshare --map-root-user --map-auto "$@"; fi
}

# namespaces_enter OPTION-OF-UNSHARE... COMMAND...: as root, with mounts of its own. The tools are in $build.
namespaces_enter() {
    options=
    while case ${1-} in -*) true ;; *) false ;; esac do
        options="$options $1"
        shift
    done
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
