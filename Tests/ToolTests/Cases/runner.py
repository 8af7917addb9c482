"""Runs cases: a scripted peer, one run of stomptap against it, and the expected status and output."""
import argparse
import concurrent.futures
import dataclasses
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import typing

import peer

# Patterns shared by several cases. The wording may change: each lists words of which one must appear.
OCTETS = r"\b\d+ ?(octets?|bytes?|B)\b"
NO_END = (r"(?i)\bNULL?\b|unfinished|incomplete|partial|missing|cut (off|short)|not (whole|complete|finished|ended)"
          r"|never (ended|came|arrived)|still (waits|waiting|expected|to come)|content-length (is|says|of|counts)")
# Misleading advice if data was received, or if the connection to the server failed.
BLAMES_DESTINATION = r"check that messages are sent to|nothing was sent there"
BLAMES_TIME = r"--connect-timeout"
NAMES = {OCTETS: "OCTETS (the number of bytes)", NO_END: "NO_END (that the frame is incomplete)"}


@dataclasses.dataclass
class Case:
    """`argv` may hold {tcp} {ws} {http} {port} of the peer, {listen} a free port, {tmp} a folder. A regex is searched
    in stdout and stderr together, or, with the prefix `out: `, `err: ` or `peer: `, in one of them or in the notes of
    the peer. `limit` is in seconds; a program that still runs then has failed. `app` connects through `tap`, which is
    then ended by Ctrl-C."""

    name: str
    why: str
    peer: typing.Callable
    argv: list
    status: set
    must: list = ()
    must_not: list = ()
    limit: float = 6
    app: typing.Callable = None
    stdin: bytes = None


def stomptap():
    exe = os.environ.get("STOMPTAP") or shutil.which("stomptap")
    if not exe or not os.access(exe, os.X_OK):
        sys.exit("stomptap not found; add it to PATH, or set STOMPTAP to its path")
    return exe


def environment(tmp):
    env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy") and not k.startswith("XDG_")}
    return dict(env, HOME=tmp, LANG="C.UTF-8", TZ="UTC", SWIFT_BACKTRACE="enable=no")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def judge(case, texts):
    """Why the output is wrong; `texts` has out, err and peer."""
    reasons = []
    for wanted, regexes in ((True, case.must), (False, case.must_not)):
        for r in regexes:
            where, colon, regex = r.partition(": ")
            if not colon or where not in texts:
                where, regex = "both", r
            found = re.search(regex, texts["out"] + "\n" + texts["err"] if where == "both" else texts[where])
            if wanted and not found:
                reasons.append(f"nothing matches {NAMES.get(r) or repr(r)}")
            elif found and not wanted:
                reasons.append(f"must not print {found[0]!r}")
    return reasons


def play(case, exe, factor=1):
    """-> (reasons why it failed, output). `factor` multiplies the time limits, for a busy machine."""
    with tempfile.TemporaryDirectory() as tmp:
        p = peer.Closed() if case.peer is peer.refused else peer.Peer(case.peer)
        listen = free_port()
        names = dict(tcp=f"stomp://127.0.0.1:{p.port}", ws=f"ws://127.0.0.1:{p.port}/ws",
                     http=f"http://127.0.0.1:{p.port}/ws", port=p.port, listen=listen, tmp=tmp)
        argv = [re.sub(r"\{(%s)\}" % "|".join(names), lambda m: str(names[m[1]]), a) for a in case.argv]
        with open(tmp + "/out", "w+b") as out, open(tmp + "/err", "w+b") as err:
            start = time.monotonic()
            stdin = subprocess.DEVNULL if case.stdin is None else subprocess.PIPE
            run = subprocess.Popen([exe, *argv], stdin=stdin, stdout=out, stderr=err, env=environment(tmp))
            reasons = []
            try:
                if case.stdin is not None:
                    run.stdin.write(case.stdin)
                    run.stdin.close()
                if case.app:
                    end = start + 5 * factor
                    while not os.path.exists(tmp + "/ready") and run.poll() is None and time.monotonic() < end:
                        time.sleep(0.02)
                    case.app(listen)
                    run.send_signal(signal.SIGINT)
                run.wait(max(0.1, start + case.limit * factor - time.monotonic()))
            except subprocess.TimeoutExpired:
                reasons.append(f"still running after {case.limit * factor:g} s")
            except OSError as e:
                reasons.append(f"the app or stdin failed: {e}")
            if run.poll() is None:
                run.send_signal(signal.SIGINT)
                try:
                    run.wait(3)
                except subprocess.TimeoutExpired:
                    run.kill()
                    run.wait()
            elif run.returncode not in case.status:
                reasons.append(f"status {run.returncode}, expected {' or '.join(map(str, sorted(case.status)))}")
            seconds = time.monotonic() - start
            p.close()
            out.seek(0)
            err.seek(0)
            texts = {"out": out.read().decode("utf-8", "backslashreplace"),
                     "err": err.read().decode("utf-8", "backslashreplace"), "peer": "\n".join(p.notes)}
        reasons += judge(case, texts)
        if "script failed" in texts["peer"]:
            reasons.append("the peer's script failed")
        shown = f"  $ stomptap {' '.join(argv)}\n  status {run.returncode} after {seconds:.1f} s\n"
        for k in ("out", "err", "peer"):
            if texts[k]:
                shown += f"  {k}:\n" + "".join(f"    {x}\n" for x in texts[k].rstrip("\n").split("\n"))
        return reasons, shown


def main(cases):
    parser = argparse.ArgumentParser(description="Run cases against $STOMPTAP, or stomptap in PATH.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="cases to run (default: all)")
    parser.add_argument("--list", action="store_true", help="list the cases and their reasons")
    parser.add_argument("-j", "--jobs", type=int, default=4, help="number of cases run in parallel (default: 4)")
    parser.add_argument("--time-factor", type=float, default=1, help="multiply all time limits by this (default: 1)")
    parser.add_argument("-v", "--verbose", action="store_true", help="show the output of each run")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - {c.name for c in cases}
    if unknown:
        parser.error("unknown case: " + ", ".join(sorted(unknown)))
    if arguments.list:
        for c in cases:
            print(f"{c.name:32} {c.why}")
        return
    chosen = [c for c in cases if not arguments.names or c.name in arguments.names]
    exe, failed = stomptap(), 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for c, (reasons, shown) in zip(chosen, pool.map(lambda c: play(c, exe, arguments.time_factor), chosen)):
            failed += bool(reasons)
            print(f"FAIL {c.name}: {'; '.join(reasons)}" if reasons else f"PASS {c.name}", flush=True)
            if arguments.verbose:
                print(f"  {c.why}\n{shown}", flush=True)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
