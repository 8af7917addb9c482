import NIOCore
import Testing

@testable import STOMPTransport

extension SockJSSession.Action {
    fileprivate var text: String {
        switch self {
        case .nothing: "nothing"
        case .opened: "opened"
        case .alive: "alive"
        case .deliver(let messages): "deliver \(messages.texts.map { String(buffer: $0) })"
        case .closed(let closure): "closed \(closure) \(closure.isClean)"
        case .fail(let error): "\(error.kind) \(error)"
        }
    }
}

extension SockJSSession.Action {
    fileprivate var error: SockJSFailure? {
        if case .fail(.sockJS(let failure)) = self { failure } else { nil }
    }
}

extension SockJSSession.Next {
    fileprivate var error: SockJSFailure? {
        if case .fail(.sockJS(let failure)) = self { failure } else { nil }
    }

    fileprivate var text: String {
        switch self {
        case .nothing: "nothing"
        case .receive(let delay): "after \(delay.nanoseconds / 1_000_000) ms"
        case .fail(let error): "\(error.kind) \(error)"
        }
    }
}

@Suite struct SockJSSessionTests {
    private static let hello = SockJSFrame.messages(SockJSMessages([ByteBuffer(string: "hello")]))

    private var open: SockJSSession {
        var session = SockJSSession()
        _ = session.received(.open)
        return session
    }

    @Test func opensDeliversAndCloses() {
        var session = SockJSSession()
        #expect(session.received(.prelude).text == "nothing")
        #expect(session.received(.heartBeat).text == "alive")
        #expect(session.received(.open).text == "opened")
        #expect(session.state == .open)
        #expect(session.received(Self.hello).text == #"deliver ["hello"]"#)
        #expect(session.received(.heartBeat).text == "alive")
        #expect(
            session.received(.close(code: 3000, reason: "Go away!")).text
                == #"closed closed by the peer with 3000 "Go away!" true"#)
        #expect(session.state == .closed)
        #expect(session.received(.close(code: 3000, reason: "Go away!")).text == "nothing")
        #expect(session.received(.open).text == "nothing")
        #expect(session.responseEnded().text == "nothing")
    }

    @Test func reportsAnotherReceiver() {
        var session = open
        #expect(
            session.received(.close(code: 2010, reason: "Another connection still open")).text
                == #"closed closed by the peer with 2010 "Another connection still open" true"#)
    }

    @Test func failsWhereTheServerClosesFirst() {
        var session = SockJSSession()
        #expect(
            session.received(.close(code: 3000, reason: "Go\naway!")).error
                == .closedBeforeOpening(code: 3000, reason: "Go\naway!"))
        #expect(session.state == .closed)
    }

    @Test func failsWhereTheServerHasLostTheSession() {
        var session = open
        #expect(session.received(.open).error == .openedAgain)
        #expect(session.state == .closed)
    }

    @Test func failsWhereMessagesComeTooEarly() {
        var session = SockJSSession()
        #expect(session.received(Self.hello).error == .messagesBeforeOpening)
    }

    @Test func asksAgainAtOnceWhereAResponseBroughtSomething() {
        var session = open
        #expect(session.responseEnded().text == "after 0 ms")
        for _ in 0..<100 {
            _ = session.received(.heartBeat)
            #expect(session.responseEnded().text == "after 0 ms")
        }
    }

    @Test func asksMoreSeldomWhereResponsesBringNothing() {
        var session = open
        _ = session.responseEnded()
        for delay in [50, 100, 200, 400, 800, 1600, 3200] {
            _ = session.received(.prelude)
            #expect(session.responseEnded().text == "after \(delay) ms")
        }
        #expect(session.responseEnded().error == .emptyAnswers(8))
        #expect(session.state == .closed)
    }

    @Test func forgetsEmptyResponsesWhenOneBringsSomething() {
        var session = open
        _ = session.responseEnded()
        #expect(session.responseEnded().text == "after 50 ms")
        _ = session.received(Self.hello)
        #expect(session.responseEnded().text == "after 0 ms")
        #expect(session.responseEnded().text == "after 50 ms")
    }

    @Test func failsWhereTheFirstResponseDoesNotOpen() {
        var session = SockJSSession()
        _ = session.received(.prelude)
        #expect(session.responseEnded().error == .answerWithoutOpening)
    }

    @Test func heedsNothingOnceItCloses() {
        var session = open
        session.close()
        #expect(session.state == .closing)
        #expect(session.received(Self.hello).text == "nothing")
        #expect(session.responseEnded().text == "after 0 ms", "so that the server sees a receiver go away")
        #expect(session.responseEnded().text == "nothing")
        #expect(session.received(.close(code: 1000, reason: "")).text == "nothing")
        session.end()
        #expect(session.responseEnded().text == "nothing")
        session.close()
        #expect(session.state == .closed)
    }
}

@Suite struct SockJSLocationTests {
    private struct Counter: RandomNumberGenerator {
        var value: UInt64 = 0
        mutating func next() -> UInt64 {
            value &+= 0x9E37_79B9_7F4A_7C15
            return value
        }
    }

    @Test(arguments: [
        ("/ws", "/ws/info", "/ws/websocket", "/ws"), ("/ws/", "/ws/info", "/ws/websocket", "/ws"),
        ("/", "/info", "/websocket", "/"), ("", "/info", "/websocket", "/"),
        ("/a/b//?t=1&u=/", "/a/b/info?t=1&u=/", "/a/b/websocket?t=1&u=/", "/a/b?t=1&u=/"),
    ])
    func appendsPathsToTheBase(base: String, info: String, plain: String, itself: String) {
        let location = SockJSLocation(base: base)
        #expect(location.info == info)
        #expect(location.plainWebSocket == plain)
        #expect(location.base == itself)
    }

    @Test func makesSessions() throws {
        var random = Counter()
        var names: Set<String> = []
        for _ in 0..<100 {
            let session = SockJSLocation(base: "/ws?t=1").newSession(using: &random)
            #expect(session.name.wholeMatch(of: /[0-9]{3}\/[a-z0-5]{16}/) != nil)
            names.insert(session.name)
            #expect(session.receiving(.websocket) == "/ws/\(session.name)/websocket?t=1")
            #expect(session.receiving(.xhrStreaming) == "/ws/\(session.name)/xhr_streaming?t=1")
            #expect(session.receiving(.eventSource) == "/ws/\(session.name)/eventsource?t=1")
            #expect(session.receiving(.xhrPolling) == "/ws/\(session.name)/xhr?t=1")
            #expect(session.sending == "/ws/\(session.name)/xhr_send?t=1")
        }
        #expect(names.count == 100)
    }
}
