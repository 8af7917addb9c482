import NIOCore
import STOMPCore
import STOMPTransport
import Testing

@testable import STOMPClient

/// Each state of a connection, and what each event does in it.
@Suite struct ConnectionStateTests {
    /// The CONNECTED waiter is called "connect", the DISCONNECT waiter "disconnect".
    typealias Machine = ConnectionStateMachine<String, String>

    @Test(arguments: received + ended + asked, Stage.allCases)
    func whatAnEventDoes(_ event: Event, in stage: Stage) throws {
        var machine = try stage.machine()
        #expect(machine.phase == stage.phase)
        let expected = event.expected[stage] ?? ("", stage.phase)
        #expect(event.happen(&machine) == expected.words)
        #expect(machine.phase == expected.next)
    }

    /// The first reason is kept, whatever happens later, and no waiter is answered twice.
    @Test(arguments: received + ended + asked) func nothingChangesTheReason(_ event: Event) throws {
        var left = try Stage.left.machine()
        _ = event.happen(&left)
        #expect(left.closedReason.map(words) == "left confirmed")
        var failed = try Stage.failed.machine()
        _ = event.happen(&failed)
        #expect(failed.closedReason.map(words) == "silent")
    }

    // MARK: Several frames

    private static let conversation =
        "\(connected)\nMESSAGE\nsubscription:a\nmessage-id:1\n\n1\0\n\n"
        + "MESSAGE\nsubscription:b\nmessage-id:2\n\n2\0MESSAGE\nsubscription:b\nmessage-id:3\n\n3\0"
        + "RECEIPT\nreceipt-id:r\n\n\0\nERROR\nmessage:no\n\n\0MESSAGE\nsubscription:b\nmessage-id:4\n\n4\0"

