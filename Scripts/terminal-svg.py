#!/usr/bin/env python3
"""Turns what `tmux capture-pane -p -e` prints into an SVG: stdin to stdout."""

import re
import sys
import unicodedata
from html import escape

CELL_WIDTH, LINE_HEIGHT, FONT_SIZE, MARGIN = 8.4, 19, 14, 16
BACKGROUND, FOREGROUND = "#16181d", "#d6d9e0"
COLOURS = {31: "#ff7b72", 32: "#7ee787", 33: "#e3b341", 34: "#79c0ff", 35: "#d2a8ff", 36: "#76e3ea"}


def cells(text):
    """The number of terminal columns of a text."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def runs(line, state):
    """Yields (text, attributes) for each stretch of a line that looks the same; `state` persists between lines."""
    for text, codes in re.findall(r"([^\x1b]+)|\x1b\[([0-9;]*)m", line):
        if text:
            yield text, dict(state)
            continue
        for code in (int(c or 0) for c in codes.split(";")):
            if code == 0:
                state.clear()
            elif code == 1:
                state["font-weight"] = "bold"
            elif code == 2:
                state["opacity"] = "0.6"
            elif code == 22:
                state.pop("font-weight", None)
                state.pop("opacity", None)
            elif code == 39:
                state.pop("fill", None)
            elif code in COLOURS:
                state["fill"] = COLOURS[code]


def words(text):
    """Yields (column, word); a wide character is a word of its own, since the reader's font may not know its cells."""
    for match in re.finditer(r"[\x21-\u10ff]+|[^ ]", text):
        yield cells(text[: match.start()]), match.group()


def main():
    lines = sys.stdin.read().rstrip("\n").split("\n")
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    width = max(cells(line) for line in plain) * CELL_WIDTH + 2 * MARGIN
    height = len(lines) * LINE_HEIGHT + 2 * MARGIN
    print(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
        f'viewBox="0 0 {width:.0f} {height}" font-size="{FONT_SIZE}" fill="{FOREGROUND}" '
        'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, \'DejaVu Sans Mono\', \'Noto Sans Mono CJK KR\', monospace">'
    )
    print(f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>')
    state = {}
    for row, line in enumerate(lines):
        y = MARGIN + row * LINE_HEIGHT + FONT_SIZE
        column = 0
        for text, attributes in runs(line, state):
            style = "".join(f' {name}="{value}"' for name, value in attributes.items())
            for offset, word in words(text):
                x = MARGIN + (column + offset) * CELL_WIDTH
                size = f' font-size="{FONT_SIZE + 2}"' if cells(word) > len(word) else ""
                print(f'<text x="{x:.1f}" y="{y}"{size}{style}>{escape(word)}</text>')
            column += cells(text)
    # The cursor is at the end of the line being typed.
    x = MARGIN + cells(plain[-1]) * CELL_WIDTH
    y = MARGIN + (len(lines) - 1) * LINE_HEIGHT
    print(f'<rect x="{x:.1f}" y="{y}" width="{CELL_WIDTH}" height="{LINE_HEIGHT - 2}" opacity="0.7"/>')
    print("</svg>")


main()
