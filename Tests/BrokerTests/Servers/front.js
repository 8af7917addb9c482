// A page and its server in one place, as a reverse proxy would put them: what is no file of the page is passed on.
//
//     front.js HOST:PORT UPSTREAM-HOST:PORT PAGE
//
// A GET of /start is sent on to the page. It writes what the page posts to /report, and answers a GET of /reported behind
// that. It writes a line for each request that it passes on: METHOD TARGET HOST ORIGIN REFERRER.
'use strict';

const fs = require('fs');
const http = require('http');
const net = require('net');

const [own, upstream] = process.argv.slice(2, 4).map((address) => new URL(`http://${address}`));
const files = {
    '/': [process.argv[4], 'text/html'],
    '/session.js': [`${__dirname}/../Clients/session.js`, 'text/javascript'],
    '/sockjs.js': ['/usr/share/nodejs/sockjs-client/dist/sockjs.js', 'text/javascript'],
};
const note = ({ method, url, headers: { host, origin = '-', referer = '-' } }) =>
    console.log(`${method} ${url} ${host} ${origin} ${referer}`);
// Who has asked for /reported.
const waiting = [];

const server = http.createServer((request, response) => {
    const [path, query] = request.url.split('?');
    if (path === '/start') {
        // By its own origin, as many servers do.
        return response.writeHead(302, { Location: `http://${request.headers.host}/?${query}` }).end();
    }
    const [file, type] = files[path] ?? [];
    if (file) {
        response.setHeader('Content-Type', `${type}; charset=utf-8`);
        return fs.createReadStream(file).pipe(response);
    }
    if (request.url === '/reported') return waiting.push(response);
    if (request.url === '/report') {
        const answer = () => [response, ...waiting.splice(0)].forEach((one) => one.end());
        return request.on('end', answer).pipe(process.stdout, { end: false });
    }
    note(request);
    const { method, url, headers } = request;
    const onward = http.request(upstream, { method, path: url, headers }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        response.flushHeaders();
        answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
});
server.on('upgrade', (request, socket) => {
    note(request);
    const onward = net.connect(upstream.port, upstream.hostname);
    const { method, url, rawHeaders } = request;
    const lines = [`${method} ${url} HTTP/1.1`];
    for (let i = 0; i < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
    onward.write(lines.join('\r\n') + '\r\n\r\n');
    socket.pipe(onward).pipe(socket);
    for (const end of [socket, onward]) end.on('error', () => [socket, onward].forEach((one) => one.destroy()));
});
server.listen(own.port, own.hostname, () => console.log('listening'));
