# What the scripts beside this one share, which source it: their settings, and the blaster, compiled, and started for one
# connection at a time.

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

# said PROCESS FILE SED: waits until SED finds something in what PROCESS writes to FILE, and sets $found to the first of
# it. Where the process ends before, so does the script, with what it wrote.
said() {
    until found=$(sed -n "$3" "$2" | head -n 1) && [ -n "$found" ]; do
        kill -0 "$1" 2>/dev/null || { cat "$2" >&2; exit 1; }
        sleep 0.01
    done
}

# start serve|sink FRAMES: one for each connection, so that each result is known to be that client's. Sets $port.
start() {
    : >"$folder/port"
    "$blaster" "$1" "$2" 1 >"$folder/port" &
    server=$!
    said "$server" "$folder/port" 1p
    port=$found
}

# Waits until the connection is over, and sets $seconds to how long it took.
finish() {
    wait "$server"
    server=
    seconds=$(sed -n 2p "$folder/port")
}
