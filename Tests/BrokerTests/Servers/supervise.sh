#!/bin/sh
# Runs a server for a test process and never outlives it.
#
#     supervise.sh FOLDER COMMAND [ARGUMENT...]
#
# Orders come on standard input, a line each: "start" answers "started PID" at once, "stop" answers "stopped" when the
# server has ended. When the input ends, because the test process is done or has died, the server and all it started are
# killed and FOLDER is removed.

folder=$1
shift
server=

finish() {
    trap '' INT TERM HUP
    # A signal may come before what was started has its name here, or leads its group.
    server=${server:-$!}
    [ -z "$server" ] || kill -KILL "-$server" "$server" 2>/dev/null
    wait
    rm -rf "$folder"
}
trap finish EXIT
trap exit INT TERM HUP

start() {
    setsid "$@" </dev/null >>"$folder/server.log" 2>&1 &
    server=$!
    echo "started $server"
}

# By TERM, and by KILL where that takes more than 30 s.
stop() {
    kill -TERM "$server" 2>/dev/null
    (
        trap 'kill $!; exit' TERM
        sleep 30 &
        wait
        kill -KILL "-$server"
    ) &
    timer=$!
    wait "$server"
    kill -TERM "$timer"
    kill -KILL "-$server" 2>/dev/null
    server=
    echo stopped
}

while read -r order; do
    case $order in
    start) start "$@" ;;
    stop) stop ;;
    esac
done
