# shellcheck shell=sh
# The part of remap-redirect that calls the firewall's tools: where rules can be, how those of
# remap-redirect are read and replaced there, and what their comments and counters say.
#
# A backend is nft or a variant of iptables. A place for rules is "nft", or the beginning of the
# names of the commands of one family: iptables-nft and ip6tables-nft, for example. All rules are
# in a table of their own (nft) or in chains of their own (iptables).
#
# remap-redirect sources this file, and sets $scratch, $errors, $is_dry and $lock_seconds.
# shellcheck disable=SC2154

table='inet remap_redirect' # of nft
chains='REMAP-REDIRECT REMAP-LOCAL REMAP-GUARD REMAP-OWNER REMAP-INPUT REMAP-HIDE'

# An instance has a table and chains with its name behind theirs. named: gives those in stdin that name.
use_instance() {
    table=${table}_$instance
    chains=$(echo "$chains" | named)
}
named() { sed "s/inet remap_redirect/&${instance:+_$instance}/g; s/REMAP-[A-Z]*/&${instance:+-$instance}/g"; }

# The variant that the command iptables is.
kind_of_iptables() {
    case $(iptables --version 2>/dev/null) in *nf_tables*) echo nft ;; *) echo legacy ;; esac
}

# Prints each backend that is installed, once.
backends() {
    if has nft; then echo nft; fi
    for variant in iptables-nft iptables-legacy; do
        if has $variant-save; then echo $variant; fi
    done
    if has iptables-save && ! has "iptables-$(kind_of_iptables)-save"; then echo iptables; fi
}

# places_of BACKEND: prints its places.
places_of() {
    echo "$1"
    # A kernel without IPv6 has no firewall for it.
    if [ "$1" != nft ] && [ -e /proc/net/if_inet6 ]; then echo "ip6${1#ip}"; fi
}

# save PLACE [OPTION]: prints the rules of all. Root of a user namespace cannot read the names of
# the legacy tables, and names them.
save() {
    command=$1-save
    shift
    "$command" "$@" 2> "$scratch/refused" && return
    grep -q 'names: Permission denied' "$scratch/refused" || return
    { "$command" "$@" -t nat && "$command" "$@" -t filter; } 2> "$scratch/refused"
}

# rules_of PLACE: prints our rules, as the tool reads them that restores them. A rule of iptables
# in a chain of others has its number. What the tool says if it fails is in refused.
rules_of() {
    if [ "$1" = nft ]; then
        nft list tables > "$scratch/saved" 2> "$scratch/refused" || return
        grep -qx "table $table" "$scratch/saved" || return 0
        # shellcheck disable=SC2086 # two words
        nft -s list table $table 2> "$scratch/refused"
        return
    fi
    save "$1" > "$scratch/saved" && awk -v chains=" $chains " '
        function is_ours(chain) { return index(chains, " " chain " ") }
        function add(line) { text[table] = text[table] line "\n" }
        function end(table) { if (table in text) printf "%s\n%sCOMMIT\n", table, text[table] }
        /^\*/ { table = $1 }
        /^:/ && is_ours(substr($1, 2)) { add($1 " - [0:0]") }
        /^-A/ { number[table, $2]++ }
        /^-A/ && is_ours($2) { add($0); next }
        /^-A/ && $(NF - 1) ~ /^-[jg]$/ && is_ours($NF) {
            add("-I " $2 " " number[table, $2] substr($0, 4 + length($2)))
        }
        END { end("*filter"); end("*nat") }
    ' "$scratch/saved"
}

# exchange OLD NEW: prints, for iptables-restore, what removes the rules in the file OLD and adds
# those in the file NEW, a table at a time. The declaration of a chain that exists empties it.
exchange() {
    awk '
        function remove_chains(table) {
            printf "%s%s", flushes[table], removals[table]
            delete was_up[table]
        }
        function remove_table(table) {
            if (!(table in was_up)) return
            printf "%s\n%s", table, jumps[table]
            remove_chains(table)
            print "COMMIT"
        }
        /^\*/ { table = $1 }
        /^:/ { flush = "-F " substr($1, 2) "\n"; removal = "-X " substr($1, 2) "\n" }
        side == "new" && /^:/ { sub(flush, "", flushes[table]); sub(removal, "", removals[table]) }
        side == "new" && /^COMMIT/ { remove_chains(table) }
        side == "new" { print }
        side == "new" && /^\*/ { printf "%s", jumps[table] }
        side == "new" { next }
        /^\*/ { was_up[table] = 1 }
        /^:/ { flushes[table] = flushes[table] flush; removals[table] = removals[table] removal }
        /^-I/ { jumps[table] = jumps[table] "-D " $2 substr($0, 5 + length($2 $3)) "\n" }
        # The guard goes after what it guards.
        END { remove_table("*nat"); remove_table("*filter") }
    ' side=old "$1" side=new "$2"
}

