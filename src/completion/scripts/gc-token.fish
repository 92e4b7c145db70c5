# Completes gc-token in fish. Source this file, or put it as gc-token.fish into
# ~/.config/fish/completions.

function __gc_token_complete
    set -l words (commandline --current-process --tokenize --cut-at-cursor)
    set -l current (commandline --current-token --cut-at-cursor)

    # The command after 'exec ... --' is completed as if it stood alone.
    if test "$words[2]" = exec; and set -l dashes (contains --index -- -- $words)
        set -l command (string escape -- $words[(math $dashes + 1)..-1]) $current
        complete --do-complete "$command"
        return
    end

    set -l values (VARIABLE=fish gc-token -- $words "$current" 2>/dev/null)
    if set -q values[1]
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
