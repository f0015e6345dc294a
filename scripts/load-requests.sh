#!/usr/bin/env bash
# Asks a host behind the layer from many connections at once, and the same host without the layer, over rows on PostgreSQL.
#
#   scripts/load-requests.sh [-c CONNECTIONS] [-t TENANTS] [-s SECONDS] [-e SEED] [-r] [DATABASE_URL]
#
# Each answer has to carry the mark that stands in the rows of the tenant that was asked for, and the memory has to stay flat.
# It prints what the layer costs. -r builds with optimisations: the figures are worth little without. Without a URL it starts
# a PostgreSQL of its own, thrown away afterwards. With one, the database should be empty. Exit status 1 if a promise was
# broken, 2 if it couldn't be tried.
set -euo pipefail

connections=200
tenants=100
seconds=60
seed=$(( $(date +%s) % 1000000 ))
profile=debug
while getopts 'c:t:s:e:rh' option; do
    case $option in
        c) connections=$OPTARG ;;
        t) tenants=$OPTARG ;;
        s) seconds=$OPTARG ;;
        e) seed=$OPTARG ;;
        r) profile=release ;;
        *) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2 ;;
    esac
done
shift $((OPTIND - 1))
url=${1:-}

cd "$(dirname "$0")/.."
source scripts/postgres.sh
trap stop_server EXIT
trap 'exit 130' INT TERM

release=
[ "$profile" = debug ] || release=--release
cargo build --quiet -p tenantry-e2e $release || fail 'the host does not build'
[ -n "$url" ] || start_server
# Nothing here asks Redis.
"${CARGO_TARGET_DIR:-target}/$profile/host" load "$url" redis://127.0.0.1:1 "$connections" "$tenants" "$seconds" "$seed"
