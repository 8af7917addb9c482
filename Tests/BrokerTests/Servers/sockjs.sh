#!/bin/sh
# Runs node-sockjs, with a small STOMP server behind it, in the folder named, until TERM.
#
# The environment gives its port: SOCKJS.

set -eu
cd "$1"
exec env NODE_PATH=/usr/share/nodejs node "$(dirname "$0")/sockjs.js"
