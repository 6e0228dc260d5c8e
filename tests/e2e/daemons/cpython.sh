# Python's own tests of the network, without the library and under it: the same comes out.
# shellcheck shell=sh
# shellcheck source=../../lib.sh
. ./lib.sh

python=/usr/bin/python3
for module in test_socket test_socketserver test_httpservers test_ftplib test_smtplib; do
    # The names of the tests and what became of each, as far as they are on one line, and the sums.
    results() {
        (cd "$1" && shift && timeout 300 "$@" $python -m test -u network -v $module 2>&1) | tee "$1.out" |
            sed -n -E -e 's/^(Ran [0-9]+ tests?).*/\1/p' -e 's/^((OK|FAILED)( \(.*)?)$/\1/p' \
                -e 's/^(test[A-Za-z0-9_]* \([A-Za-z0-9_.]*\)).* \.\.\. (ok|FAIL|ERROR|skipped|expected failure).*/\1 \2/p' | sort
    }
    mkdir -p plain ours
    # One after the other: both bind the same abstract address (unix(7)).
    results plain env > plain.txt
    results ours env LD_PRELOAD="$PWD/libremap.so" > ours.txt
    count=$(grep -c ' ok$' plain.txt)
    if [ "$count" -gt 0 ] && ! diff plain.txt ours.txt > difference; then
        fail "$module: the same under the library" "$(head -n 20 difference)"
    else
        is "$module: the same under the library, $count tests passed" yes "$([ "$count" -gt 0 ] && echo yes)"
    fi
done
