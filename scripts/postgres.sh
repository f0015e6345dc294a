# What the scripts beside it share: a PostgreSQL of their own, thrown away at the end, and statements on it.
#
# The script that sources this has set `url`, empty for a server of our own. It stops the server in its EXIT trap.
# shellcheck shell=bash

folder=
fail() { echo "$(basename "$0" .sh): $*" >&2; exit 2; }

stop_server() {
    if [ -n "$folder" ]; then
        as_postgres "$bin/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true
        rm -rf "$folder"
    fi
}

# PostgreSQL refuses to run as root.
as_postgres() {
    if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

start_server() {
    bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)
    [ -n "$bin" ] || bin=$(dirname "$(command -v initdb || true)")
    [ -x "$bin/initdb" ] || fail 'PostgreSQL is missing: apt-get install postgresql, or give the URL of a database'
    folder=$(mktemp -d)
    if [ "$(id -u)" -eq 0 ]; then chown postgres "$folder"; fi
    as_postgres "$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N >/dev/null
    local port
    for attempt in 1 2 3 4 5; do
        port=$(( 20000 + (RANDOM % 20000) ))
        if as_postgres "$bin/pg_ctl" -D "$folder/data" -w -l "$folder/log" \
            -o "-p $port -k $folder -c listen_addresses=127.0.0.1 -c fsync=off" start >/dev/null 2>&1; then
            url="postgresql://postgres@127.0.0.1:$port/postgres"
            return
        fi
    done
    fail "PostgreSQL doesn't start: $(tail -n 3 "$folder/log")"
}

sql() { psql -X -A -t -q -v ON_ERROR_STOP=1 -d "$url" -c "$1"; }

command -v psql >/dev/null || fail 'psql is missing: apt-get install postgresql-client'