    @Test func oneReadMayBringManyFrames() throws {
        var machine = try Stage.opening.machine()
        #expect(
            machine.receive(Self.conversation)
                == "open 1.2 for connect, receipt r, close: server error, 3 messages of none")
        #expect(machine.phase == .closed)
    }

    @Test func everySplitOfTheInputIsTheSame() throws {
        let bytes = ByteBuffer(string: Self.conversation)
        for split in 0...bytes.readableBytes {
            var machine = try Stage.opening.machine()
            var messages = ReceivedMessages()
            var actions: [Machine.ReceiveAction] = []
            for range in [0..<split, split..<bytes.readableBytes] {
                let part = try #require(bytes.getSlice(at: range.lowerBound, length: range.count))
                actions += machine.receive(part, at: .now(), isTraced: false, isMessage: false, into: &messages)
            }
            #expect(
                actions.map(words) == ["open 1.2 for connect", "receipt r", "close: server error"], "split at \(split)")
            #expect(messages.messages.map { String(buffer: $0.body) } == ["1", "2", "3"], "split at \(split)")
        }
    }

    @Test func theTraceSeesEachFrameBeforeWhatItDoes() throws {
        var machine = try Stage.opening.machine()
        var messages = ReceivedMessages()
        let bytes = ByteBuffer(string: "\(Self.connected)\n\n")
        let actions =
            machine.receive(bytes, at: .now(), isTraced: true, isMessage: false, into: &messages)
            + machine.receive(
                ByteBuffer(string: "\nERROR\n\n\0"), at: .now(), isTraced: true, isMessage: false, into: &messages)
        #expect(
            actions.map(words) == [
                "trace CONNECTED", "open 1.2 for connect", "trace heart-beat", "trace ERROR", "close: server error",
            ])
    }

    @Test func messagesHaveTheTimeOfTheirRead() throws {
        var machine = try Stage.open.machine()
        var messages = ReceivedMessages()
        let text = "MESSAGE\nsubscription:s\nmessage-id:1\ndestination:/a\n\nx\0"
        for time in 1...2 {
            let time = Timestamp(nanoseconds: Int64(time))
            _ = machine.receive(
                ByteBuffer(string: text + text), at: time, isTraced: false, isMessage: false, into: &messages)
        }
        #expect(messages.messages.map(\.receivedAt.nanoseconds) == [1, 1, 2, 2])
    }

    /// The version in CONNECTED applies to the frames after it in the same read.
    @Test func theVersionHoldsAtOnce() throws {
        var machine = try Stage.opening.machine()
        var messages = ReceivedMessages()
        let text = "CONNECTED\nversion:1.1\n\n\0MESSAGE\nsubscription:s\nmessage-id:1\ndestination:a\\rb\n\n\0"
        let actions = machine.receive(
            ByteBuffer(string: text), at: .now(), isTraced: false, isMessage: false, into: &messages)
        #expect(actions.map(words) == ["open 1.1 for connect", "close: violation undefinedEscape"])
    }

    // MARK: Data that is not STOMP

    private static func cause(_ text: String, isMessage: Bool, _ stage: Stage = .opening) throws -> String {
        var machine = try stage.machine()
        var messages = ReceivedMessages()
        let actions = machine.receive(
            ByteBuffer(string: text), at: .now(), isTraced: false, isMessage: isMessage, into: &messages)
        guard case .close(let close)? = actions.last, case .failed(let error) = close.reason else { return "waits" }
        switch error {
        case .protocolViolation(_, .speaks(let foreign)): return foreign.rawValue
        case .protocolViolation(_, .countsCharacters(let mistake)): return String(buffer: mistake.body)
        case .protocolViolation(_, nil): return "unknown"
        default: return "\(error)"
        }
    }

    @Test(arguments: [
        ("o", "SockJS"), ("h", "SockJS"), ("a[\"x\"]", "SockJS"), ("0{\"sid\":1}", "Socket.IO"), ("{\"a\":1}", "JSON"),
        ("\u{1}\u{2}", "unknown"), ("HTTP/1.1 400 Bad", "HTTP"), ("CONNECT\naccept-version:1.2\n\n\0", "echo"),
        ("STOMP\n\n\0", "echo"), ("MESS", "waits"), ("CONNECTED\r", "waits"), ("\n", "waits"), ("", "waits"),
    ])
    func theFirstWordsOfAnotherProtocolAreNamedAtOnce(words: String, name: String) throws {
        #expect(try Self.cause(words, isMessage: true) == name)
    }

    /// One read of a stream may contain too few bytes to identify the protocol.
    @Test func aStreamIsJudgedOnlyWithEnoughBytes() throws {
        for length in 0..<8 {
            #expect(try Self.cause(String("HTTP/1.1".prefix(length)), isMessage: false) == "waits")
        }
        #expect(try Self.cause("HTTP/1.1", isMessage: false) == "HTTP")
        // A server that sent CONNECTED speaks STOMP.
        #expect(try Self.cause("HTTP/1.1", isMessage: false, .open) == "unknown")
    }

    @Test func aLengthThatCountsCharactersIsNamed() throws {
        let frame = "MESSAGE\nsubscription:s\nmessage-id:1\ndestination:/a\ncontent-length:"
        #expect(try Self.cause(frame + "2\n\n안녕\0", isMessage: false, .open) == "안녕")
        #expect(try Self.cause(frame + "2\n\nab\0", isMessage: false, .open) == "waits")
        #expect(try Self.cause(frame + "3\n\n안녕\0", isMessage: false, .open) == "unknown")
        // Two UTF-16 code units, one grapheme.
        #expect(try Self.cause(frame + "2\r\n\r\n🇰\0", isMessage: false, .open) == "🇰")
        #expect(try Self.cause(frame + "1\r\n\r\n🇰\0", isMessage: false, .open) == "🇰")
        // The end of this frame has not arrived.
        #expect(try Self.cause(frame + "2\n\n안녕", isMessage: false, .open) == "unknown")
    }

    // MARK: An idle connection

    /// A close without an error after a long idle time is reported as such.
    @Test func anEndAfterQuietIsNamed() throws {
        func stage(
            _ seconds: Int64?, _ error: TransportError? = nil, code: Int? = nil, after input: String = ""
        ) throws -> String {
            var machine = try Stage.open.machine()
            _ = machine.receive(input)
            if let code { machine.streamCloses(TransportClosure(layer: .webSocket, code: code, isClean: true)) }
            guard let close = machine.streamEnded(error, quiet: seconds.map { .seconds($0) }),
                case .failed(.closed(_, let stage)) = close.reason
            else { return "another" }
            return "\(stage)".split(separator: "(").first.map(String.init) ?? ""
        }
        let unclean = TransportError.webSocket(.closedWithoutCloseFrame(by: "a:1"))
        #expect(try stage(5) == "afterQuiet")
        #expect(try stage(5, unclean) == "afterQuiet")
        #expect(try stage(5, code: 1000) == "afterQuiet")
        #expect(try stage(4) == "betweenFrames")
        #expect(try stage(nil) == "betweenFrames")
        #expect(try stage(5, code: 1001) == "betweenFrames")
        #expect(try stage(5, .tcp(.connectionReset(by: "a:1"))) == "another")
        #expect(try stage(5, after: "MESSAGE\n") == "insideFrame")
    }

    @Test func limitsHold() throws {
        var machine = try Stage.open.machine(FrameLimits(line: 40))
        #expect(
            machine.receive("MESSAGE\nsubscription:s\nx:" + String(repeating: "x", count: 50))
                == "close: violation lineTooLong")
    }
}
