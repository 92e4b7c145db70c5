# Completes gc-token in fish. Source this file, or put it as gc-token.fish into
# ~/.config/fish/completions.

function __gc_token_complete
    set -l words (commandline --current-process --tokenize --cut-at-cursor)
    set -l current (commandline --current-token --cut-at-cursor)

    set -l values (VARIABLE=fish gc-token -- $words "$current" 2>/dev/null)
    # The command of 'exec' or 'sandbox' is completed as if it stood alone.
    if set -l start (string match --regex -- '^\t(\d+)$' "$values[1]")
        set -l command $current
        if test $start[2] -lt (count $words)
            set command (string escape -- $words[(math $start[2] + 1)..-1]) $current
        end
        complete --do-complete "$command"
    else if set -q values[1]
        printf '%s\n' $values
    else if set -l parts (string match --regex -- '^(--[^=]+=)(.*)$' "$current")
        # A file behind an option's '='.
        string replace --regex -- '^' "$parts[2]" (__gc_token_files "$parts[3]")
    else
        __gc_token_files "$current"
    end
end

# fish completes files by itself, '~' and variables included, after a command of which
# it knows nothing.
function __gc_token_files
    complete --do-complete "__fish_command_without_completions $argv[1]"
end

complete --command gc-token --no-files --keep-order --arguments '(__gc_token_complete)'
