import NIOCore

/// What a stream reports to its receiver next to its bytes.
public enum TransportEvent: Sendable, Hashable {
    /// Bytes came that carry nothing for the layer above, such as part of a message: the peer is alive.
    case alive
    /// The WebSocket messages from here on are of this kind; they are ``TransportMessageKind/text`` until it is reported.
    case messages(as: TransportMessageKind)
    /// A text message that is not UTF-8 was accepted all the same (see ``TransportOptions/acceptsInvalidUTF8``).
    case invalidUTF8
    /// A control frame of WebSocket with its payload, or the end of the stream, as a trace has them.
    case wire(WireEvent.Content, ByteBuffer? = nil)

    /// A ping came, with this payload; the layer that reports it answers it. The peer is alive.
    public static func ping(_ payload: ByteBuffer) -> Self { .wire(.ping, payload) }

    /// A pong came, with this payload. The peer is alive.
    public static func pong(_ payload: ByteBuffer) -> Self { .wire(.pong, payload) }

    /// The peer ended the stream in its layer's own way. ``TransportReceiver/ended(_:)`` follows.
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
    /// The layer that ended it.
    public var layer: TransportError.Layer
    /// The close code (RFC 6455, section 7.4), where the layer has one and the peer sent one.
    public var code: Int?
    /// The peer's reason; empty where it gave none.
    public var reason: String
    /// Whether the layer's closing handshake was made.
    public var isClean: Bool

    public init(layer: TransportError.Layer, code: Int? = nil, reason: String = "", isClean: Bool) {
        self.layer = layer
        self.code = code
        self.reason = reason
        self.isClean = isClean
    }

    /// What the close code of a WebSocket stands for, such as `going away`, where RFC 6455 or its registry names it.
    public var codeName: String? { layer == .webSocket ? code.flatMap { WebSocketClose.names[$0] } : nil }

    public var description: String {
        var text = "closed by the other side"
        if let code { text += " with \(code)" }
        if !reason.isEmpty { text += " \(reason.debugDescription)" }
        return text
    }
}

/// What may be asked of a stream of messages; a TCP stream ignores it.
public enum TransportRequest: Sendable, Hashable {
    /// Start the close handshake with this code and reason. ``TransportStream/close()`` does it with 1000.
    case close(code: Int, reason: String)
    /// Send a ping with this payload of at most 125 bytes.
    case ping([UInt8])
    /// Send the messages from here on as this kind.
    case messages(as: TransportMessageKind)
}

/// How the bytes of a message go over WebSocket.
public enum TransportMessageKind: Sendable, Hashable {
    /// As text where they are UTF-8, and as binary otherwise.
    case byContent
    /// As text, even where they are no UTF-8, which RFC 6455 forbids (section 8.1).
    case text
    case binary
}
