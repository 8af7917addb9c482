#!/bin/sh
# Reads a log of `stomptap bench` with HdrHistogram's own reader, from PyPI, and compares its percentiles with ours.
#
#     check-hdr.sh [STOMPTAP]

set -eu
cd "$(dirname "$0")/.."
stomptap=${1:-.build/debug/stomptap}
tools=.build/hdrhistogram
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap exit INT TERM

[ -x "$tools/bin/python" ] || python3 -m venv "$tools"
"$tools/bin/python" -c 'import hdrh' 2>/dev/null || "$tools/bin/pip" install --quiet hdrhistogram

"$stomptap" bench demo --rate 2000/s --duration 3s --hdr "$folder/log.hdr" --json "$folder/figures.json" >/dev/null
"$tools/bin/python" - "$folder" <<'PYTHON'
import json, sys
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

folder = sys.argv[1]
ours = json.load(open(f"{folder}/figures.json"))["latencyMicros"]
theirs = HdrHistogram(1000, 3600 * 10**9, 3)
reader = HistogramLogReader(f"{folder}/log.hdr", theirs)
while reader.add_next_interval_histogram(theirs):
    pass
assert theirs.get_total_count() == ours["count"] == 6000, (theirs.get_total_count(), ours)
for key, percentile in {"p50": 50, "p90": 90, "p99": 99, "p999": 99.9}.items():
    read = theirs.get_value_at_percentile(percentile) / 1000
    print(f"{key:5} {ours[key]:12.3f} us   read back {read:12.3f} us")
    # The maximum may be reported exactly, and not as the upper end of its bucket.
    assert abs(read - ours[key]) <= ours[key] / 1000, key
PYTHON
