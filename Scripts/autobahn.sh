#!/bin/sh
# Runs `stomptap raw --echo` against the Autobahn test suite, prints the counts, and fails if a case fails.
#
#     autobahn.sh [STOMPTAP]    builds stomptap if none is given; CASES='6.* 9.1.1' in the environment selects cases
#
# The suite needs Python 2.7; PYTHON27 may name it. The suite is installed once, under .build.

set -eu
cd "$(dirname "$0")/.."
stomptap=${1:-}
folder=$PWD/.build/autobahn

python=
for candidate in "${PYTHON27:-}" python2.7 "$HOME"/.pyenv/versions/2.7.*/bin/python2.7; do
    [ -z "$candidate" ] || ! "$candidate" -m pip --version >/dev/null 2>&1 || { python=$candidate && break; }
done
if [ -z "$python" ]; then
    echo "Python 2.7 with pip not found; install it with 'pyenv install 2.7.18', or set PYTHON27 to its path" >&2
    exit 1
fi

if [ -z "$stomptap" ]; then
    "${MAKE:-make}" build
    stomptap=.build/release/stomptap
fi

mkdir -p "$folder"
export PYTHONUSERBASE="$folder/python"
wstest=$PYTHONUSERBASE/bin/wstest
[ -x "$wstest" ] || "$python" -m pip install --quiet --user --no-warn-script-location autobahntestsuite 2>"$folder.log" ||
    { cat "$folder.log" >&2 && exit 1; }

server=
stop() {
    [ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null || :
    server=
}
trap stop EXIT
trap exit INT TERM

# Runs the cases of a JSON list, and writes the results to a folder with the given name.
run() {
    name=$1 cases=$2
    shift 2
    port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    rm -rf "${folder:?}/$name"
    mkdir -p "$folder/$name"
    printf '{"url": "ws://127.0.0.1:%s", "outdir": "%s", "cases": %s, "exclude-cases": [], "exclude-agent-cases": {}}' \
        "$port" "$folder/$name" "$cases" >"$folder/$name.json"
    "$wstest" --mode fuzzingserver --webport 0 --spec "$folder/$name.json" >"$folder/$name.log" 2>&1 &
    server=$!
    url=ws://127.0.0.1:$port
    tries=0
    until count=$("$stomptap" raw --text "$url/getCaseCount" -o body -n 1 -W 10s </dev/null 2>"$folder/$name/0.log"); do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || { cat "$folder/$name.log" "$folder/$name/0.log" >&2 && exit 1; }
        sleep 0.1
    done
    case=0
    while [ "$case" -lt "$count" ]; do
        case=$((case + 1))
        [ ! -t 2 ] || printf '\r%s: %s of %s ' "$name" "$case" "$count" >&2
        status=0
        timeout 300 "$stomptap" raw --text --echo -o none --receipt-timeout 10s "$@" \
            "$url/runCase?case=$case&agent=stomptap" </dev/null >"$folder/$name/$case.log" 2>&1 || status=$?
        # About half of the cases are invalid on purpose and end with 76; only a crash or a hang is an error.
        [ "$status" -lt 124 ] || { echo "case $case of $name ended with status $status" >&2 && exit 1; }
    done
    [ ! -t 2 ] || printf '\r' >&2
    timeout 60 "$stomptap" raw --text "$url/updateReports?agent=stomptap" -o none </dev/null 2>/dev/null
    stop
}

patterns() { printf '"%s"\n' "$@" | paste -sd , | sed 's/.*/[&]/'; }

set -f
if [ -n "${CASES:-}" ]; then
    # shellcheck disable=SC2086
    run some "$(patterns $CASES)" --compress
    set -- some
else
    run plain "$(patterns '1.*' '2.*' '3.*' '4.*' '5.*' '6.*' '7.*' '9.*' '10.*')"
    run compressed "$(patterns '12.*' '13.*')" --compress
    set -- plain compressed
fi

cd "$folder"
"$python" - "$@" <<'EOF'
import collections, json, sys

good = ["OK", "NON-STRICT", "INFORMATIONAL"]
counts, families, bad = collections.Counter(), collections.defaultdict(collections.Counter), []
for name in sys.argv[1:]:
    with open(name + "/index.json") as index:
        for case, outcome in json.load(index)["stomptap"].items():
            families[int(case.split(".")[0])][outcome["behavior"]] += 1
            counts[outcome["behavior"]] += 1
            if outcome["behavior"] not in good or outcome["behaviorClose"] not in good:
                bad.append("%s: %s, close %s" % (case, outcome["behavior"], outcome["behaviorClose"]))
for family, outcomes in sorted(families.items()):
    print("family %2d: %s" % (family, ", ".join("%d %s" % (count, name) for name, count in outcomes.most_common())))
print("all cases: %s" % ", ".join("%d %s" % (count, name) for name, count in counts.most_common()))
for line in sorted(bad):
    print(line)
sys.exit(1 if bad or not counts else 0)
EOF
