import NIOCore

/// What a stream tells beside its octets.
public enum TransportEvent: Sendable, Hashable {
    /// Octets came that carry nothing for the layer above, such as part of a message: the peer is alive.
    case alive
    /// A ping came, with this payload; it is answered by the layer that tells of it. The peer is alive.
    case ping(ByteBuffer)
    /// A pong came, with this payload. The peer is alive.
    case pong(ByteBuffer)
    /// The WebSocket messages from here on are of this kind; they are ``TransportMessageKind/text`` until it is told.
    case messages(as: TransportMessageKind)
    /// A text message that is no UTF-8 was taken all the same (see ``TransportOptions/acceptsInvalidUTF8``).
    case invalidUTF8
    /// The peer ended the stream in its layer's own way. ``TransportReceiver/ended(_:)`` follows.
    case closed(TransportClosure)
}

extension TransportEvent {
    var isSignOfLife: Bool {
        switch self {
        case .alive, .ping, .pong: true
        case .messages, .invalidUTF8, .closed: false
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
    /// Send a ping with this payload of at most 125 octets.
    case ping([UInt8])
    /// Send the messages from here on as this kind.
    case messages(as: TransportMessageKind)
}

/// How the octets of a message go over WebSocket.
public enum TransportMessageKind: Sendable, Hashable {
    /// As text where they are UTF-8, and as binary otherwise.
    case byContent
    /// As text, even where they are no UTF-8, which RFC 6455 forbids (section 8.1).
    case text
    case binary
}
