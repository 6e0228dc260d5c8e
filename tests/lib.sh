# What the test scripts share: TAP lines, scratch folders, and waiting for events.
# shellcheck shell=sh
# Each script is called with the folder of the build in $1, and reports to stdout.

build=$(cd "$1" && pwd) || exit 1
here=$(cd "$(dirname "$0")" && pwd) || exit 1
# The system's own programs, not those in the caller's home.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# One that can be preloaded: Fedora has a static busybox, and another one beside it.
busybox=$(command -v busybox.shared || echo busybox)
export busybox
# Nothing of the caller's may steer what is tested.
unset REMAP REMAP_FILE REMAP_WHEN REMAP_REPORT REMAP_CONNECT REMAP_EXEC REMAP_RUN REMAP_SOCKETS REMAP_LOG REMAP_LOG_FILE REMAP_LIBRARY \
    XDG_CONFIG_HOME XDG_RUNTIME_DIR LD_PRELOAD MAKEFLAGS MFLAGS MAKELEVEL CC CFLAGS CPPFLAGS \
    LDFLAGS PREFIX DESTDIR

# A folder that the unprivileged user can access, with the parts of the build that tests need:
# the checkout may lie where only root can look. Sets $dir.
make_scratch() {
    dir=$(mktemp -d "${TMPDIR:-/tmp}/remap-test.XXXXXX")
    trap 'rm -rf "$dir"' EXIT
    trap 'exit 130' INT TERM
    export REMAP_STATE="$dir/state" HOME="$dir"
    cp "$build/libremap.so" "$build/remap" "$build"/tools/* "$dir" || exit 1
    cp "$here/../lib.sh" "$dir/lib.sh"
    if [ "$(id -u)" = 0 ]; then chown -R 65534:65534 "$dir"; fi
    chmod -R a+rX "$dir"
}

# The same for the state of what runs as root: it takes none from a folder of another user. Sets $roots.
make_roots_scratch() {
    roots=$(mktemp -d "${TMPDIR:-/tmp}/remap-test.XXXXXX")
    trap 'rm -rf "$dir" "$roots"' EXIT
}

pass() { echo "ok - $1"; }

# fail NAME [LINE]...
fail() {
    echo "not ok - $1"
    shift
    for line in "$@"; do printf '%s\n' "$line" | sed 's/^/#   /'; done
}

# skip NAME WHY: counts as neither passed nor failed.
skip() { echo "ok - $1 # SKIP $2"; }

# is NAME EXPECTED GOT
is() {
    if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "expected: $2" "got:      $3"; fi
}

# like NAME PATTERN GOT: the pattern is an extended regular expression.
like() {
    if printf '%s\n' "$3" | grep -Eq -- "$2"; then pass "$1"; else fail "$1" "no match: $2" "got: $3"; fi
}

# wait_until COMMAND...: tries it again and again, for ten seconds at most.
wait_until() {
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || return 1
        sleep 0.05
    done
}

# works_in FOLDER: the numbers of the processes that work there or below, other than this shell.
works_in() {
    for process in /proc/[0-9]*; do
        case $(readlink "$process/cwd") in "$1" | "$1"/*) ;; *) continue ;; esac
        [ "${process#/proc/}" = $$ ] || echo "${process#/proc/}"
    done 2>/dev/null
}

# go_alone: Go reads nothing from outside, and writes to this folder alone.
go_alone() { export GOCACHE="$PWD/cache" GOPATH="$PWD/path" GOENV=off GOFLAGS='' GOTOOLCHAIN=local GOPROXY=off GO111MODULE=off; }

# nginx_log FILE: prints nginx's option for its first messages, which it has since 1.19.5.
nginx_log() { nginx -h 2>&1 | sed -n "s|^ *-e filename .*|-e $1|p"; }

# verified PATTERN UNIT...: prints the status of systemd-analyze, and those of its lines that match. Where systemd does not run, an
# ordinary user has only a manager of its own.
verified() {
    pattern=$1
    shift
    if [ -d /run/systemd ] || [ -w /run ]; then manager=--system; else manager=--user; fi
    said=$(XDG_RUNTIME_DIR=$dir systemd-analyze "$manager" verify "$@" 2>&1)
    echo "$? $(printf '%s\n' "$said" | grep -E "$pattern")"
}

# is_unavailable PROGRAM: whether it is not here, and this release of Debian has no package of that name.
is_unavailable() {
    ! command -v "$1" >/dev/null && command -v apt-cache >/dev/null && ! apt-cache pkgnames "$1" | grep -qx "$1"
}
