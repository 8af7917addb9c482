// Reads what `stomptap tap --record` wrote, and writes a line "CONNECTION DIRECTION FRAME" for each frame, with the
// octets that it must have had in base64: a frame of STOMP 1.2 can be written in one way only, but for ends of lines.
'use strict';

const letters = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', ':': '\\c' };
const escaped = (text) => text.replace(/[\\\n\r:]/g, (letter) => letters[letter]);

for (const line of require('fs').readFileSync(0, 'utf8').split('\n')) {
    if (line === '') continue;
    const { connection, direction, command, headers, headerList, body, bodyEncoding, bodySize } = JSON.parse(line);
    if (command === undefined) continue;
    const form = /^CONNECT(ED)?$/.test(command) ? (text) => text : escaped;
    const lines = (headerList ?? Object.entries(headers)).map(([name, value]) => `${form(name)}:${form(value)}\n`);
    const octets = Buffer.from(body, bodyEncoding === 'base64' ? 'base64' : 'utf8');
    if (octets.length !== bodySize) throw new Error(`not ${bodySize} octets: ${line}`);
    const frame = Buffer.concat([Buffer.from(`${command}\n${lines.join('')}\n`), octets, Buffer.of(0)]);
    console.log(`${connection} ${direction} ${frame.toString('base64')}`);
}
