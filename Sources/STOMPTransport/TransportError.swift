import NIOCore

/// Why a connection failed or ended: the layer, and that layer's failure with its details.
public enum TransportError: Error, Sendable, Hashable {
    case name(NameFailure)
    case tcp(TCPFailure)
    case tls(TLSFailure)
    case http(HTTPFailure)
    case proxy(ProxyFailure)
    case webSocket(WebSocketFailure)
    case sockJS(SockJSFailure)

    /// The layer that failed; its raw value is its usual name.
    public enum Layer: String, Sendable, Hashable {
        case name, tcp = "TCP", tls = "TLS", proxy, http = "HTTP", webSocket = "WebSocket", sockJS = "SockJS"
    }

    /// The kind of failure, which decides about retries and the exit status.
    public enum Kind: String, Sendable, Hashable {
        /// The host name cannot be resolved.
        case nameNotFound
        /// No TCP connection can be made to that address.
        case cannotConnect
        /// The connection was closed or reset, or the peer became silent.
        case connectionLost
        /// The deadline passed.
        case timedOut
        /// The peer rejected this side: 401, 403, a certificate, credentials.
        case refused
        /// The peer violated the protocol of this layer, or speaks another one.
        case protocolViolation
        /// The peer sent more than a limit of this side allows.
        case limitExceeded
        /// The configuration cannot be used: an unreadable key, an invalid header.
        case badConfiguration
        /// A certificate or key file does not exist.
        case missingFile
        /// The program cannot listen on the address or port: in use, not on this machine, not permitted.
        case cannotListen
    }

    /// The layer that failed.
    public var layer: Layer {
        switch self {
        case .name: .name
        case .tcp: .tcp
        case .tls: .tls
        case .http: .http
        case .proxy: .proxy
        case .webSocket: .webSocket
        case .sockJS(let failure): failure.layer
        }
    }

    /// What kind of failure it is.
    public var kind: Kind {
        switch self {
        case .name(let failure): failure.kind
        case .tcp(let failure): failure.kind
        case .tls(let failure): failure.kind
        case .http(let failure): failure.kind
        case .proxy(let failure): failure.kind
        case .webSocket(let failure): failure.kind
        case .sockJS(let failure): failure.kind
        }
    }

    /// Whether a retry may succeed: the server is not reachable now, or a proxy or the server is temporarily
    /// unavailable.
    ///
    /// - Parameter hadSession: whether there was a session with the server before. If so, a 404 comes from a proxy
    ///   whose application is still starting.
    public func isRetryable(hadSession: Bool) -> Bool {
        let status: Int? =
            if case .proxy(.httpRefusal(_, _, let status, _, _)) = self { status } else { response?.status }
        switch status {
        case 429, 502, 503, 504: return true
        case 404: return hadSession
        default: break
        }
        // A retry would get the same response instead of events.
        if case .http(.notEventStream) = self { return false }
        switch kind {
        case .connectionLost, .cannotConnect, .timedOut, .nameNotFound: return true
        default: return false
        }
    }

    /// The response to an HTTP request that was rejected.
    public var response: HTTPRefusal? {
        switch self {
        case .name, .tcp, .tls, .proxy: nil
        case .http(let failure): failure.response
        case .webSocket(let failure): failure.response
        case .sockJS(let failure): failure.response
        }
    }
}

extension TransportError: CustomStringConvertible {
    /// The layer and the failure in plain words, such as `TCP: connection refused by 127.0.0.1:61613`.
    public var description: String {
        let reason: Any =
            switch self {
            case .name(let failure): failure
            case .tcp(let failure): failure
            case .tls(let failure): failure
            case .http(let failure): failure
            case .proxy(let failure): failure
            case .webSocket(let failure): failure
            case .sockJS(let failure): failure
            }
        return "\(layer.rawValue): \(plainWords(of: reason))"
    }
}

/// An unexpected protocol, recognized by the first bytes that its server sends.
public enum ForeignProtocol: String, Sendable, Hashable, CaseIterable {
    case http = "HTTP"
    case tls = "TLS"
    case ssh = "SSH"
    case amqp = "AMQP"
    case smtp = "SMTP or FTP"
    /// STOMP, recognized by an ERROR frame.
    case stomp = "STOMP"
    case sockJS = "SockJS"
    case socketIO = "Socket.IO"
    case json = "JSON"
    /// An echo server: it sends back what it receives.
    case echo

    /// - Parameter bytes: the first bytes from the peer.
    public init?(firstBytes bytes: some Collection<UInt8>) {
        let head = Array(bytes.prefix(6))
        if head.starts(with: "HTTP/".utf8) {
            self = .http
        } else if head.starts(with: "SSH-".utf8) {
            self = .ssh
        } else if head.starts(with: "AMQP".utf8) {
            self = .amqp
        } else if head.starts(with: "220 ".utf8) || head.starts(with: "220-".utf8) {
            self = .smtp
        } else if head.count >= 2, (0x14...0x17).contains(head[0]), head[1] == 3 {
            // A TLS record: a TLS server responds to plain bytes with an alert.
            self = .tls
        } else if head == Array("o".utf8) || head == Array("h".utf8) || head == Array("o\n".utf8)
            || head.starts(with: "a[".utf8) || head.starts(with: "c[".utf8)
        {
            self = .sockJS
        } else if head.starts(with: "0{".utf8) {
            self = .socketIO
        } else if head.starts(with: "{".utf8) || head.starts(with: "[".utf8) {
            self = .json
        } else {
            return nil
        }
    }

    /// The protocol of a server that responds to an HTTP request with something else.
    ///
    /// - Parameter bytes: the first bytes from the peer.
    init?(insteadOfHTTP bytes: some Collection<UInt8>) {
        if bytes.starts(with: "ERROR".utf8) {
            self = .stomp
        } else {
            self.init(firstBytes: bytes)
        }
    }
}
