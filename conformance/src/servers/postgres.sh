do_prepare() {
    as_server "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --no-locale --no-sync --no-instructions
}

do_start() {
    as_server "$bin/pg_ctl" -D "$dir/data" -l "$dir/postgres.log" -o "-p $1" -t 60 -w start
}

do_stop() {
    as_server "$bin/pg_ctl" -D "$dir/data" -m "$1" -t 60 -w stop
}

put_down() {
    [ -f "$dir/data/postmaster.pid" ] || return 0
    postmaster=$(head -n 1 "$dir/data/postmaster.pid")
    do_stop immediate || kill -KILL "$postmaster"
    until_gone "$postmaster"
}
