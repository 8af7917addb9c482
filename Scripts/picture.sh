#!/bin/bash
# picture.sh PROGRAM FOLDER: makes the README's pictures of a real session at the prompt, and of a web page whose
# traffic passes through tap. tmux is the terminal.

set -euo pipefail

program=$(realpath "$1")
folder=$2
here=$(dirname "${BASH_SOURCE[0]}")
home=$(mktemp -d)
server= front=
terminal() { tmux -S "$home/tmux" -f /dev/null "$@"; }
trap 'terminal kill-server 2>/dev/null || true; kill $server $front 2>/dev/null || true; rm -rf "$home"' EXIT

# Starts a command in a terminal with this width and height.
opens() {
    terminal new-session -d -x "$1" -y "$2" -s picture \
        "env HOME=$home XDG_STATE_HOME=$home TERM=tmux-256color NO_COLOR= LANG=C.UTF-8 $3"
}

# Waits until the screen shows a text, on at least this number of lines (default 1).
shows() {
    for _ in $(seq 200); do
        if [ "$(terminal capture-pane -p | grep -cF -- "$1")" -ge "${2:-1}" ]; then return; fi
        sleep 0.05
    done
    echo "timed out waiting for this text on the screen: $1" >&2
    terminal capture-pane -p >&2
    exit 1
}

types() { terminal send-keys -l "$1"; }
enters() { types "$1"; terminal send-keys Enter; }

# Writes a picture of the screen, and ends the program in it.
keeps() {
    terminal capture-pane -p -e | "$here/terminal-svg.py" > "$home/picture"
    mv "$home/picture" "$folder/$1"
    terminal kill-session
}

opens 92 38 "$program connect demo"
shows "demo>"
enters "sub /topic/echo --id room-7 -H 'type: CHAT'"
shows "demo 1 sub>"
enters 'send /app/echo {"user": "민지", "text": "안녕하세요; \"모두\""}'
shows "sent"
shows "#1"
enters "sedn /app/echo hi"
shows "did you mean send?"
enters "begin"
shows "demo 1 sub tx-0>"
enters "commit"
shows "committed tx-0"
enters "sub /topic/clock"
types 'send /app/echo 메시지가 와도 이 줄은 그대로'
shows '"tick"'
keeps repl.svg

# A web page, and its server.
"$program" serve --ws 127.0.0.1:8081 >"$home/serve.log" 2>&1 &
server=$!
node "$here/../Tests/BrokerTests/Servers/front.js" 127.0.0.1:8080 127.0.0.1:8081 "$here/orders.html" \
    >"$home/front.log" &
front=$!
timeout 20 sh -c "until grep -q '^ws:' '$home/serve.log' && grep -q listening '$home/front.log'; do sleep 0.05; done"
opens 104 60 "PATH=$(dirname "$program"):$PATH PS1='\$ ' bash --norc"
shows '$'
enters "stomptap tap http://127.0.0.1:8080 --listen 127.0.0.1:9000"
shows "Ctrl-C quits"
timeout 60 chromium --headless=new --no-sandbox --disable-gpu --no-first-run --hide-scrollbars \
    --user-data-dir="$home/chromium" --force-device-scale-factor=2 --window-size=700,200 \
    --screenshot="$home/page.png" http://127.0.0.1:9000/ 2>"$home/chromium.log" ||
    { cat "$home/chromium.log" >&2 && exit 1; }
mv "$home/page.png" "$folder/tap-page.png"
shows "* end: "
terminal send-keys C-c
shows '$' 2
keeps tap.svg
