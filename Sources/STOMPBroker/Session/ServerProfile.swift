import NIOCore
import STOMPCore
import STOMPTransport

/// Whose manners the broker has.
public enum ServerProfile: String, Sendable, Hashable, CaseIterable {
    /// By the book: STOMP 1.0, 1.1 and 1.2 as they are written.
    case standard
    /// Spring's STOMP endpoint with its simple broker, in Tomcat.
    case spring
    /// RabbitMQ 3.10 with its STOMP plugins.
    case rabbitMQ = "rabbitmq"
}

extension ServerProfile {
    func makeSession(name: String, policy: SessionPolicy) -> any ServerSession {
        switch self {
        case .standard: StandardSession(name: name, policy: policy)
        case .spring: SpringSession(policy: policy)
        case .rabbitMQ: RabbitMQSession(name: name, policy: policy)
        }
    }

    /// Whether destinations under `/queue/` give each message to one receiver. Spring's simple broker has only topics.
    var hasQueues: Bool { self != .spring }

    /// Whether a queue is there for good once it was used, and can be named as `/amq/queue/NAME` then.
    var queuesStay: Bool { self == .rabbitMQ }

    /// Whether a frame whose command is none is answered, and does not end the session.
    var answersUnknownCommands: Bool { self == .rabbitMQ }

    /// What stands behind the body of a frame.
    var frameEnd: String { self == .rabbitMQ ? "\0\n" : "\0" }

    /// Whether a MESSAGE without a body has a `content-length`.
    var announcesEmptyBodies: Bool { self != .rabbitMQ }

    /// How a MESSAGE goes over WebSocket: RabbitMQ sends everything as text, UTF-8 or not, and Spring what calls itself
    /// binary as that.
    func kind(of message: Message) -> TransportMessageKind {
        switch self {
        case .standard: .byContent
        case .spring: message.frame.headers.has("content-type", "application/octet-stream") ? .binary : .byContent
        case .rabbitMQ: .text
        }
    }

    /// How the WebSocket is opened: RabbitMQ chooses the highest subprotocol and not the first, Tomcat gives its status
    /// no words, and both compress for those who offer it. RabbitMQ has no SockJS any more, and where Spring has it, the
    /// WebSocket is beneath it.
    func shape(_ endpoint: inout WebSocketEndpoint) {
        endpoint.choosesByOwnOrder = self == .rabbitMQ
        endpoint.omitsReason = self == .spring
        endpoint.compresses = self != .standard
        if self == .rabbitMQ { endpoint.sockJS = nil }
        if self == .spring { endpoint.sockJS?.takesWebSocketAtBase = false }
    }

    /// How the URL of a WebSocket begins: Spring's is one for SockJS clients.
    func scheme(isSecure: Bool) -> String { (self == .spring ? "http" : "ws") + (isSecure ? "s" : "") }

    /// What goes over the WebSocket: Tomcat takes messages of up to 16 KiB, and sends fragments of 8 KiB.
    func shaped(_ options: TransportOptions) -> TransportOptions {
        var options = options
        if self == .spring {
            options.maximumMessage = min(options.maximumMessage, 16 << 10)
            options.fragment = 8192
        }
        return options
    }

    /// How long a client may take to be CONNECTED.
    func connectTimeout(_ limits: BrokerLimits) -> TimeAmount {
        limits.connectTimeout
            ?? (self == .spring ? BrokerLimits.springConnectTimeout : BrokerLimits.defaultConnectTimeout)
    }

    /// How the WebSocket of a client is closed that takes too little; nil drops the connection.
    var slownessClose: SessionEnding? { self == .spring ? SpringSession.unreliable : nil }

    /// The largest frame taken. Spring keeps 64 KiB of one that comes in pieces.
    func frameLimits(_ limits: FrameLimits) -> FrameLimits {
        guard self == .spring else { return limits }
        return FrameLimits(line: limits.line, headers: limits.headers, frame: min(limits.frame, 64 << 10))
    }
}
