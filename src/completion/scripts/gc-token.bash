# Completes gc-token in bash, from version 3.2 on. Source this file, or put it as
# gc-token into ~/.local/share/bash-completion/completions.

_gc_token() {
    local line=${COMP_LINE:0:COMP_POINT} rest word words=() begins=() last=-1 i
    COMPREPLY=()

    # bash splits words at '=' and ':', too, and the program does not: a word
    # without a blank before it goes on with the one before. What stands behind the
    # cursor does not count.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        rest=${line#"${line%%[![:blank:]]*}"}
        if ((i == 0)) || [[ $rest != "$line" ]]; then
            last=$((last + 1))
            words[last]=
            begins[last]=$i
        fi
        word=${COMP_WORDS[i]}
        word=${rest:0:${#word}}
        words[last]+=$word
        line=${rest:${#word}}
    done

    # bash replaces the part behind the last '=' or ':' alone.
    local part=$2
    [[ $part == [=:] ]] && part=
    local kept=${words[last]%"$part"}
    while IFS= read -r word; do
        # The command of 'exec' or 'sandbox' is completed as if it stood alone.
        if [[ $word == $'\t'* ]]; then
            _gc_token_command "${begins[${word#$'\t'}]}" "$2"
            return
        fi
        word=${word%%$'\t'*}
        [[ -n $word ]] && COMPREPLY+=("${word#"$kept"}")
    done <<<"$(VARIABLE=bash gc-token -- "${words[@]}" 2>/dev/null)"
}

# Completes the command that begins at this word of the line.
_gc_token_command() {
    if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "$1"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    elif ((COMP_CWORD == $1)); then
        while IFS= read -r word; do
            [[ -n $word ]] && COMPREPLY+=("$word")
        done <<<"$(compgen -c -- "$2" | sort -u)"
    fi
}

# Where nothing is offered, bash completes files. Version 4.4 can keep the order.
complete -o bashdefault -o default -o nosort -F _gc_token gc-token 2>/dev/null ||
    complete -o bashdefault -o default -F _gc_token gc-token
