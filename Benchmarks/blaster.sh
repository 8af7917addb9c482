# Common part of the scripts in this folder, which source it: reads the settings, compiles the blaster, and starts
# it for one connection at a time.

set -eu
cd "$(dirname "$0")/.."
stomptap=${1:-.build/release/stomptap}
rounds=${ROUNDS:-5}
blaster=.build/blaster
folder=$(mktemp -d)
server= between=
trap 'kill $server $between 2>/dev/null || :; rm -rf "$folder"' EXIT
trap exit INT TERM

cc -O2 -Wall -D_GNU_SOURCE -o "$blaster" Benchmarks/blaster.c -lcrypto

# said PROCESS FILE SED: waits until SED finds something in PROCESS's output FILE, and sets $found to the first
# match. If the process ends before that, prints the output and exits.
said() {
    until found=$(sed -n "$3" "$2" | head -n 1) && [ -n "$found" ]; do
        kill -0 "$1" 2>/dev/null || { cat "$2" >&2; exit 1; }
        sleep 0.01
    done
}

# start serve|sink FRAMES: starts a new blaster for each connection, so that each result belongs to one client. Sets
# $port.
start() {
    : >"$folder/port"
    "$blaster" "$1" "$2" 1 >"$folder/port" &
    server=$!
    said "$server" "$folder/port" 1p
    port=$found
}

# Waits until the connection ends, and sets $seconds to its duration.
finish() {
    wait "$server"
    server=
    seconds=$(sed -n 2p "$folder/port")
}
