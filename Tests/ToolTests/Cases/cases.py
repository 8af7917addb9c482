"""Reports from users, each as a case: what the peer does, the command line, and the expected result."""
import gzip

from peer import *
from runner import BLAMES_DESTINATION, BLAMES_TIME, NO_END, OCTETS, Case

HANGUL = "안녕하세요"
SPRING_REFUSES = "Failed to send message to ExecutorSubscribableChannel[clientInboundChannel]; nested exception is "
CONNECT = b"CONNECT\naccept-version:1.2\nhost:x\n\n\0"


def tail(url, *options):
    return ["subscribe", url, "/topic/a", *(options or ("-n", "1", "-W", "2s"))]


TAP = ["tap", "{ws}", "--listen", "127.0.0.1:{listen}", "--ready-file", "{tmp}/ready"]

CASES = [
    # An unfinished frame is not silence.
    Case("length-counts-nul", "content-length counts the NUL too, so the frame never ends: one byte is missing",
         tcp(message(length=6)), tail("{tcp}"), {75, 76}, [r"\bMESSAGE\b", OCTETS, NO_END], [BLAMES_DESTINATION]),
    Case("ws-message-without-nul", "a WebSocket message that is a MESSAGE without its NUL",
         ws(message(length=False)[:-1]), tail("{ws}"), {75, 76}, [r"\bMESSAGE\b", OCTETS, NO_END],
         [BLAMES_DESTINATION]),
    Case("ws-connected-without-nul", "a CONNECTED without its NUL",
         ws(connected=CONNECTED[:-1]), tail("{ws}"), {75, 76}, [r"\bCONNECTED\b", OCTETS, NO_END],
         [BLAMES_DESTINATION, BLAMES_TIME]),
    # A time limit that ends without a session is a failure.
    Case("silent-server-until-W", "the server accepts and never answers; -W must not end with 0",
         silent, tail("{tcp}", "-W", "2s"), {69, 75}, [r"err: (?i)CONNECTED|answer|session|silent"],
         [BLAMES_DESTINATION]),
    # A server that is restarting.
    Case("503-at-reconnect", "the proxy answers 503 while the application restarts: try again",
         upgrades(ws(message("first"), end="fin"), answer("503 Service Unavailable"),
                  answer("503 Service Unavailable"), ws(message("second"))),
         tail("{ws}", "-n", "2", "-W", "7s", "-o", "body", "--reconnect", "forever", "--reconnect-delay", "200ms"),
         {0}, ["out: first", "out: second", "err: 503"], limit=9),
    Case("broker-not-available-at-reconnect", "Spring's relay has no broker for a short time: ERROR at a reconnect",
         upgrades(ws(message("first"), end="fin"), ws(connected=error("Broker not available.")),
                  ws(message("second"))),
         tail("{ws}", "-n", "2", "-W", "7s", "-o", "body", "--reconnect", "forever", "--reconnect-delay", "200ms"),
         {0}, ["out: first", "out: second", "err: Broker not available"], limit=9),
    # Secrets.
    Case("passcode-with-slash", "a / in the passcode of a URL: the message must not show the passcode",
         refused, ["subscribe", "stomp://app:Zq7x/wv9k@127.0.0.1:{port}", "/topic/a"], {64}, [r"(?i)%2F"],
         ["Zq7x", "wv9k"]),
    # The tap.
    Case("tap-send-without-nul", "an app's SEND without its NUL must be shown and explained",
         loose(CONNECTED), TAP, {130}, ["SEND", "/app/kimchi", "jjigae", NO_END],
         app=app_ws(CONNECT, b"SEND\ndestination:/app/kimchi\n\njjigae", b"SEND\ndestination:/app/kimchi\n\nbokkeum")),
    Case("tap-goes-on-after-a-bad-frame", "one SEND has a wrong content-length; the next message is valid",
         loose(CONNECTED), TAP, {130}, ["content-length", "out: SEND +/app/b"],
         app=app_ws(CONNECT, b"SEND\ndestination:/app/a\ncontent-length:5\n\n" + HANGUL.encode() + b"\0",
                    b"SEND\ndestination:/app/b\n\nnext\0")),
    Case("tap-typed-u0000", r"an app sends the six characters \u0000 instead of NUL",
         loose(CONNECTED), TAP, {130},
         [r"(?i)u0000[^\n]*(\bNUL\b|literal|characters|instead|in place|text)"
          r"|(\bNUL\b|literal|characters|instead|in place|text)[^\n]*u0000"],
         app=app_ws(b"CONNECT\naccept-version:1.2\n\n\\u0000")),
    # Wrong peers.
    Case("no-websocket-frame", "bytes that are not a WebSocket frame instead of CONNECTED; must be reported at once",
         raw_after_connect(b"42\r\n\x81@"), tail("{ws}", "-n", "1"), {76},
         ["WebSocket", r"(?i)opcode|reserved|RSV|extension|\bbits?\b|no (WebSocket )?frame"], [BLAMES_TIME], 4),
    Case("sockjs-greets-at-ws", "a ws:// URL of a SockJS session, which starts with 'o'",
         ws_first(b"o"), ["subscribe", "ws://127.0.0.1:{port}/ws/123/abcdefgh/websocket", "/topic/a", "-n", "1",
                          "--connect-timeout", "9s"],
         {69, 76}, ["SockJS", "http://|https?:|/websocket|plain"], [BLAMES_TIME, BLAMES_DESTINATION], 5),
    # Security.
    Case("spring-token-expired", "Spring refuses CONNECT with a security exception: the token belongs in -C",
         tcp(connected=error(SPRING_REFUSES + "org.springframework.security.authentication."
                             "CredentialsExpiredException: Provided token is expired")),
         tail("{tcp}"), {77}, ["token is expired", r"(?<!\w)-C\b|--connect-header", "Authorization"], ["--login"]),
    # Frames of servers that interpret the specification differently.
    Case("no-ack-header", "--ack client, but MESSAGE has no ack header, as with Spring's simple broker",
         tcp(message()), tail("{tcp}", "-n", "1", "-W", "3s", "--ack", "client"), {76}, ["--ack auto"]),
    Case("subscription-never-made", "a MESSAGE names a subscription that does not exist",
         tcp(message(subscription="subscription//queue/a")), tail("{tcp}"), {0, 75, 76},
         ["subscription//queue/a|hello"], [BLAMES_DESTINATION]),
    Case("header-of-70000", "a header line over 64 KiB: no advice that does not help",
         tcp(message("hello", "baggage:" + "x" * 70000)),
         tail("{tcp}", "-n", "1", "-W", "3s", "-F", "%b", "--max-message", "1MiB"),
         {0, 76}, ["hello|65,?536|64 ?KiB|header"], ["(?i)\\b(raise|try|use|give|increase)\\b[^\\n]*--max-message"]),
    Case("blanks-at-1.0", "STOMP 1.0 with spaces after the colons, as in its specification",
         tcp(b"MESSAGE\ndestination: /topic/a\nmessage-id: 7\n\nhello a\0"
             b"MESSAGE\ndestination: /topic/b\nmessage-id: 8\n\nhello b\0", connected=V10, receipts=False),
         ["subscribe", "{tcp}", "/topic/a", "/topic/b", "-n", "2", "-W", "2s", "-F", "%d|%i|%b"], {0},
         [r"out: (?m)^/topic/a\|7\|hello a$", r"out: (?m)^/topic/b\|8\|hello b$"]),
    Case("length-in-characters", "content-length counts characters, but each Hangul character is three bytes",
         tcp(message(HANGUL, length=5)), tail("{tcp}"), {76}, [HANGUL, "(?i)characters", "(?i)octets|bytes"]),
    Case("padded-content-length", "a space before the number: from 1.1 on it is part of the value",
         tcp(message("hello", "content-length: 5", length=False)), tail("{tcp}"), {0, 76},
         ["(?i)blank|space|padd|trim"]),
    # Bodies.
    Case("json-with-bom", "JSON that starts with a byte order mark: indented, and the mark is shown",
         tcp(message(b'\xef\xbb\xbf{"id":1,"n":"a"}', "content-type:application/json")), tail("{tcp}"), {0},
         [r'out: (?m)^ *"id": 1,$', r"(?i)\bBOM\b|byte order mark|feff|\\xef"]),
    Case("json-under-text-plain", "JSON that Spring's String converter calls text/plain: indented",
         tcp(message('{"type":"CHAT","text":"안녕"}', "content-type:text/plain;charset=UTF-8")), tail("{tcp}"), {0},
         [r'out: (?m)^ *"type": "CHAT",$', r'out: (?m)^ *"text": "안녕"$']),
    Case("gzip-body", "a compressed body: the output names the compression",
         tcp(message(gzip.compress(b'{"hello":"world"}', mtime=0))), tail("{tcp}"), {0}, ["(?i)gzip"]),
    Case("euc-kr-body", "text in a named charset: shown, or an explanation why not",
         tcp(message("주문이 접수".encode("euc-kr"), "content-type:text/plain;charset=EUC-KR")), tail("{tcp}"),
         {0}, ["(?is)주문이 접수|EUC-KR.*EUC-KR|iconv"]),
    # Time.
    Case("raw-sse-until-W", "raw --sse with a silent server ends after -W",
         silent, ["raw", "--sse", "http://127.0.0.1:{port}/events", "-W", "2s", "--connect-timeout", "9s"], {69, 75},
         ["err: stomptap"], limit=5),
    # Correct behaviour that must not break.
    Case("line-feeds-before-connected", "line ends before CONNECTED are ignored",
         tcp(message(), connected=b"\n\n\r\n" + CONNECTED), tail("{tcp}"), {0}, ["out: hello"]),
    Case("colons-not-escaped", "unescaped colons in message-id and ack; ACK returns them escaped",
         tcp(message("hello", "ack:{C3}ID:63-192(d7:b6)", id="ID:63-192(d7:b6)")),
         tail("{tcp}", "-n", "1", "-W", "3s", "--ack", "client-individual"), {0},
         [r"out: ID:63-192\(d7:b6\)", r"peer: (?m)^id:\{C3\}ID\\c63-192\(d7\\cb6\)$"]),
    Case("frames-in-one-message", "three frames in one WebSocket message",
         ws(b"".join(message(f"m{i}", id=str(i)) + b"\n" for i in range(3))),
         tail("{ws}", "-n", "3", "-W", "3s", "-o", "body"), {0}, [r"out: m0\nm1\nm2"]),
    Case("frame-in-two-messages", "a frame split over two WebSocket messages, inside a character",
         ws(message(HANGUL)[:-9], message(HANGUL)[-9:]), tail("{ws}", "-n", "1", "-W", "3s", "-o", "body"), {0},
         ["out: " + HANGUL]),
    Case("big-numbers", "numbers keep all digits",
         tcp(message('{"id":89367537255224593,"d":5.107091491635510056019771245,"e":1E400,"z":-0,"id":7}',
                     "content-type:application/json")), tail("{tcp}"), {0},
         [r'out: "id": 89367537255224593,', r'out: "d": 5\.107091491635510056019771245,', 'out: "e": 1E400,',
          'out: "z": -0,', 'out: "id": 7']),
    Case("emoji", "characters outside the basic plane, in SockJS's JSON",
         sockjs(message("👩‍👩‍👧 🇰🇷 안녕")), tail("{http}", "-n", "1", "-W", "3s", "-o", "body"),
         {0}, ["out: 👩‍👩‍👧 🇰🇷 안녕"]),
    Case("tap-split-frame", "a SEND that the app splits over two messages is one frame, without a warning",
         loose(CONNECTED), TAP, {130}, ["out: SEND +/app/a", "out: kimchi jjigae"], [NO_END, "no STOMP|valid STOMP"],
         app=app_ws(CONNECT, b"SEND\ndestination:/app/a\n\nkimchi ", b"jjigae\0")),
]
