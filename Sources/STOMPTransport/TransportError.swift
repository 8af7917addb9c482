/// Why octets cannot travel: the layer, the cause, and what to do about it.
public struct TransportError: Error, Sendable, CustomStringConvertible {
    /// The layer that failed; its raw value is how a user reads it.
    public enum Layer: String, Sendable, Hashable {
        case name, tcp = "TCP", tls = "TLS", proxy, http = "HTTP", webSocket = "WebSocket", sockJS = "SockJS"
    }

    /// The kind of failure. More may come: keep a `default` in a `switch`.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        enum Kind: String {
            case nameNotFound, cannotConnect, connectionLost, timedOut, refused, protocolViolation, limitExceeded
            case badConfiguration, missingFile, cannotListen
        }

        let kind: Kind

        public var description: String { kind.rawValue }

        /// The name service knows no such host.
        public static let nameNotFound = Code(kind: .nameNotFound)
        /// Nothing answers at that address.
        public static let cannotConnect = Code(kind: .cannotConnect)
        /// The connection was closed, reset, or fell silent.
        public static let connectionLost = Code(kind: .connectionLost)
        /// The deadline passed.
        public static let timedOut = Code(kind: .timedOut)
        /// The other side will not have us: 401, 403, a certificate, credentials.
        public static let refused = Code(kind: .refused)
        /// The other side broke the protocol of this layer, or speaks another one.
        public static let protocolViolation = Code(kind: .protocolViolation)
        /// The other side sent more than a limit of this side allows.
        public static let limitExceeded = Code(kind: .limitExceeded)
        /// What was asked for cannot be done: an unreadable key, a header that is none.
        public static let badConfiguration = Code(kind: .badConfiguration)
        /// A file of certificates or keys is not there.
        public static let missingFile = Code(kind: .missingFile)
        /// The address or port cannot be listened on: in use, not ours, forbidden.
        public static let cannotListen = Code(kind: .cannotListen)
    }

    public let code: Code
    public let layer: Layer
    /// One sentence that a user understands, without the layer and without a full stop.
    public let message: String
    /// What to do about it, where that is known.
    public var remedy: String?
    /// The answer to an HTTP request that was refused.
    public var response: HTTPRefusal?

    public init(
        _ code: Code, _ layer: Layer, _ message: String, remedy: String? = nil, response: HTTPRefusal? = nil
    ) {
        self.code = code
        self.layer = layer
        self.message = message
        self.remedy = remedy
        self.response = response
    }

    public var description: String {
        "\(layer.rawValue): \(message)" + (remedy.map { "; \($0)" } ?? "")
    }
}

/// What an HTTP server answered instead of what was asked for.
public struct HTTPRefusal: Sendable, Hashable {
    /// The status code, such as 403.
    public var status: Int
    /// The reason phrase; empty where the server sent none.
    public var reason: String
    /// The beginning of the body, at most 64 KiB of it.
    public var body: String

    public init(status: Int, reason: String, body: String) {
        self.status = status
        self.reason = reason
        self.body = body
    }
}
