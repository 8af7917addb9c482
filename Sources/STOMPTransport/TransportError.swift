import NIOCore

/// Why bytes cannot travel: the layer, and that layer's own reason with what it knows of it.
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

    /// Whether another attempt may help: nobody answers now, or a proxy or the server says that it cannot for now.
    ///
    /// - Parameter hadSession: whether the server had been there: 404 is then that of a proxy whose application starts.
    public func mayPass(hadSession: Bool) -> Bool {
        let status: Int? =
            if case .proxy(.httpRefusal(_, _, let status, _, _)) = self { status } else { response?.status }
        switch status {
        case 429, 502, 503, 504: return true
        case 404: return hadSession
        default: break
        }
        // Another answer in place of events would be the same again.
        if case .http(.notEventStream) = self { return false }
        switch kind {
        case .connectionLost, .cannotConnect, .timedOut, .nameNotFound: return true
        default: return false
        }
    }

    /// The answer to an HTTP request that was refused.
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
    /// The layer and the reason in plain words, such as `TCP: connection refused by 127.0.0.1:61613`.
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

/// Another protocol than the one that was expected, recognised by the first bytes that its server sends.
public enum ForeignProtocol: String, Sendable, Hashable, CaseIterable {
    case http = "HTTP"
    case tls = "TLS"
    case ssh = "SSH"
    case amqp = "AMQP"
    case smtp = "SMTP or FTP"
    /// STOMP, where something else was expected: an ERROR frame.
    case stomp = "STOMP"
    case sockJS = "SockJS"
    case socketIO = "Socket.IO"
    case json = "JSON"
    /// What was sent to it comes back.
    case echo

    /// - Parameter bytes: the first that came from the peer.
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
            // A TLS record: what answers plain bytes is an alert.
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

    /// What answers HTTP in place of HTTP.
    ///
    /// - Parameter bytes: the first that came from the peer.
    init?(insteadOfHTTP bytes: some Collection<UInt8>) {
        if bytes.starts(with: "ERROR".utf8) {
            self = .stomp
        } else {
            self.init(firstBytes: bytes)
        }
    }
}
