do_prepare() {
    :
}

do_start() {
    rm -f "$dir/redis.pid"
    # With a certificate there is no way in without TLS.
    if [ -f "$dir/server.crt" ]; then set -- --port 0 --tls-port "$1"; else set -- --port "$1"; fi
    as_server "$bin" "$dir/redis.conf" "$@" &
    launcher=$!
    until [ -s "$dir/redis.pid" ]; do
        kill -0 "$launcher" 2>/dev/null || return 1
        sleep 0.02
    done
}

do_stop() {
    put_down
}

do_pause() {
    kill -STOP "$(cat "$dir/redis.pid")"
}

do_resume() {
    go_on "$(cat "$dir/redis.pid")"
}

# runuser halts itself when its child is halted, and would leave it a zombie.
go_on() {
    parent=$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$1/status" 2>/dev/null)
    kill -CONT "$1" || return 1
    [ "${parent:-$$}" = "$$" ] || kill -CONT "$parent" || :
}

put_down() {
    [ -s "$dir/redis.pid" ] || return 0
    server=$(cat "$dir/redis.pid")
    # One that is paused wouldn't hear.
    go_on "$server" || return 0
    kill -TERM "$server"
    until_gone "$server" || kill -KILL "$server"
    rm -f "$dir/redis.pid"
}
