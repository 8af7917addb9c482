// The two ends of a throughput figure: a server that sends MESSAGE frames as fast as the socket takes them, and a
// client that does as little as a client can.
//
//     blaster serve FRAMES CONNECTIONS    prints its port, then "SECONDS" for each connection
//     blaster read tcp|ws PORT FRAMES     subscribes and counts NULs
//
// and of the other direction, over TCP, where the server only reads:
//
//     blaster sink FRAMES CONNECTIONS     prints its port, then "SECONDS" for each connection
//     blaster write PORT FRAMES           sends frames that were made before, many in a write
//
// The time runs from the first octet of the first MESSAGE to what the client sends, or to its close, when it has had
// enough: the same for every client. Frames are as RabbitMQ's: six headers, LF after the NUL, bodies of 256 octets; over
// WebSocket each is a text message.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BODY = 256, BATCH = 256, INPUT = 1 << 16 };

// What one side has read and not yet used. Over WebSocket `octets` holds payloads, unmasked.
typedef struct {
    int socket;
    bool isWebSocket;
    size_t count;
    char octets[INPUT + 1];
} Peer;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static bool writeAll(int socket, const char *octets, size_t count) {
    while (count > 0) {
        ssize_t written = send(socket, octets, count, MSG_NOSIGNAL);
        if (written <= 0) return false;
        octets += written;
        count -= written;
    }
    return true;
}

// The head of an unmasked text message.
static size_t messageHead(char *head, size_t length) {
    head[0] = (char)0x81;
    if (length < 126) {
        head[1] = (char)length;
        return 2;
    }
    head[1] = 126;
    head[2] = (char)(length >> 8);
    head[3] = (char)length;
    return 4;
}

static bool sendFrame(Peer *peer, const char *frame, size_t length) {
    char head[4];
    if (peer->isWebSocket && !writeAll(peer->socket, head, messageHead(head, length))) return false;
    return writeAll(peer->socket, frame, length);
}

static bool fill(Peer *peer, char *octets, size_t count) {
    while (count > 0) {
        ssize_t got = recv(peer->socket, octets, count, 0);
        if (got <= 0) return false;
        octets += got;
        count -= got;
    }
    return true;
}

// Reads on. False at the end, and at a close frame.
static bool receive(Peer *peer) {
    char *octets = peer->octets + peer->count;
    if (!peer->isWebSocket) {
        ssize_t got = recv(peer->socket, octets, INPUT - peer->count, 0);
        if (got <= 0) return false;
        peer->count += got;
        return true;
    }
    unsigned char head[4], mask[4];
    if (!fill(peer, (char *)head, 2)) return false;
    size_t length = head[1] & 0x7F;
    if (length == 126) {
        if (!fill(peer, (char *)head + 2, 2)) return false;
        length = (size_t)head[2] << 8 | head[3];
    }
    if (length > INPUT - peer->count || !fill(peer, (char *)mask, 4) || !fill(peer, octets, length)) return false;
    for (size_t i = 0; i < length; i++) octets[i] ^= mask[i & 3];
    if ((head[0] & 0x0F) == 8) return false;
    if ((head[0] & 0x0F) <= 2) peer->count += length;
    return true;
}

// Takes what ends with `end` off the peer's octets into `part`. False when the peer has closed.
static bool take(Peer *peer, const char *end, size_t endLength, char *part) {
    char *found;
    while (!(found = memmem(peer->octets, peer->count, end, endLength)))
        if (peer->count == INPUT || !receive(peer)) return false;
    size_t length = found + endLength - peer->octets;
    memcpy(part, peer->octets, length);
    part[length] = 0;
    peer->count -= length;
    memmove(peer->octets, peer->octets + length, peer->count);
    return true;
}

// The value of a header in a STOMP frame or an HTTP head; empty if it is not there.
static const char *header(const char *text, const char *name, char value[256]) {
    value[0] = 0;
    const char *line = strcasestr(text, name);
    if (!line) return value;
    line += strlen(name);
    sscanf(line + strspn(line, " "), "%255[^\r\n]", value);
    return value;
}

