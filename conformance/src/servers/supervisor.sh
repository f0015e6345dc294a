# Owns one folder and one server for as long as its standard input is open, and takes both away after that.
#
# The owner writes commands and reads an answer to each: "ok" or "failed". The kernel closes the pipe however the
# owner ends, SIGKILL included, so nothing that the owner forgets can stay behind. Commands run one by one: an owner
# that dies in the middle of one has it finished first and undone next.
#
# Before this text come the variables kind, user and base; after it the server's own do_prepare, do_start, do_stop and
# put_down, and then a call of supervise.

# A terminal's Ctrl-C is for the owner; a broken pipe is seen as the end of the input.
trap '' HUP INT TERM PIPE
umask 022

dir=$(mktemp -d "$base/tenantry-$kind-XXXXXX") || exit 1
log=$dir/supervisor.log

as_server() {
    if [ "$(id -u)" = 0 ]; then
        runuser -u "$user" -- "$@" </dev/null >>"$log" 2>&1
    else
        "$@" </dev/null >>"$log" 2>&1
    fi
}

# Waits up to ten seconds for a process to be gone.
until_gone() {
    turns=0
    while kill -0 "$1" 2>/dev/null; do
        turns=$((turns + 1))
        [ "$turns" -gt 500 ] && return 1
        sleep 0.02
    done
}

# What a dying process still writes may make one attempt fail.
remove_folder() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        rm -rf "$dir" 2>/dev/null && [ ! -e "$dir" ] && return
        sleep 0.1
    done
}

supervise() {
    if [ "$(id -u)" = 0 ] && ! chown "$user" "$dir" 2>>"$log"; then
        cat "$log" >&2
        rm -rf "$dir"
        exit 1
    fi
    echo "$dir"
    while read -r command argument; do
        if "do_$command" "$argument" </dev/null >>"$log" 2>&1; then echo ok; else echo failed; fi
    done
    put_down </dev/null >>"$log" 2>&1
    remove_folder
}
