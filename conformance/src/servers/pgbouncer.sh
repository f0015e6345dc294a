do_prepare() {
    :
}

do_start() {
    rm -f "$dir/pgbouncer.pid"
    as_server "$bin" -q "$dir/pgbouncer.ini" &
    launcher=$!
    until [ -s "$dir/pgbouncer.pid" ]; do
        kill -0 "$launcher" 2>/dev/null || return 1
        sleep 0.02
    done
}

do_stop() {
    put_down
}

put_down() {
    [ -s "$dir/pgbouncer.pid" ] || return 0
    pooler=$(cat "$dir/pgbouncer.pid")
    kill -TERM "$pooler"
    until_gone "$pooler" || kill -KILL "$pooler"
}
