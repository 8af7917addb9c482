#!/bin/sh
# Prints how many messages a second `stomptap bench` sends into a sink that only reads, beside a bare write loop of the
# same frames, and beside stomp.py where Python has it, in turn.
#
#     bench-figures.sh [STOMPTAP]    ROUNDS (5), FRAMES (3000000) and PYTHON (python3) may be set in the environment

set -eu
cd "$(dirname "$0")/.."
stomptap=${1:-.build/release/stomptap}
rounds=${ROUNDS:-5}
frames=${FRAMES:-3000000}
python=${PYTHON:-python3}
blaster=.build/blaster
results=$(mktemp)
sink=
trap 'rm -f "$results" "$results.port"; [ -z "$sink" ] || kill "$sink" 2>/dev/null || :' EXIT
trap exit INT TERM

cc -O2 -Wall -D_GNU_SOURCE -o "$blaster" Benchmarks/blaster.c -lcrypto

clients='bare bench'
! "$python" -c 'import stomp' 2>/dev/null || clients="$clients stomp.py"

# A sink for each connection, so that each result is known to be that client's.
measure() {
    count=$frames
    [ "$1" != stomp.py ] || count=$((frames / 10))
    : >"$results.port"
    "$blaster" sink "$count" 1 >"$results.port" &
    sink=$!
    until port=$(head -n 1 "$results.port") && [ -n "$port" ]; do
        kill -0 "$sink"
        sleep 0.01
    done
    case $1 in
    bare) "$blaster" write "$port" "$count" ;;
    bench)
        # The message that tells other processes how many there were comes on top, and the sink never says goodbye.
        "$stomptap" bench "stomp://127.0.0.1:$port" --publish-only --messages "$count" --heart-beat 0,0 \
            --receipt-timeout 200ms --json - >/dev/null
        ;;
    stomp.py) "$python" Benchmarks/stomppy.py "$port" "$count" ;;
    esac
    wait "$sink"
    sink=
    echo "$1 $(sed -n 2p "$results.port")" | awk -v count="$count" '{ printf "%s %.0f\n", $1, count / $2 }' >>"$results"
}

round=0
while [ "$round" -lt "$rounds" ]; do
    for client in $clients; do measure "$client"; done
    round=$((round + 1))
done

printf 'messages of 256 B a second into a sink, %d rounds of %d\n' "$rounds" "$frames"
printf '%-16s %12s %12s %12s\n' '' median least most
for client in $clients; do
    grep "^$client " "$results" | sort -k 2n | awk '
        { rate[NR] = $2 }
        END { printf "%-16s %12d %12d %12d\n", $1, rate[int((NR + 1) / 2)], rate[1], rate[NR] }'
done