# replace PLACE OLD NEW: replaces the rules in the file OLD by those in the file NEW, in one
# transaction for nft, and in one for each table of iptables. Prints that instead if $is_dry is set.
replace() {
    if [ ! -s "$2" ] && [ ! -s "$3" ]; then return; fi
    note_others "$1"
    if [ "$1" = nft ]; then
        { [ ! -s "$2" ] || echo "delete table $table"; cat "$3"; } > "$scratch/input" || return
        set -- nft -f -
    else
        exchange "$2" "$3" > "$scratch/input" || return
        set -- "$1-restore" -w "$lock_seconds" --noflush
    fi
    if [ -n "$is_dry" ]; then
        echo "# $*"
        cat "$scratch/input"
    else
        "$@" < "$scratch/input" >> "$errors" 2>&1
    fi
}

# ---- the system's chains ----
#
# iptables-nft makes the system's chains (INPUT and so on) and their tables at their first use, and
# leaves them there. A comment says which of them we have made; they are removed as soon as they
# are empty. Only nft can tell and do that.

family_of() { case $1 in ip6*) echo ip6 ;; *) echo ip ;; esac }

# system_chains PLACE: prints each, as "nat/OUTPUT", and then their table, as "nat".
system_chains() {
    nft list chains "$(family_of "$1")" 2>/dev/null | awk '
        $1 == "table" { table = $3 }
        table != "nat" && table != "filter" { next }
        $1 == "chain" && $2 ~ /^((PRE|POST)ROUTING|INPUT|FORWARD|OUTPUT)$/ { print table "/" $2 }
        /^}/ { print table }'
}

# note_others PLACE: writes those that others have made to PLACE.others, before the first change of
# the place. made PLACE: prints ours.
note_others() {
    case $1 in nft | *-legacy) return ;; esac
    [ ! -e "$scratch/$1.others" ] || return 0
    ours=$(value_of made "$(note_of sum "$scratch/$1.before")" | tr ',' '\n')
    system_chains "$1" | grep -vxF -e "$ours" > "$scratch/$1.others"
}
made() { [ ! -e "$scratch/$1.others" ] || system_chains "$1" | grep -vxF -f "$scratch/$1.others"; }

# tidy PLACE: removes those of ours that are empty. iptables refuses to remove a chain that has
# rules; nft would remove both.
tidy() {
    family=$(family_of "$1")
    for made in $(made "$1"); do
        chain=${made#*/}
        if [ "$chain" = "$made" ]; then
            nft list table "$family" "$made" | grep -q chain || nft delete table "$family" "$made"
        elif nft list chain "$family" "${made%/*}" "$chain" | grep -q 'policy accept'; then
            "$1" -t "${made%/*}" -X "$chain"
        fi
    done 2>/dev/null
}

# ---- comments and counters of our rules ----

# sum_of FILE: prints a checksum of rules, without their numbers and without the note of it.
sum_of() { sed '/remap sum=/d; s/^\(-I [^ ]*\) [0-9]*/\1/' "$1" | cksum | tr ' ' '-'; }

# note_of KEY FILE...: prints the comment that begins with this key. value_of KEY NOTE: prints the
# value of a key in it.
note_of() {
    key=$1
    shift
    sed -n "s/.*\"\(remap $key=[^\"]*\)\".*/\1/p" "$@" | head -n 1
}
value_of() { printf '%s\n' "$2" | tr ' ' '\n' | sed -n "s/^$1=//p"; }

# add_note PLACE NOTE: adds a rule that does nothing, with this comment.
add_note() {
    case $1 in
        nft) echo "add rule inet remap_redirect made counter comment \"$2\"" ;;
        *) printf '*nat\n-A REMAP-REDIRECT -m comment --comment "%s"\nCOMMIT\n' "$2" ;;
    esac | named > "$scratch/note"
    replace "$1" /dev/null "$scratch/note"
}

# counted PLACE: prints our rules with their counters.
counted() {
    # shellcheck disable=SC2086 # two words
    case $1 in
        nft) nft list table $table ;;
        *) save "$1" -c | grep -E " REMAP-[A-Z]+${instance:+-$instance}( |\$)" ;;
    esac
}

# packets PATTERN: prints how many packets the rules that match the pattern have counted.
packets() {
    sed -nE "/$1/s/^\[([0-9]*):.*|.* packets ([0-9]*) .*/\1\2/p" "$scratch/counted" |
        awk '{ sum += $1 } END { print sum + 0 }'
}
