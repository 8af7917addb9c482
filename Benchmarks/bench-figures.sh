#!/bin/sh
# Prints how many messages a second `stomptap bench` sends to a sink that only reads, compared with a plain write
# loop for the same frames and, if installed, with stomp.py. The clients run in turn.
#
#     bench-figures.sh [STOMPTAP]    ROUNDS (5), FRAMES (3000000) and PYTHON (python3) may be set in the environment

. "$(dirname "$0")/blaster.sh"
frames=${FRAMES:-3000000}
python=${PYTHON:-python3}

clients='bare bench'
! "$python" -c 'import stomp' 2>/dev/null || clients="$clients stomp.py"

measure() {
    count=$frames
    [ "$1" != stomp.py ] || count=$((frames / 10))
    start sink "$count"
    case $1 in
    bare) "$blaster" write "$port" "$count" ;;
    bench)
        # bench sends one more message, with the total for other processes; the sink never answers DISCONNECT.
        "$stomptap" bench "stomp://127.0.0.1:$port" --publish-only --messages "$count" --heart-beat 0,0 \
            --receipt-timeout 200ms --json - >/dev/null
        ;;
    stomp.py) "$python" Benchmarks/stomppy.py "$port" "$count" ;;
    esac
    finish
    echo "$1 $seconds" | awk -v count="$count" '{ printf "%s %.0f\n", $1, count / $2 }' >>"$folder/results"
}

round=0
while [ "$round" -lt "$rounds" ]; do
    for client in $clients; do measure "$client"; done
    round=$((round + 1))
done

printf 'messages of 256 B a second into a sink, %d rounds of %d\n' "$rounds" "$frames"
printf '%-16s %12s %12s %12s\n' '' median least most
for client in $clients; do
    grep "^$client " "$folder/results" | sort -k 2n | awk '
        { rate[NR] = $2 }
        END { printf "%-16s %12d %12d %12d\n", $1, rate[int((NR + 1) / 2)], rate[1], rate[NR] }'
done
