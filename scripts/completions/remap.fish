# Completion of remap in fish. 'remap complete' knows what is possible.

function __remap_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l lines (command $words[1] complete -- $words[2..-1] 2>/dev/null)
    switch "$lines[1]"
        case :files
            __fish_complete_path (commandline -ct)
        case ':command *'
            set -l at (string replace ':command ' '' $lines[1])
            __fish_complete_subcommand --fcs-skip=(math $at + 1)
        case '*'
            printf '%s\n' $lines
    end
end
complete -c remap -f -a '(__remap_complete)'
