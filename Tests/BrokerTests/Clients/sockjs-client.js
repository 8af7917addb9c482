// A browser's SockJS client, Debian's node-sockjs-client, at a STOMP endpoint: it connects, subscribes, publishes to
// itself, and disconnects.
//
//     sockjs-client.js URL TRANSPORT DESTINATION
//
// It writes "open TRANSPORT", "connected VERSION", a line of JSON for each body that came, "receipt", and
// "closed CODE"; its exit status is 0 when all came as it was sent.
'use strict';

const SockJS = require('sockjs-client');

const [url, transport, destination] = process.argv.slice(2);
const bodies = [
    'hello', '한글 \u{1F600}', '{"a": "b\\"c", "d": 1.50}', '100% %41 %', 'back\\slash\nline\ttab', '\u200d\u2028\ufeff\ufff0',
    'x'.repeat(9000), 'end',
];
const came = [];
const socket = new SockJS(url, null, { transports: [transport] });
let probe;
let hasReceipt = false;

const send = (command, headers, body = '') => {
    const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}`);
    socket.send([command, ...lines, '', body].join('\n') + '\0');
};

function take(frame) {
    const end = frame.indexOf('\n\n');
    const [command, ...lines] = frame.slice(0, end).split('\n');
    const headers = Object.fromEntries(lines.map((line) => line.split(/:(.*)/s)));
    const body = frame.slice(end + 2);
    switch (command) {
    case 'CONNECTED':
        console.log(`connected ${headers.version}`);
        send('SUBSCRIBE', { id: 'mine', destination, ack: 'auto' });
        // The order of a SUBSCRIBE and a SEND behind it is not guaranteed everywhere.
        probe = setInterval(() => send('SEND', { destination }, 'probe'), 50);
        break;
    case 'MESSAGE':
        if (headers.subscription !== 'mine' || headers.destination !== destination) throw new Error(frame);
        if (body === 'probe') {
            if (!probe) break;
            clearInterval(probe);
            probe = undefined;
            for (const one of bodies) send('SEND', { destination, 'content-type': 'text/plain' }, one);
            break;
        }
        console.log(JSON.stringify(body));
        came.push(body);
        if (came.length === bodies.length) send('DISCONNECT', { receipt: 'bye' });
        break;
    case 'RECEIPT':
        if (headers['receipt-id'] !== 'bye') throw new Error(frame);
        hasReceipt = true;
        console.log('receipt');
        socket.close(1000, 'done');
        break;
    default:
        throw new Error(frame);
    }
}

let rest = '';
socket.onopen = () => {
    console.log(`open ${socket.transport}`);
    send('CONNECT', { 'accept-version': '1.1,1.2', host: 'localhost', 'heart-beat': '0,0' });
};
socket.onmessage = (event) => {
    rest += event.data;
    for (let end; (end = rest.indexOf('\0')) >= 0; rest = rest.slice(end + 1)) {
        take(rest.slice(0, end).replace(/^[\r\n]+/, ''));
    }
};
socket.onclose = (event) => {
    clearInterval(probe);
    console.log(`closed ${event.code}`);
    process.exit(hasReceipt && JSON.stringify(came) === JSON.stringify(bodies) ? 0 : 1);
};
