/// Why bytes cannot travel: the layer, and that layer's own reason with what it knows of it.
public enum TransportError: Error, Sendable, Hashable {
    case name(NameFailure)
    case tcp(TCPFailure)
    case tls(TLSFailure)
    case http(HTTPFailure)
    case proxy(ProxyFailure)
    case webSocket(WebSocketFailure)
    case sockJS(SockJSFailure)
    /// A reason of a layer that has no enum of its own yet.
    case described(Described)

    /// The layer that failed; its raw value is its usual name.
    public enum Layer: String, Sendable, Hashable {
        case name, tcp = "TCP", tls = "TLS", proxy, http = "HTTP", webSocket = "WebSocket", sockJS = "SockJS"
    }

    /// The kind of failure, for a caller that decides whether to try again or which status to end with.
    public enum Kind: String, Sendable, Hashable {
        /// The name service knows no such host.
        case nameNotFound
        /// Nothing answers at that address.
        case cannotConnect
        /// The connection was closed, reset, or fell silent.
        case connectionLost
        /// The deadline passed.
        case timedOut
        /// The other side rejects this one: 401, 403, a certificate, credentials.
        case refused
        /// The other side broke the protocol of this layer, or speaks another one.
        case protocolViolation
        /// The other side sent more than a limit of this side allows.
        case limitExceeded
        /// What was asked for cannot be done: an unreadable key, an invalid header.
        case badConfiguration
        /// A file of certificates or keys does not exist.
        case missingFile
        /// The address or port cannot be listened on: in use, not of this machine, forbidden.
        case cannotListen
    }

    public struct Described: Sendable, Hashable {
        public var kind: Kind
        public var layer: Layer
        public var message: String
        public var remedy: String?
        public var response: HTTPRefusal?
    }

    public init(
        _ kind: Kind, _ layer: Layer, _ message: String, remedy: String? = nil, response: HTTPRefusal? = nil
    ) {
        self = .described(Described(kind: kind, layer: layer, message: message, remedy: remedy, response: response))
    }

    public var layer: Layer {
        switch self {
        case .name: .name
        case .tcp: .tcp
        case .tls: .tls
        case .http: .http
        case .proxy: .proxy
        case .webSocket: .webSocket
        case .sockJS(let failure): failure.layer
        case .described(let failure): failure.layer
        }
    }

    public var kind: Kind {
        switch self {
        case .name(let failure): failure.kind
        case .tcp(let failure): failure.kind
        case .tls(let failure): failure.kind
        case .http(let failure): failure.kind
        case .proxy(let failure): failure.kind
        case .webSocket(let failure): failure.kind
        case .sockJS(let failure): failure.kind
        case .described(let failure): failure.kind
        }
    }

    /// The answer to an HTTP request that was refused.
    public var response: HTTPRefusal? {
        switch self {
        case .name, .tcp, .tls, .proxy: nil
        case .http(let failure): failure.response
        case .webSocket(let failure): failure.response
        case .sockJS(let failure): failure.response
        case .described(let failure): failure.response
        }
    }
}

extension TransportError: CustomStringConvertible {
    /// The layer and the reason in plain words, such as `TCP: connection refused by 127.0.0.1:61613`.
    public var description: String { "\(layer.rawValue): \(message)" + (remedy.map { "; \($0)" } ?? "") }

    /// The reason in plain words.
    package var message: String {
        switch self {
        case .name(let failure): plainWords(of: failure)
        case .tcp(let failure): plainWords(of: failure)
        case .tls(let failure): plainWords(of: failure)
        case .http(let failure): plainWords(of: failure)
        case .proxy(let failure): plainWords(of: failure)
        case .webSocket(let failure): plainWords(of: failure)
        case .sockJS(let failure): plainWords(of: failure)
        case .described(let failure): failure.message
        }
    }

    package var remedy: String? {
        get {
            guard case .described(let failure) = self else { return nil }
            return failure.remedy
        }
        set {
            guard case .described(var failure) = self else { return }
            failure.remedy = newValue
            self = .described(failure)
        }
    }
}
