import NIOCore
import STOMPCore
import Testing

@testable import STOMPBroker

/// Decodes this text, plus a NUL, as one frame.
func frame(_ text: String, _ version: STOMPVersion? = .v12) throws -> Frame {
    var decoder = FrameDecoder(version: version)
    decoder.feed(ByteBuffer(string: text + "\0"))
    guard case .frame(let frame) = try decoder.next() else { throw NoFrame(text: text) }
    return frame
}

struct NoFrame: Error {
    var text: String
}

extension MessageRouter {
    /// Performs the action that this frame requests.
    mutating func perform(_ text: String, from connection: ConnectionID, _ version: STOMPVersion = .v12) throws {
        let request = try #require(try ClientRequest(frame(text, version), version: version))
        try perform(request, from: connection)
    }

    /// Subscribes, with an ack mode.
    mutating func subscribe(
        _ destination: String, id: String, ack: AckMode = .auto, from connection: ConnectionID
    ) throws {
        try perform("SUBSCRIBE\nid:\(id)\ndestination:\(destination)\nack:\(ack.rawValue)\n\n", from: connection)
    }

    /// Sends each body to a destination.
    mutating func send(_ bodies: String..., to destination: String, transaction: String? = nil) throws {
        let transaction = transaction.map { "transaction:\($0)\n" } ?? ""
        for body in bodies {
            try perform("SEND\ndestination:\(destination)\n\(transaction)\n\(body)", from: sender)
        }
    }

    /// All pending actions, one per line: `1 a 1-1 hello` delivers `hello` as `1-1` to subscription `a` of
    /// connection 1, and `wait 1` waits for that connection.
    mutating func actions() -> [String] {
        var actions: [String] = []
        while let action = next() {
            switch action {
            case .deliver(let delivery):
                let body = String(buffer: delivery.message.frame.body)
                let again = delivery.isRedelivered ? " again" : ""
                actions.append("\(delivery.connection) \(delivery.subscription ?? "-") \(delivery.id) \(body)\(again)")
            case .wait(let connection):
                actions.append("wait \(connection)")
            }
        }
        return actions
    }
}

/// The connection used by ``MessageRouter/send(_:to:transaction:)``.
let sender: ConnectionID = 9

extension ServerSession {
    /// The answer to a CONNECT frame.
    mutating func connect(_ text: String) throws -> (ServerFrame, STOMPVersion, HeartBeat) {
        let action = receive(try frame(text, nil))
        guard case .open(let reply, let version, let beat) = action else { throw NoFrame(text: "\(action)") }
        return (reply, version, beat)
    }

    /// The replies to a frame that ends the session, and how it ends.
    mutating func ending(_ text: String) throws -> ([ServerFrame], SessionEnding) {
        let action = receive(try frame(text, version))
        guard case .end(let replies, let ending, _) = action else { throw NoFrame(text: "\(action)") }
        return (replies, ending)
    }

    /// The ERROR for a frame after which the session continues.
    mutating func error(_ text: String) throws -> ServerFrame {
        let action = receive(try frame(text, version))
        guard case .refuse(_, let reply) = action else { throw NoFrame(text: "\(action)") }
        return reply
    }

    /// Whether a frame is ignored.
    mutating func ignores(_ text: String) throws -> Bool {
        if case .ignore = receive(try frame(text, version)) { true } else { false }
    }
}

/// The kind of the error that `body` throws.
func summary(of body: () throws -> Void) throws -> BrokerError.Summary {
    do {
        try body()
    } catch let error as BrokerError {
        return error.summary
    }
    throw NothingThrown()
}

struct NothingThrown: Error {}
