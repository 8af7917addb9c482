import NIOCore
import NIOPosix
import STOMPTransport
import TestSupport
import Testing

/// The client's handshake with servers of every kind.
@Suite struct UpgradeTests {
    private typealias Reply = ScriptedServer.Reply

    /// A text message "hi" from a server.
    private static let frame: [UInt8] = [0x81, 2, 0x68, 0x69]

    @Test(arguments: [
        "HTTP/1.1 101 Switching Protocols", "HTTP/1.1 101 ", "HTTP/1.1 101", "HTTP/1.1 101 \u{C54C}\u{ACA0}\u{C5B4}",
    ])
    func theReasonDoesNotMatter(statusLine: String) async throws {
        let head = ScriptedServer.switching.split(separator: "\r\n").dropFirst().joined(separator: "\r\n")
        #expect(try await ScriptedServer.error(of: .text("\(statusLine)\r\n\(head)\r\n\r\n")) == nil)
    }

    @Test(arguments: [false, true])
    func bytesThatComeWithTheAnswerAreNotLost(isSplit: Bool) async throws {
        let bytes = ByteBuffer(bytes: (ScriptedServer.switching + "\r\n").utf8 + Self.frame)
        try await ScriptedServer.run(Reply(bytes: bytes, isSplit: isSplit)) { server in
            let client = Inbox()
            let stream = try await TransportConnector(options: ScriptedServer.options).connect(
                to: .webSocket(server.port), on: group.next(), deadline: .farEnough, receiver: client.factory)
            try await client.wait { $0.texts == ["hi"] && $0.batches > 0 }
            stream.abort()
        }
    }

    @Test func informationBeforeTheAnswerIsPassedOver() async throws {
        let early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        #expect(try await ScriptedServer.error(of: .text("\(early)\(ScriptedServer.switching)\r\n")) == nil)
    }

    // MARK: - Refusals

    private static let url = "ws://127.0.0.1:PORT/ws"

    private static func refusal(
        _ status: Int, _ reason: String, _ body: String = "", location: String? = nil
    ) -> HTTPRefusal {
        HTTPRefusal(
            status: status, reason: reason, body: body, location: location, identity: ScriptedServer.options.identity)
    }

    @Test(arguments: [200, 404, 400, 502])
    func anotherAnswerIsKept(status: Int) async throws {
        let error = try await ScriptedServer.error(
            of: .text("HTTP/1.1 \(status) Some Reason\r\nContent-Length: 5\r\n\r\nhello"))
        #expect(error?.kind == .protocolViolation)
        #expect(error?.layer == .webSocket)
        let refusal = Self.refusal(status, "Some Reason", "hello")
        #expect(error == .webSocket(.notUpgraded(url: Self.url, refusal, sockJS: nil)))
        #expect(error?.response == refusal)
    }

