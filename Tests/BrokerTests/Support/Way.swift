import Foundation
import NIOCore
import STOMPClient
import STOMPCore

/// A server and a transport.
enum Way: String, CaseIterable, Sendable {
    case rabbitMQ, rabbitMQWebSocket, activeMQ

    var isRabbitMQ: Bool { self != .activeMQ }

    /// The URL as a user would type it; `user` is `login:passcode`.
    func url(user: String? = nil) async throws -> String {
        let login = user.map { "\($0)@" } ?? ""
        // Without a path the virtual host is the host name, which RabbitMQ does not know.
        return switch self {
        case .rabbitMQ: "stomp://\(login)127.0.0.1:\(try await RabbitMQServer.shared.stompPort)/%2F"
        case .rabbitMQWebSocket: "ws://\(login)127.0.0.1:\(try await RabbitMQServer.shared.webSocketPort)/ws"
        case .activeMQ: "stomp://\(login)127.0.0.1:\(try await ActiveMQServer.shared.stompPort)"
        }
    }

    /// Opens a session while `body` runs.
    func withConnection<Value: Sendable>(
        _ version: STOMPVersion = .v12, user: String? = nil, change: (inout ClientConfiguration) -> Void = { _ in },
        _ body: (STOMPConnection) async throws -> Value
    ) async throws -> Value {
        let endpoint = try Endpoint(try await url(user: user))
        var configuration = ClientConfiguration(endpoint)
        configuration.session.versions = [version]
        configuration.session.virtualHost = "/"
        configuration.connectTimeout = .seconds(30)
        configuration.receiptTimeout = .seconds(30)
        change(&configuration)
        return try await STOMPConnection.withConnection(to: endpoint, configuration: configuration, body)
    }

    /// Returns a new topic or queue for this test only.
    func destination(_ kind: String) -> String { "/\(kind)/\(UUID().uuidString)" }
}

/// A server, a transport and a version.
struct Session: Sendable, CustomStringConvertible {
    let way: Way
    let version: STOMPVersion

    static let all = Way.allCases.flatMap { way in STOMPVersion.allCases.map { Session(way: way, version: $0) } }

    var description: String { "\(way) \(version)" }

    func withConnection<Value: Sendable>(_ body: (STOMPConnection) async throws -> Value) async throws -> Value {
        try await way.withConnection(version, body)
    }
}

extension STOMPConnection {
    /// Subscribes, and waits for the receipt.
    func subscribed(
        to destination: String, ack: AckMode = .auto, headers: HeaderList = [:]
    ) async throws -> Subscription {
        let subscription = try subscribe(to: destination, ack: ack, headers: headers)
        guard try await confirmation(of: subscription) == .confirmed else {
            throw STOMPClientError.timedOut(.receipt, within: configuration.receiptTimeout)
        }
        return subscription
    }

    /// Sends texts, and waits until the server has received them all.
    func publish(_ texts: String..., to destination: String, headers: HeaderList = [:], transaction: String? = nil)
        async throws
    {
        let messages = texts.map {
            OutgoingMessage(
                to: destination, body: ByteBuffer(string: $0), headers: headers,
                wantsReceipt: transaction == nil && $0 == texts.last, transaction: transaction)
        }
        for receipt in try await send(messages) { try await receipt.confirmation() }
    }
}

extension MessageSequence.Iterator {
    /// Returns the bodies of the next messages.
    mutating func texts(_ count: Int) async throws -> [String] {
        try await messages(count).map(\.text)
    }

    mutating func messages(_ count: Int) async throws -> [Message] {
        var messages: [Message] = []
        while messages.count < count, let message = try await next() { messages.append(message) }
        return messages
    }
}

extension Message {
    var text: String { String(buffer: body) }
}

extension Subscription {
    var reader: MessageSequence.Iterator { messages.makeAsyncIterator() }
}
