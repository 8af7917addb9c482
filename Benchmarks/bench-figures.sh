#!/bin/sh
# Prints how many messages a second `stomptap bench` sends into a sink that only reads, beside a bare write loop of the
# same frames, in turn.
#
#     bench-figures.sh [STOMPTAP]    ROUNDS (5) and FRAMES (3000000) may be set in the environment

set -eu
cd "$(dirname "$0")/.."
stomptap=${1:-.build/release/stomptap}
rounds=${ROUNDS:-5}
frames=${FRAMES:-3000000}
blaster=.build/blaster
results=$(mktemp)
sink=
trap 'rm -f "$results" "$results.port"; [ -z "$sink" ] || kill "$sink" 2>/dev/null || :' EXIT
trap exit INT TERM

cc -O2 -Wall -D_GNU_SOURCE -o "$blaster" Benchmarks/blaster.c -lcrypto

# A sink for each connection, so that each result is known to be that client's.
measure() {
    : >"$results.port"
    "$blaster" sink "$frames" 1 >"$results.port" &
    sink=$!
    until port=$(head -n 1 "$results.port") && [ -n "$port" ]; do sleep 0.01; done
    case $1 in
    bare) "$blaster" write "$port" "$frames" ;;
    bench)
        # The message that tells other processes how many there were comes on top, and the sink never says goodbye.
        "$stomptap" bench "stomp://127.0.0.1:$port" --publish-only --messages "$frames" --heart-beat 0,0 \
            --receipt-timeout 200ms --json - >/dev/null
        ;;
    esac
    wait "$sink"
    sink=
    echo "$1 $(sed -n 2p "$results.port")" >>"$results"
}

round=0
while [ "$round" -lt "$rounds" ]; do
    measure bare
    measure bench
    round=$((round + 1))
done

sort -k 1,1 -k 2n "$results" | awk -v frames="$frames" -v rounds="$rounds" '
    { seconds[$1, ++count[$1]] = $2 }
    function rate(client) { return frames / seconds[client, int((rounds + 1) / 2)] }
    END {
        printf "messages of 256 B a second into a sink, median of %d rounds of %d\n", rounds, frames
        printf "bare write loop %12.0f\n", rate("bare")
        printf "stomptap bench  %12.0f\n", rate("bench")
    }'