static bool upgrade(Peer *peer) {
    char request[INPUT + 1], key[256 + 36], answer[512], accept[32];
    unsigned char digest[SHA_DIGEST_LENGTH];
    if (!take(peer, "\r\n\r\n", 4, request)) return false;
    header(request, "\nSec-WebSocket-Key:", key);
    strcat(key, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    SHA1((unsigned char *)key, strlen(key), digest);
    EVP_EncodeBlock((unsigned char *)accept, digest, sizeof digest);
    int length = snprintf(
        answer, sizeof answer,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: %s\r\n%s\r\n",
        accept, strstr(request, "v12.stomp") ? "Sec-WebSocket-Protocol: v12.stomp\r\n" : "");
    if (!writeAll(peer->socket, answer, length)) return false;
    peer->isWebSocket = true;
    return true;
}

static bool blast(Peer *peer, const char *subscription, long frames) {
    char *batch = malloc(BATCH * (BODY + 512)), *end = batch, body[BODY + 1];
    size_t ends[BATCH + 1] = {0};
    for (int i = 0; i < BODY; i++) body[i] = (char)('!' + i % 90);
    body[BODY] = 0;
    for (int i = 0; i < BATCH; i++) {
        char frame[BODY + 512];
        int length = snprintf(
            frame, sizeof frame,
            "MESSAGE\nsubscription:%s\ndestination:/topic/figures\nmessage-id:T_%s@@session-Gk3xVv8dVJz9@@%d\n"
            "redelivered:false\ncontent-type:text/plain\ncontent-length:%d\n\n%s%c\n",
            subscription, subscription, i, BODY, body, 0);
        if (peer->isWebSocket) end += messageHead(end, length);
        memcpy(end, frame, length);
        end += length;
        ends[i + 1] = end - batch;
    }
    bool isWritten = true;
    for (long left = frames; left > 0 && isWritten; left -= BATCH)
        isWritten = writeAll(peer->socket, batch, ends[left < BATCH ? left : BATCH]);
    free(batch);
    return isWritten;
}

// Does one session; gives the seconds from the first MESSAGE to the client's next sign, or 0.
static double converse(Peer *peer, long frames) {
    char frame[INPUT + 1], value[256], answer[512];
    double start = 0, seconds = 0;
    if (!receive(peer)) return 0;
    if (memcmp(peer->octets, "GET ", 4) == 0 && !upgrade(peer)) return 0;
    while (take(peer, "", 1, frame)) {
        if (start > 0 && seconds == 0) seconds = now() - start;
        const char *command = frame + strspn(frame, "\r\n");
        if (strncmp(command, "CONNECT", 7) == 0 || strncmp(command, "STOMP", 5) == 0) {
            static const char connected[] =
                "CONNECTED\nserver:RabbitMQ/3.10.8\nsession:session-Gk3xVv8dVJz9\nheart-beat:0,0\nversion:1.2\n\n\0\n";
            if (!sendFrame(peer, connected, sizeof connected - 1)) return 0;
        }
        if (*header(command, "\nreceipt:", value)) {
            int length = snprintf(answer, sizeof answer, "RECEIPT\nreceipt-id:%s\n\n%c\n", value, 0);
            if (!sendFrame(peer, answer, length)) break;
        }
        if (strncmp(command, "SUBSCRIBE", 9) == 0) {
            header(command, "\nid:", value);
            start = now();
            if (!blast(peer, value, frames)) return 0;
        }
    }
    return seconds > 0 || start == 0 ? seconds : now() - start;
}

static double swallow(Peer *peer, long frames);

static void serve(long frames, int connections, bool onlyReads) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 8)) fail("listen");
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    static Peer peer;
    for (int i = 0; i < connections; i++) {
        memset(&peer, 0, sizeof peer);
        if ((peer.socket = accept(listener, NULL, NULL)) < 0) fail("accept");
        printf("%.6f\n", onlyReads ? swallow(&peer, frames) : converse(&peer, frames));
        fflush(stdout);
        close(peer.socket);
    }
}

// A frame to the server; over WebSocket it is masked with zeros.
static void request(int socket, bool isWebSocket, const char *frame, size_t length) {
    char head[6] = {(char)0x81, (char)(0x80 | length)};
    if (isWebSocket && !writeAll(socket, head, sizeof head)) fail("send");
    if (!writeAll(socket, frame, length)) fail("send");
}

