// A STOMP session over what looks like a WebSocket, in a browser or in node: it subscribes, sends, acknowledges what
// comes back, and disconnects. It keeps no time and sends no heart-beat, so that two runs of it differ in no frame.
//
// Where CONNECTED names no server, as Spring's simple broker has it, nothing is acknowledged and no receipt is waited for;
// the price of an application's handler at /app/price comes first, and the bodies fit into a message for Tomcat.
//
// `log` takes a line for each thing that happens: "open TRANSPORT", "> FRAME" and "< FRAME" with the frame's octets in
// base64 as they went and came, "closed CODE REASON", and "all came", where it did as it was sent. `over` comes last.
'use strict';

// Octets are handled as strings with a character for each, which both have at hand.
const octets = (text) => unescape(encodeURIComponent(text));
const text = (some) => decodeURIComponent(escape(some));

const bodies = [
    '', 'hello', '한글 \u{1F600}', '{"a": "b\\"c", "d": 1.50}', '100% %41 %', 'back\\slash\nline\ttab',
    '\u200d\u2028\ufeff\ufff0', 'x'.repeat(70000), 'a\nMESSAGE\nb:c\n\nd',
].map(octets);
// What is no text goes where the way takes it.
const binary = '\xff\xfe\x00\r\n\x00MESSAGE\n\n\x80';

function startSession(socket, { destination, login, takesBinary, name }, log, over) {
    let expected = takesBinary ? [...bodies, binary] : bodies;
    let isSpring = false;
    const came = [];
    let rest = '';

    function send(command, headers, body = '', isBinary = false) {
        const lines = headers.map(([name, value]) => `${name}:${value}`);
        const frame = [command, ...lines, '', body].join('\n') + '\0';
        log(`> ${btoa(frame)}`);
        socket.send(isBinary ? Uint8Array.from(frame, (octet) => octet.charCodeAt(0)).buffer : text(frame));
    }

    // The first frame of the rest; nil where it is not whole.
    function next() {
        rest = rest.replace(/^[\r\n]+/, '');
        const end = rest.indexOf('\n\n');
        if (end < 0) return undefined;
        const [command, ...lines] = rest.slice(0, end).split('\n');
        const headers = Object.fromEntries(lines.map((line) => line.split(/:(.*)/s)));
        const length = headers['content-length'];
        const last = length === undefined ? rest.indexOf('\0', end + 2) : end + 2 + Number(length);
        if (last < 0 || rest.length <= last) return undefined;
        const frame = { command, headers, body: rest.slice(end + 2, last), octets: rest.slice(0, last + 1) };
        rest = rest.slice(last + 1);
        return frame;
    }

    function take({ command, headers, body }) {
        switch (command) {
        case 'CONNECTED':
            isSpring = headers.server === undefined;
            if (isSpring) {
                const own = expected.filter((body) => body.length < 10000);
                expected = ['{"id": 42, "price": 9.5}', ...own];
                send('SUBSCRIBE', [['id', 'price'], ['destination', '/user/queue/price']]);
                send('SUBSCRIBE', [['id', 'mine'], ['destination', destination]]);
                send('SEND', [['destination', '/app/price'], ['content-type', 'application/json']], '{"id": 42}');
                own.forEach((body) => send('SEND', [
                    ['destination', destination],
                    ['content-type', body === binary ? 'application/octet-stream' : 'text/plain'],
                    ['content-length', body.length],
                ], body, body === binary));
                break;
            }
            send('SUBSCRIBE', [
                ['id', 'mine'], ['destination', destination], ['ack', 'client-individual'], ['receipt', 'on'],
            ]);
            break;
        case 'RECEIPT':
            if (headers['receipt-id'] === 'bye') return socket.close(1000, 'done');
            send('BEGIN', [['transaction', 'tx']]);
            expected.forEach((body, number) => send('SEND', [
                ['destination', destination],
                ['content-type', body === binary ? 'application/octet-stream' : 'text/plain'],
                ['content-length', body.length], ['x-note', `a\\cb\\\\c\\nd ${octets('한')}`], ['x-number', number],
                ['x-number', 'again'], ['transaction', 'tx'],
            ], body, body === binary));
            send('COMMIT', [['transaction', 'tx']]);
            break;
        case 'MESSAGE':
            came.push(body);
            if (!isSpring) send('ACK', [['id', headers.ack]]);
            if (came.length === expected.length) send('DISCONNECT', [['receipt', 'bye']]);
            break;
        }
    }

    socket.onopen = () => {
        log(`open ${name ?? socket.transport}`);
        send('CONNECT', [
            ['accept-version', '1.2'], ['host', '/'], ['heart-beat', '0,0'], ['login', login], ['passcode', login],
        ]);
    };
    socket.onmessage = ({ data }) => {
        rest += typeof data === 'string' ? octets(data) : String.fromCharCode(...new Uint8Array(data));
        for (let frame; (frame = next());) {
            log(`< ${btoa(frame.octets)}`);
            take(frame);
        }
    };
    socket.onclose = ({ code, reason }) => {
        const isRight = came.length === expected.length && came.every((body, number) => body === expected[number]);
        log(`closed ${code} ${reason}`);
        log(isRight ? 'all came' : `${came.length} of ${expected.length} came`);
        over();
    };
}

if (typeof module !== 'undefined') module.exports = startSession;
