// STOMP over node-sockjs on 127.0.0.1, at the port that the environment names SOCKJS.
//
//     /stomp         topics in memory, receipts, no heart-beats
//     /nowebsocket   the same, without WebSocket
//     /small         the same, and a streaming response ends after 4 KiB
//     /beating       the same, and SockJS's own heart-beats come five times a second
//     /cookies       the same, with a JSESSIONID
//     /protected     the same, for those who have "Authorization: Bearer secret"
//
// It writes a line for each request, "METHOD TARGET COOKIE", for each session, "session PROTOCOL TARGET", and for its
// end, "closed PROTOCOL TARGET". A query that is a client's own tells its lines from those of others.
'use strict';

const http = require('http');
const sockjs = require('sockjs');

const subscriptions = new Set();

// Header escaping of STOMP 1.2.
const letters = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', ':': '\\c' };
const escaped = (text) => text.replace(/[\\\n\r:]/g, (letter) => letters[letter]);
const plain = { '\\\\': '\\', '\\n': '\n', '\\r': '\r', '\\c': ':' };
const unescaped = (text) => text.replace(/\\[\\nrc]/g, (letter) => plain[letter]);

function write(connection, command, headers, body = '') {
    const lines = Object.entries(headers).map(([name, value]) => `${escaped(name)}:${escaped(value)}`);
    connection.write([command, ...lines, '', body].join('\n') + '\0');
}

function read(text) {
    const end = text.indexOf('\n\n');
    const [command, ...lines] = text.slice(0, end).split('\n');
    const headers = {};
    for (const line of lines) {
        const colon = line.indexOf(':');
        headers[unescaped(line.slice(0, colon))] ??= unescaped(line.slice(colon + 1));
    }
    return { command, headers, body: text.slice(end + 2) };
}

function forget(connection, id) {
    for (const one of subscriptions) {
        if (one.connection === connection && (id === undefined || one.id === id)) subscriptions.delete(one);
    }
}

function stomp(connection) {
    console.log(`session ${connection.protocol} ${connection.url}`);
    let count = 0;
    let rest = '';
    function take({ command, headers, body }) {
        switch (command) {
        case 'CONNECT':
        case 'STOMP':
            write(connection, 'CONNECTED', { version: '1.2', 'heart-beat': '0,0', server: 'node-sockjs' });
            break;
        case 'SUBSCRIBE':
            subscriptions.add({ connection, id: headers.id, destination: headers.destination });
            break;
        case 'UNSUBSCRIBE':
            forget(connection, headers.id);
            break;
        case 'SEND': {
            const { receipt, ...others } = headers;
            for (const one of subscriptions) {
                if (one.destination !== headers.destination) continue;
                const own = { subscription: one.id, 'message-id': `${connection.id}-${count++}` };
                write(one.connection, 'MESSAGE', { ...own, ...others }, body);
            }
            break;
        }
        }
        if (headers.receipt) write(connection, 'RECEIPT', { 'receipt-id': headers.receipt });
        if (command === 'DISCONNECT') connection.close(1000, 'bye');
    }
    connection.on('data', (text) => {
        rest += text;
        for (let end; (end = rest.indexOf('\0')) >= 0; rest = rest.slice(end + 1)) {
            take(read(rest.slice(0, end).replace(/^[\r\n]+/, '')));
        }
    });
    connection.on('close', () => {
        forget(connection);
        console.log(`closed ${connection.protocol} ${connection.url}`);
    });
}

const services = {
    '/stomp': {},
    '/nowebsocket': { websocket: false },
    '/small': { response_limit: 4096 },
    '/beating': { heartbeat_delay: 200 },
    '/cookies': { jsessionid: true },
    '/protected': {},
};
const server = http.createServer((request, response) => {
    response.writeHead(404);
    response.end('there is nothing here\n');
});
for (const [prefix, options] of Object.entries(services)) {
    const service = sockjs.createServer({ log: () => {}, sockjs_url: '/sockjs.js', ...options });
    service.on('connection', stomp);
    service.installHandlers(server, { prefix });
}

// In front of what node-sockjs has put there.
for (const event of ['request', 'upgrade']) {
    const listeners = server.listeners(event);
    server.removeAllListeners(event);
    server.on(event, (request, response, ...others) => {
        console.log(`${request.method} ${request.url} ${request.headers.cookie ?? ''}`);
        if (request.url.startsWith('/protected') && request.headers.authorization !== 'Bearer secret') {
            if (event === 'request') return response.writeHead(401).end('who are you?\n');
            return response.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n');
        }
        for (const listener of listeners) listener.call(server, request, response, ...others);
    });
}

server.listen(Number(process.env.SOCKJS), '127.0.0.1', () => console.log('listening'));
process.on('SIGTERM', () => process.exit(0));
