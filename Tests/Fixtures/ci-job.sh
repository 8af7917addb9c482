#!/bin/sh
# Plays a CI job for a service behind a STOMP endpoint: check, request, expect, record, replay, thresholds, and the
# statuses of what goes wrong.
#
#     ci-job.sh STOMPTAP URL [OPTION...]
#
# The options go to each command. Ends with 0 and a last line "passed", or with the first failure.

set -eu
program=$1 url=$2
shift 2
options=$*
folder=$(mktemp -d)
jobs=
finish() {
    for job in $jobs; do kill "$job" 2>/dev/null || :; done
    wait
    rm -rf "$folder"
}
trap finish EXIT

fail() {
    echo "ci-job: $*" >&2
    exit 1
}

# Starts a subscriber in the background, and waits until its subscription stands. Its output is in OUT, its number in $!.
start() {
    out=$1
    shift
    rm -f "$folder/ready"
    # shellcheck disable=SC2086
    "$program" subscribe "$url" "$@" $options --ready-file "$folder/ready" >"$folder/$out" &
    last=$!
    jobs="$jobs $last"
    tries=0
    until [ -e "$folder/ready" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] || fail "no subscription to $1"
        kill -0 "$last" 2>/dev/null || fail "the subscriber to $1 has gone"
        sleep 0.1
    done
}

# Runs a command that must end with this status.
ends_with() {
    expected=$1
    shift
    status=0
    "$@" 2>"$folder/errors" || status=$?
    [ "$status" -eq "$expected" ] || fail "status $status, not $expected: $*: $(cat "$folder/errors")"
}

echo "check"
"$program" check "$url" --destination "/topic/check.$$" "$@"

echo "request"
# The service under test: answers each request where that asks for it.
cat >"$folder/service" <<END
body=\$(cat)
exec "$program" publish "$url" "\$STOMP_X_ANSWER" "price of \$body" $options
END
start served "/queue/price.$$" -o none --ack client-individual --exec "sh '$folder/service'"
answer=$("$program" request "$url" "/queue/price.$$" apples -H "x-answer: /queue/answer.$$" \
    --reply "/queue/answer.$$" --expect '^price of' -W 20s -o body "$@")
[ "$answer" = "price of apples" ] || fail "the answer is $answer"
ends_with 75 "$program" request "$url" "/queue/nobody.$$" hello --reply "/queue/none.$$" -W 3s "$@"

echo "expect"
start health "/topic/health.$$" -o body --expect '"up"' -W 20s
"$program" publish "$url" "/topic/health.$$" '{"state":"starting"}' "$@"
"$program" publish "$url" "/topic/health.$$" '{"state":"up"}' "$@"
wait "$last" || fail "the expected message did not come"
[ "$(wc -l <"$folder/health")" -eq 2 ] || fail "$(cat "$folder/health")"
ends_with 1 "$program" subscribe "$url" "/topic/health.$$" --expect '"up"' -W 3s "$@"
ends_with 75 "$program" subscribe "$url" "/topic/health.$$" -n 1 -W 3s "$@"

echo "record"
printf '%s\n' '{"id":1,"name":"한글"}' 'two "words" \ and : more' '$(three)' >"$folder/lines"
start recorded "/topic/orders.$$" -n 3 -o body --record "$folder/record.jsonl"
"$program" publish "$url" "/topic/orders.$$" -l -f "$folder/lines" --rate 20/s -H 'x-run: 1' "$@"
wait "$last"
cmp "$folder/lines" "$folder/recorded"

echo "replay"
start replayed "/topic/again.$$" -n 3 -F '%{x-run} %b'
"$program" publish "$url" "/topic/again.$$" --json-lines "$folder/record.jsonl" --speed 1 "$@"
wait "$last"
sed 's/^/1 /' "$folder/lines" | cmp - "$folder/replayed"
echo nonsense >>"$folder/record.jsonl"
ends_with 65 "$program" publish "$url" "/topic/again.$$" --json-lines "$folder/record.jsonl" "$@"

echo "thresholds"
bench() {
    # shellcheck disable=SC2086
    "$program" bench "$url" "/topic/load.$$" --messages 200 --rate 400/s $options "$@"
}
bench --fail-if 'lost>0' --fail-if 'duplicated>0' --fail-if 'p99>20s' --fail-if 'rate<10/s' --json "$folder/bench"
grep -q '"lost": 0' "$folder/bench" || fail "$(cat "$folder/bench")"
ends_with 1 bench --fail-if 'lost>0' --fail-if 'p50>1us'
grep -q "p50 is .*(--fail-if 'p50>1us')" "$folder/errors" || fail "$(cat "$folder/errors")"

echo "statuses"
ends_with 1 "$program" connect "$url" -e "sub /topic/none.$$; send /topic/none.$$ b; expect a --timeout 300ms" "$@"
ends_with 64 "$program" publish "$url" "$@"
ends_with 65 "$program" publish "$url" "/topic/none.$$" '{{nothing}}' --template "$@"
ends_with 66 "$program" publish "$url" "/topic/none.$$" -f "$folder/none" "$@"
ends_with 68 "$program" check stomp://nonexistent.invalid
ends_with 69 "$program" check stomp://127.0.0.1:1
ends_with 73 "$program" subscribe "$url" "/topic/none.$$" --record "$folder/none/record" "$@"
ends_with 78 "$program" check nonexistent
# A broker that refuses strangers, and speaks another protocol where STOMP over TCP is tried.
: >"$folder/urls"
"$program" serve --tcp 127.0.0.1:0 --ws 127.0.0.1:0 --login me:right >"$folder/urls" &
jobs="$jobs $!"
tries=0
until [ "$(wc -l <"$folder/urls")" -eq 2 ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || fail "no broker"
    sleep 0.1
done
tcp=$(sed -n 1p "$folder/urls") web=$(sed -n 2p "$folder/urls")
"$program" check "$tcp" --login me --passcode right
ends_with 77 "$program" publish "$tcp" /topic/a hi --login me --passcode wrong
ends_with 76 "$program" publish "stomp://${web#ws://}" /topic/a hi
start leaving "/topic/leaving.$$"
kill "$last"
status=0
wait "$last" 2>"$folder/errors" || status=$?
[ "$status" -eq 143 ] || fail "status $status, not 143"

echo "passed"