    @Test func unauthorizedIsARefusal() async throws {
        let error = try await ScriptedServer.error(of: .text("HTTP/1.1 401 \r\nContent-Length: 0\r\n\r\n"))
        #expect(error?.kind == .refused)
        let refusal = Self.refusal(401, "")
        #expect(
            error
                == .webSocket(.refused(url: Self.url, refusal, ownOrigin: "http://127.0.0.1:PORT")))
        #expect(error?.response == refusal)
    }

    @Test func forbiddenWithoutAnOriginIsARefusal() async throws {
        let error = try await ScriptedServer.error(of: .text("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"))
        #expect(error?.kind == .refused)
        let refusal = Self.refusal(403, "Forbidden")
        #expect(
            error
                == .webSocket(.refused(url: Self.url, refusal, ownOrigin: "http://127.0.0.1:PORT")))
    }

    @Test func forbiddenWithAnOriginNamesIt() async throws {
        var options = ScriptedServer.options
        options.origin = "http://elsewhere.example"
        let error = try await ScriptedServer.error(
            of: .text("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"), options: options)
        var refusal = Self.refusal(403, "Forbidden")
        refusal.identity.origin = "http://elsewhere.example"
        #expect(error == .webSocket(.refused(url: Self.url, refusal, ownOrigin: "http://127.0.0.1:PORT")))
    }

    /// Only the names of the headers are kept, because values may be secret.
    @Test func whatTheRequestSaidOfItsSenderIsKept() async throws {
        var options = ScriptedServer.options
        options.origin = "http://elsewhere.example"
        options.cookie = "a=b"
        options.httpHeaders += [("Authorization", "Bearer x"), ("origin", "http://given.example")]
        let error = try await ScriptedServer.error(
            of: .text("HTTP/1.1 401 \r\nContent-Length: 0\r\n\r\n"), options: options)
        #expect(
            error?.response?.identity
                == HTTPIdentity(
                    origin: "http://given.example",
                    givenHeaders: ScriptedServer.options.httpHeaders.map(\.name) + [
                        "Authorization", "origin", "Cookie",
                    ]))
    }

    @Test func aRedirectionIsNamed() async throws {
        let error = try await ScriptedServer.error(
            of: .text("HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\u{1B}[31mws\r\nContent-Length: 0\r\n\r\n"))
        // A control character in a header is not valid HTTP.
        #expect(error?.kind == .protocolViolation)
        let clean = try await ScriptedServer.error(
            of: .text("HTTP/1.1 302 Found\r\nLocation: http://elsewhere/ws\r\nContent-Length: 0\r\n\r\n"))
        let refusal = Self.refusal(302, "Found", location: "http://elsewhere/ws")
        #expect(clean == .webSocket(.notUpgraded(url: Self.url, refusal, sockJS: nil)))
    }

    @Test func aBodyThatEndsWithTheConnectionIsKept() async throws {
        let error = try await ScriptedServer.error(of: .text("HTTP/1.1 500 Oops\r\n\r\nstack trace", closes: true))
        let refusal = Self.refusal(500, "Oops", "stack trace")
        #expect(error == .webSocket(.notUpgraded(url: Self.url, refusal, sockJS: nil)))
    }

    @Test func aChunkedBodyIsPutTogether() async throws {
        let error = try await ScriptedServer.error(
            of: .text("HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"))
        #expect(error?.response?.body == "abcde")
    }

    @Test func ofALargeBodyOnlyTheBeginningIsKept() async throws {
        let body = String(repeating: "x", count: 100_000)
        let error = try await ScriptedServer.error(
            of: .text("HTTP/1.1 404 Not Found\r\nContent-Length: 100000\r\n\r\n\(body)"))
        #expect(error?.response?.body.utf8.count == 65536)
    }

    @Test func aBodyThatNeverEndsDoesNotHideTheStatus() async throws {
        let error = try await ScriptedServer.error(
            of: .text("HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\nhalf"))
        #expect(error?.response == Self.refusal(404, "Not Found", "half"))
    }

    // MARK: - Missing and invalid answers

    @Test func aServerThatNeverAnswersRunsIntoTheDeadline() async throws {
        // Long enough for TCP on a busy machine, with an event loop that no other test uses.
        let own = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let error = try await ScriptedServer.error(of: .silence, within: .seconds(3), on: own.next())
        try await own.shutdownGracefully()
        #expect(error?.kind == .timedOut)
        #expect(error?.layer == .http)
        guard case .http(.noAnswer(let request, _)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(request == HTTPRequestSummary(.webSocket, Self.url, isSecure: false))
    }

    @Test func aServerThatSpeaksNoHTTPIsQuoted() async throws {
        let error = try await ScriptedServer.error(of: .text("SSH-2.0-OpenSSH_9.2\r\n"))
        #expect(error?.kind == .protocolViolation)
        #expect(error?.layer == .http)
        #expect(
            error == .http(.notHTTP(from: Self.url, firstLine: "SSH-2.0-OpenSSH_9.2", protocol: .ssh)))
    }

    @Test func aSTOMPPortIsRecognised() async throws {
        let error = try await ScriptedServer.error(of: .text("ERROR\nmessage:bad\n\n\0", closes: true))
        #expect(error == .http(.notHTTP(from: Self.url, firstLine: "ERROR", protocol: .stomp)))
    }

    @Test func controlCharactersInWhatIsQuotedAreEscaped() async throws {
        let error = try await ScriptedServer.error(of: .text("\u{1B}[2J\r\n"))
        #expect(error?.description.contains("\u{1B}") == false)
    }

    @Test func aConnectionThatEndsUnansweredIsLost() async throws {
        let error = try await ScriptedServer.error(of: .text("", closes: true))
        #expect(error?.kind == .connectionLost)
        #expect(error?.layer == .http)
        let request = HTTPRequestSummary(.webSocket, Self.url, isSecure: false)
        #expect(error == .http(.connectionClosed(beforeAnswerTo: request)))
    }

    @Test(arguments: ["HTTP/1.1 101 Switching\r\nUpgrade web", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 x\r\n\r\n"])
    func brokenHTTPIsNamed(answer: String) async throws {
        let error = try await ScriptedServer.error(of: .text(answer, closes: true))
        #expect(error?.kind == .protocolViolation)
        #expect(error == .http(.malformedAnswer(of: Self.url)))
    }

    // MARK: - Invalid 101 answers

    @Test(arguments: [
        (
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            WebSocketFailure.wrongAccept(from: url)
        ),
        ("Upgrade: websocket\r\nConnection: Upgrade", .wrongAccept(from: url)),
        (
            "Upgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: \(ScriptedServer.accept)",
            .noUpgradeHeader(from: url)
        ),
        (
            "Connection: Upgrade\r\nSec-WebSocket-Accept: \(ScriptedServer.accept)",
            .noUpgradeHeader(from: url)
        ),
        (
            "Upgrade: websocket\r\nSec-WebSocket-Accept: \(ScriptedServer.accept)",
            .noConnectionHeader(from: url)
        ),
    ])
    func anAnswerWithoutWhatItNeedsIsRefused(headers: String, failure: WebSocketFailure) async throws {
        let error = try await ScriptedServer.error(of: .text("HTTP/1.1 101 Switching Protocols\r\n\(headers)\r\n\r\n"))
        #expect(error?.kind == .protocolViolation)
        #expect(error?.layer == .webSocket)
        #expect(error == .webSocket(failure))
    }

    @Test func aSubprotocolThatWasNotOfferedIsRefused() async throws {
        let reply = Reply.text("\(ScriptedServer.switching)Sec-WebSocket-Protocol: stomp\r\n\r\n")
        let error = try await ScriptedServer.error(of: reply)
        #expect(error?.kind == .protocolViolation)
        #expect(error == .webSocket(.unofferedSubprotocol(["stomp"], from: Self.url, offered: [])))
        var options = ScriptedServer.options
        options.subprotocols = ["v12.stomp", "v11.stomp"]
        let other = try await ScriptedServer.error(of: reply, options: options)
        #expect(
            other
                == .webSocket(
                    .unofferedSubprotocol(["stomp"], from: Self.url, offered: ["v12.stomp", "v11.stomp"])))
        options.subprotocols = ["stomp"]
        #expect(try await ScriptedServer.error(of: reply, options: options) == nil)
    }

    @Test func anExtensionThatWasNotOfferedIsRefused() async throws {
        let error = try await ScriptedServer.error(
            of: .text("\(ScriptedServer.switching)Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"))
        #expect(error?.kind == .protocolViolation)
        #expect(error == .webSocket(.unofferedExtension("permessage-deflate", from: Self.url)))
    }

    // MARK: - Cancelling

    @Test func cancellingLeavesNothingOpen() async throws {
        try await ScriptedServer.run(.silence) { server in
            let receiver = Inbox()
            let task = Task {
                try await TransportConnector().connect(
                    to: .webSocket(server.port), on: group.next(), deadline: .farEnough, receiver: receiver.factory)
            }
            try await eventually {
                server.received.first?.isEmpty == false ? true : nil
            } otherwise: {
                "nothing came"
            }
            task.cancel()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
            _ = try await server.receivedWhole()
            #expect(receiver.contents.stream == nil)
        }
    }
}