static void readFrames(bool isWebSocket, int port, long frames) {
    static char octets[INPUT];
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(server, (struct sockaddr *)&address, sizeof address)) fail("connect");
    if (isWebSocket) {
        static const char get[] = "GET / HTTP/1.1\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
        if (!writeAll(server, get, sizeof get - 1) || recv(server, octets, INPUT, 0) <= 0) fail("upgrade");
    }
    static const char connectFrame[] = "CONNECT\naccept-version:1.2\nhost:/\n\n";
    static const char subscribe[] = "SUBSCRIBE\nid:sub-0\ndestination:/topic/figures\n\n";
    request(server, isWebSocket, connectFrame, sizeof connectFrame);
    request(server, isWebSocket, subscribe, sizeof subscribe);
    // One more for CONNECTED.
    for (long left = frames + 1; left > 0;) {
        ssize_t count = recv(server, octets, INPUT, 0);
        if (count <= 0) fail("recv");
        for (char *next = octets, *end = octets + count; (next = memchr(next, 0, end - next)); next++) left--;
    }
    close(server);
}

// Counts the NULs of what a client sends behind its CONNECT; gives the seconds from the first to the last.
static double swallow(Peer *peer, long frames) {
    static const char connected[] = "CONNECTED\nversion:1.2\nheart-beat:0,0\n\n";
    static char octets[1 << 18], frame[INPUT + 1];
    double start = 0;
    if (!take(peer, "", 1, frame) || !sendFrame(peer, connected, sizeof connected)) return 0;
    memcpy(octets, peer->octets, peer->count);
    ssize_t count = peer->count;
    for (;;) {
        if (count > 0 && start == 0) start = now();
        for (char *next = octets, *end = octets + count; (next = memchr(next, 0, end - next)); next++) frames--;
        if (frames <= 0) break;
        if ((count = recv(peer->socket, octets, sizeof octets, 0)) <= 0) return 0;
    }
    double seconds = now() - start;
    // It may say goodbye, and closes when that is not answered.
    while (recv(peer->socket, octets, sizeof octets, 0) > 0) {}
    return seconds;
}

static void writeFrames(int port, long frames) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(server, (struct sockaddr *)&address, sizeof address)) fail("connect");
    static const char connectFrame[] = "CONNECT\naccept-version:1.2\nhost:/\n\n";
    static char frame[BODY + 512], batch[BATCH * sizeof frame], answer[512];
    int length = snprintf(frame, sizeof frame, "SEND\ndestination:/topic/bench\ncontent-length:%d\n\n", BODY);
    memset(frame + length, 'a', BODY);
    length += BODY + 1;
    for (int i = 0; i < BATCH; i++) memcpy(batch + i * length, frame, length);
    if (!writeAll(server, connectFrame, sizeof connectFrame) || recv(server, answer, sizeof answer, 0) <= 0)
        fail("connect");
    for (long left = frames; left > 0; left -= BATCH)
        if (!writeAll(server, batch, (size_t)length * (left < BATCH ? left : BATCH))) fail("send");
    close(server);
}

int main(int count, char **arguments) {
    if (count == 4 && strcmp(arguments[1], "serve") == 0) {
        serve(atol(arguments[2]), atoi(arguments[3]), false);
    } else if (count == 4 && strcmp(arguments[1], "sink") == 0) {
        serve(atol(arguments[2]), atoi(arguments[3]), true);
    } else if (count == 4 && strcmp(arguments[1], "write") == 0) {
        writeFrames(atoi(arguments[2]), atol(arguments[3]));
    } else if (count == 5 && strcmp(arguments[1], "read") == 0) {
        readFrames(strcmp(arguments[2], "ws") == 0, atoi(arguments[3]), atol(arguments[4]));
    } else {
        fprintf(stderr, "usage: blaster serve FRAMES CONNECTIONS | blaster read tcp|ws PORT FRAMES\n"
                        "       blaster sink FRAMES CONNECTIONS | blaster write PORT FRAMES\n");
        return 64;
    }
}
