import NIOCore
import STOMPTransport
import Synchronization
import TestSupport
import Testing

@testable import STOMPTap

/// A failure at one end of HTTP looks at the other end as it would without a tap, or is reported in an HTTP answer.
@Suite(.timeLimit(.minutes(1))) struct HTTPFailureTests {
    private static func target(_ port: Int) -> TransportTarget {
        TransportTarget(kind: .webSocket(requestTarget: "/"), host: "127.0.0.1", port: port, isSecure: false)
    }

    private static func expectAnswer(
        _ status: String, _ app: Wire, _ location: SourceLocation = #_sourceLocation
    ) async throws {
        try await app.waitForEnd()
        let text = app.text
        #expect(text.hasPrefix("HTTP/1.1 \(status)\r\n"), "\(text)", sourceLocation: location)
        let body = text.split(separator: "\r\n\r\n", maxSplits: 1).last ?? ""
        #expect(body.hasSuffix("\n") && body.count { $0 == "\n" } == 1, "\(text)", sourceLocation: location)
        #expect(text.contains("\r\nContent-Length: \(body.utf8.count)\r\n"), "\(text)", sourceLocation: location)
    }

    @Test(arguments: [true, false]) func aServerThatIsDownGivesA502(isUpgrade: Bool) async throws {
        let port = try Loopback.freePorts(1)[0]
        try await Between.run {
            $0.servers = [.init(Self.target(port))]
        } _: { between in
            let app = try await between.connect()
            app.send(isUpgrade ? Between.upgrade(host: between.tapName) : "GET / HTTP/1.1\r\n\r\n")
            try await Self.expectAnswer("502 Bad Gateway", app)
            #expect(app.text.contains("refused") && app.text.contains("127.0.0.1:\(port)"), "\(app.text)")
            try await between.wait("note") { $0.notes.count == 1 }
            #expect(between.notes == [.cannotConnect(.tcp(.connectionRefused(by: ["127.0.0.1:\(port)"])))])
        }
    }

    /// The headers are created for each connection, by code that may take long or fail.
    @Test func headersAreMadeForEachConnection() async throws {
        struct NoToken: Error, CustomStringConvertible { let description = "no token today" }
        let count = Mutex(0)
        try await Between.run {
            $0.connectionHeaders = { _ in
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                guard number < 3 else { throw NoToken() }
                return [("X-Token", "fresh-\(number)")]
            }
        } _: { between in
            for number in 1...2 {
                let app = try await between.connect()
                app.send("GET / HTTP/1.1\r\nx-token: of the app\r\n\r\nGET /2 HTTP/1.1\r\n\r\n")
                let server = try await between.server.wire(number - 1)
                let header = "X-Token: fresh-\(number)\r\n\r\n"
                try await server.wait(until: "GET / HTTP/1.1\r\n\(header)GET /2 HTTP/1.1\r\n\(header)")
                app.close()
            }
            let app = try await between.connect()
            app.send("GET / HTTP/1.1\r\n\r\n")
            try await Self.expectAnswer("502 Bad Gateway", app)
            #expect(app.text.contains("no token today"))
            try await between.wait("note") { $0.notes == [.noHeaders(cause: "no token today")] }
        }
    }

    @Test func theNextServerIsTried() async throws {
        let port = try Loopback.freePorts(1)[0]
        try await Between.run {
            $0.servers.insert(.init(Self.target(port)), at: 0)
        } _: { between in
            let app = try await between.connect()
            let tap = between.tapName
            app.send("GET / HTTP/1.1\r\nHost: \(tap)\r\nOrigin: http://\(tap)\r\n\r\n")
            let server = try await between.server.wire()
            // The tap uses the name of this server, not of the first one.
            let name = "127.0.0.1:\(between.server.port)"
            try await server.wait(until: "GET / HTTP/1.1\r\nHost: \(name)\r\nOrigin: http://\(name)\r\n\r\n")
            server.send("HTTP/1.1 302 Found\r\nLocation: http://\(name)/login\r\nContent-Length: 0\r\n\r\n")
            try await app.wait(for: "Location: http://\(tap)/login\r\n")
            try await between.wait("note") { $0.notes.count == 1 }
        }
    }

    @Test(arguments: ["SSH-2.0-OpenSSH_9.2\r\n", "HTTP/2.0 200 OK\r\n\r\n", "\u{15}\u{3}"])
    func aServerWithoutHTTPGivesA502(garbage: String) async throws {
        try await Between.run { between in
            let app = try await between.connect()
            app.send("GET / HTTP/1.1\r\n\r\n")
            let server = try await between.server.wire()
            try await server.wait(until: "\r\n\r\n")
            server.send(garbage)
            try await Self.expectAnswer("502 Bad Gateway", app)
            try await between.wait("note") { $0.notes == [.notHTTP(from: .server)] }
            try await server.waitForEnd()
        }
    }

    /// The answer ends inside a head, or inside the size line of a chunk.
    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1",
    ])
    func anAnswerThatBreaksOffBreaksOffForTheAppToo(answer: String) async throws {
        try await Between.run { between in
            let app = try await between.connect()
            app.send("GET / HTTP/1.1\r\n\r\n")
            let server = try await between.server.wire()
            try await server.wait(until: "\r\n\r\n")
            server.send(answer)
            server.close()
            try await app.waitForEnd()
            #expect(app.text == answer)
        }
    }

    @Test func aBodyThatGoesWrongBreaksOff() async throws {
        try await Between.run { between in
            let app = try await between.connect()
            app.send("GET / HTTP/1.1\r\n\r\n")
            let server = try await between.server.wire()
            try await server.wait(until: "\r\n\r\n")
            let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
            server.send(answer + "no size\r\n")
            try await app.wait("reset") { $0.wasReset }
            #expect(app.text == answer || app.text.isEmpty)
            try await between.wait("note") { $0.notes == [.notHTTP(from: .server)] }
        }
    }

    @Test(arguments: [
        "\u{16}\u{3}\u{1}\u{2}", "CONNECT\naccept-version:1.2\n\n\u{0}", "GET / HTTP/1.1 x\r\n\r\n",
        // Requests that a server might parse differently than the tap.
        "GET /\0 HTTP/1.1\r\n\r\n", "GET /\u{1} HTTP/1.1\r\n\r\n", "GET /a\rb HTTP/1.1\r\n\r\n",
        "GET /\u{7F} HTTP/1.1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
    ])
    func anAppWithoutHTTPGetsA400(garbage: String) async throws {
        try await Between.run { between in
            let app = try await between.connect()
            app.send(garbage)
            try await Self.expectAnswer("400 Bad Request", app)
            try await between.wait("note") { $0.notes == [.notHTTP(from: .app)] }
            #expect(between.server.all.isEmpty)
        }
    }

    @Test func anEndlessHeadGetsA431() async throws {
        try await Between.run { between in
            let app = try await between.connect()
            app.send("GET / HTTP/1.1\r\n")
            let line = ByteBuffer(string: "a: " + String(repeating: "b", count: 1019) + "\r\n")
            let sent = app.flood(line, times: 1 << 20)
            try await app.wait(for: "\r\n\r\n")
            #expect(app.text.hasPrefix("HTTP/1.1 431 Request Header Fields Too Large\r\n"))
            try await between.wait("note") { $0.notes == [.headTooLarge(from: .app)] }
            #expect(between.server.all.isEmpty)
            // Further data is read and dropped, so that the answer arrives.
            let before = sent.withLockedValue { $0 }
            try await app.wait("more that is taken") { _ in sent.withLockedValue { $0 } > before + 200 }
        }
    }

    @Test func anEndlessHeadOfAnAnswerGivesA502() async throws {
        try await Between.run { between in
            let app = try await between.connect()
            app.send("GET / HTTP/1.1\r\n\r\n")
            let server = try await between.server.wire()
            try await server.wait(until: "\r\n\r\n")
            server.send("HTTP/1.1 200 OK\r\na: " + String(repeating: "b", count: 100_000))
            try await Self.expectAnswer("502 Bad Gateway", app)
            try await between.wait("note") { $0.notes == [.headTooLarge(from: .server)] }
        }
    }

    @Test func requestsWithoutAnswersComeToAnEnd() async throws {
        try await Between.run { between in
            let app = try await between.connect()
            let request = "GET / HTTP/1.1\r\nX: 0123456789012345678901234567890123456789\r\n\r\n"
            let piece = ByteBuffer(string: String(repeating: request, count: 500))
            let sent = app.flood(piece, times: 2000)
            let server = try await between.server.wire()
            server.onlyCount()
            let stop = try await standstill(beyond: piece.readableBytes) { server.count }
            #expect(stop < 5_000_000)
            #expect(sent.withLockedValue { $0 } < 2000)
        }
    }

    /// After an upgrade request the tap stops reading until it is answered, and does not continue if it fails.
    @Test(arguments: [true, false]) func dataAfterAnUpgradeIsBounded(isServersFault: Bool) async throws {
        let port = try Loopback.freePorts(1)[0]
        try await Between.run {
            if !isServersFault { $0.servers = [.init(Self.target(port))] }
        } _: { between in
            let app = try await between.connect()
            app.send(isServersFault ? "GET / HTTP/1.1\r\n\r\n" : Between.upgrade(host: between.tapName))
            let sender: Wire
            if isServersFault {
                sender = try await between.server.wire()
                try await sender.wait(until: "\r\n\r\n")
                // A second answer without a request.
                sender.send("HTTP/1.1 204 Yes\r\n\r\nHTTP/1.1 101 Yes\r\n\r\n")
                try await app.wait(for: "HTTP/1.1 101 Yes")
            } else {
                sender = app
                try await app.wait(for: "502 Bad Gateway")
            }
            let sent = sender.flood(ByteBuffer(repeating: 0x20, count: 1 << 16), times: 800)
            let stop = try await standstill(beyond: 0) { sent.withLockedValue { $0 } }
            #expect(stop < 300)
        }
    }

    @Test func anAppThatLeavesIsSeenToLeave() async throws {
        try await Between.run { between in
            let app = try await between.connect()
            app.send("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc")
            let server = try await between.server.wire()
            try await server.wait(until: "abc")
            app.close()
            try await server.waitForEnd()
            #expect(server.text == "POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc")
            #expect(!server.wasReset)
        }
    }

    @Test func anAppThatOnlyListensGetsItsAnswer() async throws {
        try await Between.run { between in
            let app = try await between.connect()
            app.send("GET / HTTP/1.1\r\n\r\n")
            app.finish()
            let server = try await between.server.wire()
            try await server.wait("end") { $0.isFinished }
            server.send("HTTP/1.1 200 OK\r\n\r\nlate")
            try await app.wait(until: "late")
            server.close()
            try await app.waitForEnd()
            #expect(!app.wasReset)
        }
    }

    @Test(arguments: ["Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"])
    func aTruncatedAnswerStaysOne(rest: String) async throws {
        try await Between.run { between in
            let app = try await between.connect()
            app.send("GET / HTTP/1.1\r\n\r\n")
            let server = try await between.server.wire()
            try await server.wait(until: "\r\n\r\n")
            server.send("HTTP/1.1 200 OK\r\n" + rest)
            server.close()
            try await app.waitForEnd()
            #expect(app.text == "HTTP/1.1 200 OK\r\n" + rest)
            #expect(!app.wasReset)
        }
    }

    @Test func noAnswerAtAllStaysNone() async throws {
        try await Between.run { between in
            let app = try await between.connect()
            app.send("GET / HTTP/1.1\r\n\r\n")
            let server = try await between.server.wire()
            try await server.wait(until: "\r\n\r\n")
            server.close()
            try await app.waitForEnd()
            #expect(app.text == "")
        }
    }

    @Test(arguments: [true, false]) func resetsPassOn(isApps: Bool) async throws {
        try await Between.run { between in
            let app = try await between.connect()
            app.send("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc")
            let server = try await between.server.wire()
            try await server.wait(until: "abc")
            try await (isApps ? app : server).reset()
            try await (isApps ? server : app).wait("reset") { $0.wasReset }
        }
    }

    @Test func anAnswerThatNobodyAskedForPasses() async throws {
        try await Between.run { between in
            let app = try await between.connect()
            app.send("GET / HTTP/1.1\r\n\r\n")
            let server = try await between.server.wire()
            try await server.wait(until: "\r\n\r\n")
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
            // As servers do when a connection was idle.
            let late = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
            server.send(answer + late)
            server.close()
            try await app.waitForEnd()
            #expect(app.text == answer + late)
            try await between.wait("note") { $0.notes == [.unsolicitedAnswer] }
        }
    }
}
