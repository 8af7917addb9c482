import NIOCore
import STOMPCore
import STOMPTransport
import Testing

@testable import STOMPClient

extension ConnectionStateTests {
    enum Stage: CaseIterable {
        case opening, open, leaving, left, failed

        /// A machine in this state, with a subscription `s`; `receipt-1` is the receipt of DISCONNECT.
        func machine(_ limits: FrameLimits = FrameLimits()) throws -> Machine {
            var machine = Machine(limits: limits, opening: "connect")
            _ = try machine.connect()
            if self == .opening { return machine }
            _ = machine.receive(connected)
            _ = try machine.makeFrames { session throws(STOMPProtocolError) in try session.subscribe(to: "/a", id: "s")
            }
            if self == .open { return machine }
            if self == .failed {
                _ = machine.fail(.silent(for: .seconds(3), agreed: .seconds(1)))
                return machine
            }
            _ = machine.disconnect("disconnect")
            if self == .left { _ = machine.receive("RECEIPT\nreceipt-id:receipt-1\n\n\0") }
            return machine
        }

        var phase: ConnectionPhase {
            switch self {
            case .opening: .opening
            case .open: .open
            case .leaving: .leaving
            case .left, .failed: .closed
            }
        }
    }

    /// An event: what it returns in each state, and the next phase if that changes.
    struct Event: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let happen: @Sendable (inout Machine) -> String
        let expected: [Stage: (words: String, next: ConnectionPhase)]

        /// In a state that is not in `expected`, the event changes nothing and returns no action.
        init(
            _ name: String, _ expected: [Stage: (String, ConnectionPhase)],
            _ happen: @escaping @Sendable (inout Machine) -> String
        ) {
            testDescription = name
            self.expected = expected
            self.happen = happen
        }

