import NIOCore

/// An event that a stream reports to its receiver, in addition to bytes.
public enum TransportEvent: Sendable, Hashable {
    /// Bytes arrived that contain nothing for the layer above, such as part of a message: the peer is alive.
    case alive
    /// The following WebSocket messages are of this kind; before the first such event they are
    /// ``TransportMessageKind/text``.
    case messages(as: TransportMessageKind)
    /// A text message that is not UTF-8 was accepted (see ``TransportOptions/acceptsInvalidUTF8``).
    case invalidUTF8
    /// A WebSocket control frame with its payload, or the end of the stream, in the form that the trace uses.
    case wire(WireEvent.Content, ByteBuffer? = nil)

    /// A ping arrived, with this payload; the reporting layer replies to it. The peer is alive.
    public static func ping(_ payload: ByteBuffer) -> Self { .wire(.ping, payload) }

    /// A pong arrived, with this payload. The peer is alive.
    public static func pong(_ payload: ByteBuffer) -> Self { .wire(.pong, payload) }

    /// The peer closed the stream in the way its layer defines, such as a WebSocket close frame.
    /// ``TransportReceiver/ended(_:)`` follows.
    public static func closed(_ closure: TransportClosure) -> Self { .wire(.ended(closure)) }
}

extension TransportEvent {
    var isSignOfLife: Bool {
        switch self {
        case .alive, .wire(.ping, _), .wire(.pong, _): true
        case .messages, .invalidUTF8, .wire: false
        }
    }
}

/// How a stream ended.
public struct TransportClosure: Sendable, Hashable, CustomStringConvertible {
    /// The layer that closed it.
    public var layer: TransportError.Layer
    /// The close code (RFC 6455, section 7.4), if the layer has one and the peer sent one.
    public var code: Int?
    /// The peer's reason; empty if it gave none.
    public var reason: String
    /// Whether the layer's closing handshake was completed.
    public var isClean: Bool

    /// Describes the end of a stream.
    public init(layer: TransportError.Layer, code: Int? = nil, reason: String = "", isClean: Bool) {
        self.layer = layer
        self.code = code
        self.reason = reason
        self.isClean = isClean
    }

    /// The name of a WebSocket close code, such as `going away`; nil if neither RFC 6455 nor its registry names it.
    public var codeName: String? { layer == .webSocket ? code.flatMap { WebSocketClose.names[$0] } : nil }

    /// What the peer sent, such as `closed by the peer with 1000`.
    public var description: String { text(closedBy: "the peer") }

    /// The same, with another name for the peer.
    package func text(closedBy peer: String) -> String {
        var text = "closed by \(peer)"
        if let code { text += " with \(code)" }
        if !reason.isEmpty { text += " \(reason.debugDescription)" }
        return text
    }
}

/// A request to a stream of messages; a TCP stream ignores it.
public enum TransportRequest: Sendable, Hashable {
    /// Start the closing handshake with this code and reason. ``TransportStream/close()`` uses code 1000.
    case close(code: Int, reason: String)
    /// Send a ping with this payload of at most 125 bytes.
    case ping([UInt8])
    /// Send the following messages as this kind.
    case messages(as: TransportMessageKind)
}

/// How a message is sent over WebSocket.
public enum TransportMessageKind: Sendable, Hashable {
    /// As text if it is UTF-8, otherwise as binary.
    case byContent
    /// As text, even if it is not UTF-8, which RFC 6455 forbids (section 8.1).
    case text
    case binary
}
