# Completion of remap in bash. 'remap complete' knows what is possible.
# shellcheck shell=bash

_remap() {
    local last=${COMP_WORDS[COMP_CWORD]} line i
    local -a words=() starts=() lines

    # bash also splits words at "=" and ":".
    for ((i = 1; i <= COMP_CWORD; i++)); do
        case ${#words[@]}:${COMP_WORDS[i - 1]}:${COMP_WORDS[i]} in
            0:* | *:) ;;
            *:[=:]:* | *:[=:])
                words[-1]+=${COMP_WORDS[i]}
                continue
                ;;
        esac
        words+=("${COMP_WORDS[i]}")
        starts+=("$i")
    done
    [[ $last != [=:] ]] || last=

    COMPREPLY=()
    mapfile -t lines < <("$1" complete -- "${words[@]}" 2>/dev/null)
    case ${lines[0]-} in
        :files) compopt -o default ;;
        ':command '*)
            i=${starts[${lines[0]#:command }]}
            if ((i == COMP_CWORD)); then
                compopt -o default
                mapfile -t COMPREPLY < <(compgen -c -- "$last")
            elif declare -F _command_offset >/dev/null; then
                _command_offset "$i"
            else
                compopt -o default
            fi
            ;;
        *)
            i=$((${#words[-1]} - ${#last}))
            for line in "${lines[@]}"; do
                line=${line%%$'\t'*}
                COMPREPLY+=("${line:i}")
            done
            ;;
    esac
}
complete -F _remap remap
