#!/bin/sh
# Prints how many frames a second `stomptap subscribe` receives, compared with a plain read loop that only counts
# NULs. The clients run in turn.
#
#     figures.sh [STOMPTAP]    ROUNDS (5) and FRAMES (1000000) may be set in the environment

. "$(dirname "$0")/blaster.sh"
frames=${FRAMES:-1000000}

measure() {
    start serve "$frames"
    case $2 in
    bare) "$blaster" read "$1" "$port" "$frames" ;;
    tcp) "$stomptap" subscribe "stomp://127.0.0.1:$port" /topic/figures -n "$frames" -o body >/dev/null ;;
    ws) "$stomptap" subscribe "ws://127.0.0.1:$port/ws" /topic/figures -n "$frames" -o body >/dev/null ;;
    esac
    finish
    echo "$1 $2 $seconds" >>"$folder/results"
}

round=0
while [ "$round" -lt "$rounds" ]; do
    for transport in tcp ws; do
        measure "$transport" bare
        measure "$transport" "$transport"
    done
    round=$((round + 1))
done

sort -k 1,2 -k 3n "$folder/results" | awk -v frames="$frames" -v rounds="$rounds" '
    { seconds[$1, $2, ++count[$1, $2]] = $3 }
    function rate(transport, client) { return frames / seconds[transport, client, int((rounds + 1) / 2)] }
    function row(transport, least) {
        printf "%-10s %12.0f %12.0f %8.2f %10.2f\n", transport, rate(transport, "bare"), rate(transport, transport),
            rate(transport, transport) / rate(transport, "bare"), least
    }
    END {
        printf "frames/s, median of %d rounds of %d frames\n", rounds, frames
        printf "%-10s %12s %12s %8s %10s\n", "", "bare loop", "stomptap", "ratio", "at least"
        row("tcp", 0.10)
        row("ws", 0.06)
    }'
