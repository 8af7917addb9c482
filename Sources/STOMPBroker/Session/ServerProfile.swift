import NIOCore
import STOMPCore
import STOMPTransport

/// Which server the broker behaves like.
public enum ServerProfile: String, Sendable, Hashable, CaseIterable {
    /// By the book: STOMP 1.0, 1.1 and 1.2 as they are written.
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

/// The server that a Spring application runs in.
public enum ServletContainer: String, Sendable, Hashable, CaseIterable {
    case tomcat, jetty
}

/// A version of Spring whose behaviour is known.
enum SpringRelease: Comparable {
    case v4, v5, v6
}

extension ServerProfile {
    /// Which Spring it is; nil for all other servers.
    var spring: SpringRelease? {
        switch self {
        case .spring: .v6
        case .spring5: .v5
        case .spring4: .v4
        case .standard, .rabbitMQ: nil
        }
    }

    /// Whether it is one of Spring's.
    public var isSpring: Bool { spring != nil }

    func makeSession(name: String, policy: SessionPolicy) -> any ServerSession {
        if let spring { return SpringSession(spring, name: name, policy: policy) }
        return self == .rabbitMQ
            ? RabbitMQSession(name: name, policy: policy) : StandardSession(name: name, policy: policy)
    }

    /// What it offers and wants where nobody says: Spring sends no heart-beats without a scheduler.
    var heartBeat: HeartBeat { isSpring ? .none : HeartBeat(outgoing: 10_000, incoming: 10_000) }

    /// Whether destinations under `/queue/` give each message to one receiver. Spring's simple broker has only topics.
    var hasQueues: Bool { !isSpring }

    /// Whether a queue is there for good once it was used, and can be named as `/amq/queue/NAME` then.
    var queuesStay: Bool { self == .rabbitMQ }

    /// Whether a frame whose command is unknown is answered, and does not end the session.
    var answersUnknownCommands: Bool { self == .rabbitMQ }

    /// What follows the body of a frame.
    var frameEnd: String { self == .rabbitMQ ? "\0\n" : "\0" }

    /// Whether a MESSAGE without a body has a `content-length`.
    var announcesEmptyBodies: Bool { self != .rabbitMQ }

    /// The version in whose way an ERROR is written before CONNECTED; nil is no escapes.
    var errorVersion: STOMPVersion? { isSpring ? .v12 : nil }

    /// What the body of a handler's reply is said to be, as Spring's converters say it. Version 4 names the charset of
    /// JSON too.
    func contentType(ofReply body: ByteBuffer) -> String {
        guard body.withUnsafeReadableBytes({ JSONReader.accepts($0) }) else { return "text/plain;charset=UTF-8" }
        return self == .spring4 ? "application/json;charset=UTF-8" : "application/json"
    }

    /// How a MESSAGE goes over WebSocket: RabbitMQ sends everything as text, UTF-8 or not, and Spring what calls itself
    /// binary as that.
    func kind(of message: Message) -> TransportMessageKind {
        switch self {
        case .standard: .byContent
        case .spring, .spring5, .spring4: message.isOctetStream ? .binary : .byContent
        case .rabbitMQ: .text
        }
    }

    /// How the session of a client ends that is sent a binary message over SockJS, which carries only text.
    var binaryOverSockJS: SessionEnding? {
        spring.map { .close(code: 1002, reason: $0 == .v4 ? "null" : "") }
    }

    /// How the WebSocket is opened: RabbitMQ chooses the highest subprotocol and not the first, Tomcat gives its status
    /// no words, and both compress for those who offer it. RabbitMQ has no SockJS any more, and where Spring has it, the
    /// WebSocket is beneath it.
    func shape(_ endpoint: inout WebSocketEndpoint, container: ServletContainer = .tomcat) {
        endpoint.choosesByOwnOrder = self == .rabbitMQ
        endpoint.omitsReason = isSpring && container == .tomcat
        endpoint.compresses = self != .standard
        if self == .rabbitMQ { endpoint.sockJS = nil }
        guard isSpring else { return }
        endpoint.dialect = .servlet
        endpoint.sockJS?.takesWebSocketAtBase = false
        endpoint.sockJS?.greetsUpgrades = self == .spring4
        endpoint.sockJS?.setsCookie = true
    }

    /// How the URL of a WebSocket begins: Spring's is one for SockJS clients.
    func scheme(isSecure: Bool) -> String { (isSpring ? "http" : "ws") + (isSecure ? "s" : "") }

    /// The most of a message that Tomcat takes, and Jetty.
    static let tomcatMessage = 16 << 10 + 256
    static let jettyMessage = 64 << 10

    /// What goes over the WebSocket: Tomcat takes messages of up to 16 KiB and 256 bytes, and sends fragments of 8 KiB;
    /// Jetty takes 64 KiB. Both reject text that is not UTF-8.
    ///
    /// - Parameter largestMessage: the largest message that is taken instead, in bytes.
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

    /// How long a client may take to be CONNECTED.
    func connectTimeout(_ limits: BrokerLimits) -> TimeAmount {
        limits.connectTimeout ?? (isSpring ? BrokerLimits.springConnectTimeout : BrokerLimits.defaultConnectTimeout)
    }

    /// How the WebSocket of a client is closed that takes too little; nil drops the connection.
    func slownessClose(_ stream: TransportDescription) -> SessionEnding? {
        guard isSpring else { return nil }
        switch stream.kind {
        case .sockJS(.websocket), .webSocket, .tcp, .eventStream: return SpringSession.unreliable
        case .sockJS: return .close(code: 3000, reason: "Go away!")
        }
    }

    /// The largest frame taken. Spring keeps 64 KiB of one that comes in pieces.
    ///
    /// - Parameter largestMessage: the largest message that is taken, in bytes; where it is larger, so may a frame be.
    func frameLimits(_ limits: FrameLimits, largestMessage: Int? = nil) -> FrameLimits {
        guard isSpring else { return limits }
        let own = max(64 << 10, largestMessage ?? 0)
        return FrameLimits(line: limits.line, headers: limits.headers, frame: min(limits.frame, own))
    }
}

extension Message {
    /// Whether its body calls itself `application/octet-stream`, with parameters or without, and is not empty.
    var isOctetStream: Bool {
        frame.bodySize > 0 && mediaType?.isNamed("application/octet-stream") == true
    }
}
