// A session of session.js in node.
//
//     node-session.js URL WAY LOGIN DESTINATION
//
// WAY is one of the transports of SockJS, for which there is Debian's node-sockjs-client; or "plain" for a WebSocket
// without it, or "plain-binary" for one that has a binary message as well.
'use strict';

const startSession = require('./session.js');
const [url, way, login, destination] = process.argv.slice(2);

function plainSocket() {
    const client = new (require('faye-websocket').Client)(url.replace(/^http/, 'ws'), ['v12.stomp']);
    const send = client.send.bind(client);
    client.send = (data) => send(typeof data === 'string' ? data : Buffer.from(data));
    return client;
}

const isPlain = way.startsWith('plain');
const socket = isPlain ? plainSocket() : new (require('sockjs-client'))(url, null, { transports: [way] });
const options = { destination, login, takesBinary: way === 'plain-binary', name: isPlain ? way : undefined };
startSession(socket, options, console.log, () => process.stdout.write("", () => process.exit()));
