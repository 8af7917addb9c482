import NIOCore
import STOMPCore
import STOMPTransport

/// The server that the broker emulates.
public enum ServerProfile: String, Sendable, Hashable, CaseIterable {
    /// STOMP 1.0, 1.1 and 1.2 as specified.
    case standard
    /// Spring's STOMP endpoint with its simple broker, version 6.2.
    case spring
    /// The same, version 5.3.
    case spring5 = "spring-5"
    /// The same, version 4.3.
    case spring4 = "spring-4"
    /// RabbitMQ 3.10 with its STOMP plugins.
    case rabbitMQ = "rabbitmq"
}

/// The servlet container of a Spring application.
public enum ServletContainer: String, Sendable, Hashable, CaseIterable {
    case tomcat, jetty
}

/// A release of Spring with known behaviour.
enum SpringRelease: Comparable {
    case v4, v5, v6
}

extension ServerProfile {
    /// The Spring release; nil for other servers.
    var spring: SpringRelease? {
        switch self {
        case .spring: .v6
        case .spring5: .v5
        case .spring4: .v4
        case .standard, .rabbitMQ: nil
        }
    }

    /// Whether the profile is one of Spring's.
    public var isSpring: Bool { spring != nil }

    func makeSession(name: String, policy: SessionPolicy) -> any ServerSession {
        if let spring { return SpringSession(spring, name: name, policy: policy) }
        return self == .rabbitMQ
            ? RabbitMQSession(name: name, policy: policy) : StandardSession(name: name, policy: policy)
    }

    /// The default heart-beats: Spring sends none unless a scheduler is configured.
    var heartBeat: HeartBeat { isSpring ? .none : HeartBeat(outgoing: 10_000, incoming: 10_000) }

    /// Whether a destination under `/queue/` delivers each message to one receiver. Spring's simple broker
    /// has only topics.
    var hasQueues: Bool { !isSpring }

    /// Whether a queue exists permanently after its first use, and can then be named as `/amq/queue/NAME`.
    var queuesStay: Bool { self == .rabbitMQ }

    /// Whether a frame with an unknown command is answered and does not end the session.
    var answersUnknownCommands: Bool { self == .rabbitMQ }

    /// The bytes after the body of a frame.
    var frameEnd: String { self == .rabbitMQ ? "\0\n" : "\0" }

    /// Whether a MESSAGE without a body has a `content-length`.
    var announcesEmptyBodies: Bool { self != .rabbitMQ }

    /// The version for encoding an ERROR before CONNECTED; nil means no escapes.
    var errorVersion: STOMPVersion? { isSpring ? .v12 : nil }

    /// The content type of a handler's reply, as set by Spring's converters. Version 4 adds the charset to JSON too.
    func contentType(ofReply body: ByteBuffer) -> String {
        guard body.withUnsafeReadableBytes({ JSONReader.accepts($0) }) else { return "text/plain;charset=UTF-8" }
        return self == .spring4 ? "application/json;charset=UTF-8" : "application/json"
    }

    /// The WebSocket message kind of a MESSAGE: RabbitMQ sends all as text, even if they are not UTF-8; Spring
    /// sends a message as binary if its content type is binary.
    func kind(of message: Message) -> TransportMessageKind {
        switch self {
        case .standard: .byContent
        case .spring, .spring5, .spring4: message.isOctetStream ? .binary : .byContent
        case .rabbitMQ: .text
        }
    }

    /// How the session of a SockJS client ends if it is sent a binary message, because SockJS carries only text.
    var binaryOverSockJS: SessionEnding? {
        spring.map { .close(code: 1002, reason: $0 == .v4 ? "null" : "") }
    }

    /// The behaviour of the WebSocket endpoint: RabbitMQ selects the highest subprotocol, not the first one. Tomcat
    /// sends no reason phrase in the HTTP status line. Both support compression. RabbitMQ no longer supports
    /// SockJS; Spring's WebSocket is at a path below the SockJS endpoint.
    func shape(_ endpoint: inout WebSocketEndpoint, container: ServletContainer = .tomcat) {
        endpoint.choosesByOwnOrder = self == .rabbitMQ
        endpoint.omitsReason = isSpring && container == .tomcat
        endpoint.compresses = self != .standard
        if self == .rabbitMQ { endpoint.sockJS = nil }
        guard isSpring else { return }
        endpoint.dialect = .servlet
        endpoint.sockJS?.acceptsWebSocketAtBase = false
        endpoint.sockJS?.greetsUpgrades = self == .spring4
        endpoint.sockJS?.setsCookie = true
    }

    /// The scheme of a WebSocket URL: that of Spring is for SockJS clients.
    func scheme(isSecure: Bool) -> String { (isSpring ? "http" : "ws") + (isSecure ? "s" : "") }

    /// The maximum message sizes of Tomcat and Jetty, in bytes.
    static let tomcatMessage = 16 << 10 + 256
    static let jettyMessage = 64 << 10

    /// The WebSocket limits: Tomcat accepts messages of up to 16640 bytes, and sends fragments of 8 KiB;
    /// Jetty accepts 64 KiB. Both reject text that is not UTF-8.
    ///
    /// - Parameter largestMessage: replaces the maximum message size, in bytes.
    func shaped(
        _ options: TransportOptions, container: ServletContainer = .tomcat, largestMessage: Int? = nil
    ) -> TransportOptions {
        var options = options
        if let largestMessage { options.maximumMessage = largestMessage }
        guard isSpring else { return options }
        options.acceptsInvalidUTF8 = false
        let own = container == .tomcat ? Self.tomcatMessage : Self.jettyMessage
        if largestMessage == nil { options.maximumMessage = min(options.maximumMessage, own) }
        switch container {
        case .tomcat:
            options.fragment = 8192
            options.emptyCloseAnswer = 1000
            options.oversizeReason =
                "The decoded text message was too big for the output buffer and the endpoint does not support partial "
                + "messages"
        case .jetty:
            options.oversizeReason = "Text message size exceeds maximum size [\(options.maximumMessage)]"
        }
        return options
    }

    /// How long a client may take until CONNECTED.
    func connectTimeout(_ limits: BrokerLimits) -> TimeAmount {
        limits.connectTimeout ?? (isSpring ? BrokerLimits.springConnectTimeout : BrokerLimits.defaultConnectTimeout)
    }

    /// The WebSocket close for a client that reads too slowly; nil drops the connection.
    func slownessClose(_ stream: TransportDescription) -> SessionEnding? {
        guard isSpring else { return nil }
        switch stream.kind {
        case .sockJS(.websocket), .webSocket, .tcp, .eventStream: return SpringSession.unreliable
        case .sockJS: return .close(code: 3000, reason: "Go away!")
        }
    }

    /// The frame limits. Spring buffers at most 64 KiB of a frame that arrives in pieces.
    ///
    /// - Parameter largestMessage: the maximum message size, in bytes; if it is larger, the frame limit is
    ///   raised to it.
    func frameLimits(_ limits: FrameLimits, largestMessage: Int? = nil) -> FrameLimits {
        guard isSpring else { return limits }
        let own = max(64 << 10, largestMessage ?? 0)
        return FrameLimits(line: limits.line, headers: limits.headers, frame: min(limits.frame, own))
    }
}

extension Message {
    /// Whether the content type is `application/octet-stream`, with or without parameters, and the body is not empty.
    var isOctetStream: Bool {
        frame.bodySize > 0 && mediaType?.isNamed("application/octet-stream") == true
    }
}
