#!/bin/bash
# picture.sh PROGRAM FILE: a picture of a real session at the prompt, as SVG. tmux is the terminal.

set -euo pipefail

program=$1
file=$2
here=$(dirname "${BASH_SOURCE[0]}")
home=$(mktemp -d)
terminal() { tmux -S "$home/tmux" -f /dev/null "$@"; }
trap 'terminal kill-server 2>/dev/null || true; rm -rf "$home"' EXIT

# Waits until the screen shows a text.
shows() {
    for _ in $(seq 200); do
        if terminal capture-pane -p | grep -qF -- "$1"; then return; fi
        sleep 0.05
    done
    echo "the screen never showed: $1" >&2
    terminal capture-pane -p >&2
    exit 1
}

types() { terminal send-keys -l "$1"; }
enters() { types "$1"; terminal send-keys Enter; }

terminal new-session -d -x 92 -y 38 -s picture \
    "env HOME=$home XDG_STATE_HOME=$home TERM=tmux-256color NO_COLOR= LANG=C.UTF-8 $program connect demo"
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
shows "has happened"
enters "sub /topic/clock"
types 'send /app/echo 메시지가 와도 이 줄은 그대로'
shows '"tick"'
terminal capture-pane -p -e | "$here/terminal-svg.py" > "$file.new"
mv "$file.new" "$file"