        static func receive(
            _ name: String, _ text: String, _ expected: [Stage: (String, ConnectionPhase)]
        ) -> Event {
            Event(name, expected) { $0.receive(text) }
        }
    }

    static let connected = "CONNECTED\nversion:1.2\nserver:s/1\n\n\0"
    private static let lost = TransportError.tcp(.connectionReset(by: "a:1"))
    private static let tooLarge = TransportError.webSocket(.messageTooLarge(limit: 1, from: .server))

    static let received: [Event] = [
        .receive(
            "CONNECTED", connected,
            [
                .opening: ("open 1.2 for connect", .open),
                .open: ("close: violation unexpectedFrame", .closed),
                .leaving: ("close: violation unexpectedFrame; fails disconnect", .closed),
            ]),
        .receive(
            "CONNECTED of a version that was not offered", "CONNECTED\nversion:1.3\n\n\0",
            [
                .opening: ("close: violation versionMismatch; fails connect", .closed),
                .open: ("close: violation unexpectedFrame", .closed),
                .leaving: ("close: violation unexpectedFrame; fails disconnect", .closed),
            ]),
        .receive(
            "MESSAGE", "MESSAGE\nsubscription:s\nmessage-id:1\ndestination:/a\n\nx\0",
            [
                .opening: ("close: violation unexpectedFrame; fails connect", .closed),
                .open: ("1 message of s", .open),
            ]),
        .receive(
            "MESSAGE of no subscription", "MESSAGE\nsubscription:t\nmessage-id:1\ndestination:/a\n\nx\0",
            [
                .opening: ("close: violation unexpectedFrame; fails connect", .closed),
                .open: ("1 message of none", .open),
            ]),
        .receive(
            "RECEIPT", "RECEIPT\nreceipt-id:r\n\n\0",
            [
                .opening: ("close: violation unexpectedFrame; fails connect", .closed),
                .open: ("receipt r", .open), .leaving: ("receipt r", .leaving),
            ]),
        .receive(
            "RECEIPT of DISCONNECT", "RECEIPT\nreceipt-id:receipt-1\n\n\0",
            [
                .opening: ("close: violation unexpectedFrame; fails connect", .closed),
                .open: ("receipt receipt-1", .open),
                .leaving: ("close: left confirmed; answers disconnect", .closed),
            ]),
        .receive(
            "RECEIPT without an id", "RECEIPT\n\n\0",
            [
                .opening: ("close: violation unexpectedFrame; fails connect", .closed),
                .open: ("close: violation missingHeader", .closed),
                .leaving: ("close: violation missingHeader; fails disconnect", .closed),
            ]),
        .receive(
            "ERROR", "ERROR\nmessage:no\n\n\0",
            [
                .opening: ("close: refused; fails connect", .closed), .open: ("close: server error", .closed),
                .leaving: ("close: server error; fails disconnect", .closed),
            ]),
        .receive(
            "a client's frame", "SEND\ndestination:/a\n\n\0",
            [
                .opening: ("close: violation unexpectedFrame; fails connect", .closed),
                .open: ("close: violation unexpectedFrame", .closed),
                .leaving: ("close: violation unexpectedFrame; fails disconnect", .closed),
            ]),
        // Only before CONNECTED can the cause be that the port speaks another protocol.
        .receive(
            "HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n",
            [
                .opening: ("close: violation unknownCommand, speaks http; fails connect", .closed),
                .open: ("close: violation unknownCommand", .closed),
                .leaving: ("close: violation unknownCommand; fails disconnect", .closed),
            ]),
        .receive("a heart-beat", "\n", [:]),
        .receive("part of a frame", "RECEIPT\nrec", [:]),
        .receive("nothing", "", [:]),
    ]

    static let ended: [Event] = [
        Event(
            "the stream ends",
            [
                .opening: ("close: closed beforeConnected; fails connect", .closed),
                .open: ("close: closed betweenFrames", .closed),
                .leaving: ("close: left ended; answers disconnect", .closed),
            ]
        ) { $0.end() },
        Event(
            "the stream ends inside a frame",
            [
                .opening: ("close: closed insideFrame; fails connect", .closed),
                .open: ("close: closed insideFrame", .closed),
                .leaving: ("close: left ended; answers disconnect", .closed),
            ]
        ) {
            _ = $0.receive("RECEIPT\nrec")
            return $0.end()
        },
        Event(
            "the peer closes with 1000",
            [
                .opening: ("close: closed with 1000 beforeConnected; fails connect", .closed),
                .open: ("close: closed with 1000 betweenFrames", .closed),
                .leaving: ("close: left closed; answers disconnect", .closed),
            ]
        ) { $0.end(code: 1000) },
        Event(
            "the peer closes with 1002",
            [
                .opening: ("close: closed with 1002 beforeConnected; fails connect", .closed),
                .open: ("close: closed with 1002 betweenFrames", .closed),
                .leaving: ("close: closed with 1002 betweenFrames; fails disconnect", .closed),
            ]
        ) { $0.end(code: 1002) },
        // EPIPE or a reset during a write must not hide what was read.
        Event(
            "the peer closes with 1008, and a write breaks",
            [
                .opening: ("close: closed with 1008 beforeConnected; fails connect", .closed),
                .open: ("close: closed with 1008 betweenFrames", .closed),
                .leaving: ("close: closed with 1008 betweenFrames; fails disconnect", .closed),
            ]
        ) { $0.end(.tcp(.connectionReset(by: "a:1")), code: 1008) },
        Event(
            "the peer closes with 1002 inside a frame",
            [
                .opening: ("close: closed with 1002 insideFrame; fails connect", .closed),
                .open: ("close: closed with 1002 insideFrame", .closed),
                .leaving: ("close: closed with 1002 insideFrame; fails disconnect", .closed),
            ]
        ) {
            _ = $0.receive("RECEIPT\nrec")
            return $0.end(code: 1002)
        },
        Event(
            "the connection is lost",
            [
                .opening: ("close: broken connectionLost; fails connect", .closed),
                .open: ("close: broken connectionLost", .closed),
                .leaving: ("close: left ended; answers disconnect", .closed),
            ]
        ) { $0.end(lost) },
        Event(
            "the connection is lost after the peer closed with 1000",
            [
                .opening: ("close: closed with 1000 beforeConnected; fails connect", .closed),
                .open: ("close: closed with 1000 betweenFrames", .closed),
                .leaving: ("close: left closed; answers disconnect", .closed),
            ]
        ) { $0.end(lost, code: 1000) },
        Event(
            "the stream breaks otherwise",
            [
                .opening: ("close: broken limitExceeded; fails connect", .closed),
                .open: ("close: broken limitExceeded", .closed),
                .leaving: ("close: broken limitExceeded; fails disconnect", .closed),
            ]
        ) { $0.end(tooLarge) },
    ]

    static let asked: [Event] = [
        Event("the time for CONNECTED is up", [.opening: ("close: timed out; fails connect", .closed)]) {
            words(close: $0.openingTimedOut(.timedOut(.receipt, within: .seconds(1))))
        },
        Event(
            "the time for the receipt of DISCONNECT is up",
            [.leaving: ("close: left unanswered; answers disconnect", .closed)]
        ) { words(close: $0.disconnectTimedOut()) },
        Event(
            "this side gives up",
            [
                .opening: ("close: aborted; fails connect", .closed), .open: ("close: aborted", .closed),
                .leaving: ("close: aborted; fails disconnect", .closed),
            ]
        ) { words(close: $0.fail(.aborted)) },
        Event(
            "this side leaves",
            [
                .opening: ("fail: cannot send beforeConnected", .opening), .open: ("send DISCONNECT", .leaving),
                .leaving: ("wait with disconnect", .leaving), .left: ("succeed: confirmed", .closed),
                .failed: ("fail: silent", .closed),
            ]
        ) { $0.leave() },
        Event(
            "this side sends a message",
            [
                .opening: ("throws cannot send beforeConnected", .opening), .open: ("SEND", .open),
                .leaving: ("throws cannot send afterDisconnect", .leaving),
                .left: ("throws cannot send over", .closed), .failed: ("throws silent", .closed),
            ]
        ) { $0.frame { session throws(STOMPProtocolError) in try session.send(to: "/a") } },
        Event(
            "this side connects again",
            [
                .opening: ("throws connectAlreadySent", .opening), .open: ("throws connectAlreadySent", .open),
                .leaving: ("throws connectAlreadySent", .leaving), .left: ("throws connectAlreadySent", .closed),
                .failed: ("throws silent", .closed),
            ]
        ) {
            $0.frame { session throws(STOMPProtocolError) in
                try session.connect(SessionConfiguration(virtualHost: "host"))
            }
        },
        Event(
            "this side sends frames of its own",
            [
                .opening: ("throws after DISCONNECT", .opening), .leaving: ("throws after DISCONNECT", .leaving),
                .left: ("throws after DISCONNECT", .closed), .failed: ("throws silent", .closed),
            ]
        ) { machine in thrown { () throws(STOMPClientError) in try machine.checkOpen() } },
        Event(
            "this side sends bytes", [.left: ("throws ended", .closed), .failed: ("throws silent", .closed)]
        ) { machine in thrown { () throws(STOMPClientError) in try machine.checkNotClosed() } },
    ]
}
