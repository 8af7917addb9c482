// SockJS services on 127.0.0.1, at the port that the environment names SOCKJS.
//
//     /echo          what a client sends comes back
//     /small         the same, and a streaming response ends after 4 KiB
//     /nowebsocket   the same, without WebSocket
//     /cookies       the same, with a JSESSIONID
//     /close         each session is closed at once with 3000
//     /stomp         STOMP 1.2: topics in memory, receipts, no heart-beats
//     /protected     the same as /echo, for those who have "Authorization: Bearer secret"
//     /log           not SockJS: a line for each request, and for each session the transport that it came by
'use strict';

const http = require('http');
const sockjs = require('sockjs');

const log = [];

function service(prefix, options, connected) {
    const server = sockjs.createServer(Object.assign({ log: () => {} }, options));
    server.on('connection', (connection) => {
        log.push(`session ${prefix} ${connection.protocol}`);
        connected(connection);
        connection.on('close', () => log.push(`closed ${prefix} ${connection.protocol}`));
    });
    return [prefix, server];
}

const echo = (connection) => connection.on('data', (message) => connection.write(message));

// STOMP, as much of it as a test needs.

const subscriptions = new Set();

const escapes = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', ':': '\\c' };
const escape = (text) => text.replace(/[\\\n\r:]/g, (octet) => escapes[octet]);
const unescape = (text) => text.replace(/\\([\\nrc])/g, (_, letter) => ({ '\\': '\\', n: '\n', r: '\r', c: ':' })[letter]);

function frame(command, headers, body = '') {
    const plain = command === 'CONNECTED';
    const lines = Object.entries(headers).map(([name, value]) => plain ? `${name}:${value}` : `${escape(name)}:${escape(value)}`);
    return [command, ...lines, '', body].join('\n') + '\0';
}

function read(text) {
    const end = text.indexOf('\n\n');
    const [command, ...lines] = text.slice(0, end).split('\n');
    const headers = {};
    for (const line of lines) {
        const colon = line.indexOf(':');
        headers[unescape(line.slice(0, colon))] ??= unescape(line.slice(colon + 1));
    }
    return { command, headers, body: text.slice(end + 2) };
}

function stomp(connection) {
    let rest = '';
    let count = 0;
    const take = ({ command, headers, body }) => {
        switch (command) {
        case 'CONNECT':
        case 'STOMP':
            connection.write(frame('CONNECTED', { version: '1.2', 'heart-beat': '0,0', server: 'node-sockjs' }));
            break;
        case 'SUBSCRIBE':
            subscriptions.add({ connection, id: headers.id, destination: headers.destination });
            break;
        case 'UNSUBSCRIBE':
            for (const one of subscriptions) {
                if (one.connection === connection && one.id === headers.id) subscriptions.delete(one);
            }
            break;
        case 'SEND': {
            const { destination, 'content-length': _, receipt: __, ...others } = headers;
            for (const one of subscriptions) {
                if (one.destination !== destination) continue;
                one.connection.write(frame('MESSAGE', {
                    subscription: one.id, 'message-id': `${connection.id}-${count++}`, destination, ...others,
                    'content-length': String(Buffer.byteLength(body)),
                }, body));
            }
            break;
        }
        }
        if (headers.receipt) connection.write(frame('RECEIPT', { 'receipt-id': headers.receipt }));
        if (command === 'DISCONNECT') connection.close(1000, 'bye');
    };
    connection.on('data', (text) => {
        rest += text;
        for (let end; (end = rest.indexOf('\0')) >= 0; rest = rest.slice(end + 1)) {
            take(read(rest.slice(0, end).replace(/^[\r\n]+/, '')));
        }
    });
    connection.on('close', () => {
        for (const one of subscriptions) if (one.connection === connection) subscriptions.delete(one);
    });
}

const services = [
    service('/echo', {}, echo),
    service('/small', { response_limit: 4096 }, echo),
    service('/nowebsocket', { websocket: false }, echo),
    service('/cookies', { jsessionid: true }, echo),
    service('/close', {}, (connection) => connection.close(3000, 'Go away!')),
    service('/stomp', {}, stomp),
    service('/protected', {}, echo),
];

const server = http.createServer((request, response) => {
    if (request.url === '/log') return response.end(log.join('\n') + '\n');
    response.writeHead(404);
    response.end('there is nothing here\n');
});
for (const [prefix, one] of services) one.installHandlers(server, { prefix });

// In front of what SockJS has put there.
for (const event of ['request', 'upgrade']) {
    server.prependListener(event, (request) => {
        if (request.url !== '/log') log.push(`${request.method} ${request.url} cookie=${request.headers.cookie ?? ''}`);
    });
    const listeners = server.listeners(event);
    server.removeAllListeners(event);
    server.on(event, (request, response, ...others) => {
        if (request.url.startsWith('/protected') && request.headers.authorization !== 'Bearer secret') {
            if (event === 'request') return response.writeHead(401).end('who are you?\n');
            return response.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n');
        }
        for (const listener of listeners) listener.call(server, request, response, ...others);
    });
}

server.listen(Number(process.env.SOCKJS), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
