#!/bin/sh
# Prints how many frames a second pass through `stomptap tap`, which parses and records each, compared with a plain
# relay (socat). They run in turn.
#
#     tap-figures.sh [STOMPTAP]    ROUNDS (5) and FRAMES (1000000) may be set in the environment

. "$(dirname "$0")/blaster.sh"
frames=${FRAMES:-1000000}

measure() {
    start serve "$frames"
    : >"$folder/said"
    case $1 in
    bare) found=$port ;;
    socat)
        socat -d -d TCP-LISTEN:0,bind=127.0.0.1 "TCP:127.0.0.1:$port" 2>"$folder/said" &
        between=$!
        said "$between" "$folder/said" 's/.*listening on .*:\([0-9]*\)$/\1/p'
        ;;
    tap)
        "$stomptap" tap "stomp://127.0.0.1:$port" --listen 127.0.0.1:0 -o none --record "$folder/record" \
            2>"$folder/said" &
        between=$!
        said "$between" "$folder/said" 's/.*give the app stomp:.*:\([0-9]*\) in place.*/\1/p'
        ;;
    esac
    "$blaster" read tcp "$found" "$frames"
    finish
    [ -z "$between" ] || kill "$between" 2>/dev/null || :
    [ -z "$between" ] || wait "$between" 2>/dev/null || :
    [ "$1" != tap ] || echo "recorded $(grep -c '"MESSAGE"' "$folder/record") of $frames" >&2
    between=
    echo "$1 $seconds" >>"$folder/results"
    rm -f "$folder/record"
}

round=0
while [ "$round" -lt "$rounds" ]; do
    measure bare
    measure socat
    measure tap
    round=$((round + 1))
done

sort -k 1,1 -k 2n "$folder/results" | awk -v frames="$frames" -v rounds="$rounds" '
    { seconds[$1, ++count[$1]] = $2 }
    function rate(what) { return frames / seconds[what, int((rounds + 1) / 2)] }
    END {
        printf "frames of 256 B a second, median of %d rounds of %d\n", rounds, frames
        printf "directly          %12.0f\n", rate("bare")
        printf "through socat     %12.0f\n", rate("socat")
        printf "through the tap   %12.0f  %.2f of socat (at least 0.30)\n", rate("tap"), rate("tap") / rate("socat")
    }'
