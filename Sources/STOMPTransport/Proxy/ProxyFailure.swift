import NIOCore

/// Why a connection through a proxy failed. Proxies are URLs without user and password, targets are hosts with ports.
public enum ProxyFailure: Sendable, Hashable {
    // Invalid settings.
    /// An invalid proxy URL, with `****` instead of the password.
    case invalidURL(String, ProxyURLFault)
    /// The failure of the proxy URL in this environment variable.
    indirect case invalidVariable(String, ProxyFailure)
    /// A target that cannot be reached through a proxy, because its host or port is invalid in a request.
    case unusableTarget(String)

    // No response.
    indirect case cannotReach(String, TransportError)
    case noAnswer(from: String, within: Duration)
    case connectionClosed(by: String, askedFor: String, SystemError?)

    // HTTP.
    /// `withCredentials` is true if user and password were sent.
    case httpRefusal(by: String, askedFor: String, status: Int, reason: String, withCredentials: Bool)
    /// The response is not HTTP: its first line, and the protocol that the proxy speaks instead, if it is recognized.
    case notHTTP(from: String, firstLine: String, ProxyTarget.Scheme?)
    /// The head of the response is larger than this limit, in bytes.
    case headTooLarge(from: String, limit: Int)
    /// Informational responses (1xx) exceeded this limit in bytes, without a final response.
    case tooManyInformationalAnswers(from: String, limit: Int)

    // SOCKS 5.
    /// The response is not SOCKS 5. The value is the protocol that the proxy speaks instead, if it is recognized.
    case notSOCKS(from: String, ProxyTarget.Scheme?)
    /// No credentials were offered, and the proxy requires them.
    case authenticationRequired(by: String)
    /// The proxy accepts neither user and password nor a connection without them.
    case otherAuthenticationRequired(by: String)
    case unofferedMethod(UInt8, by: String)
    case credentialsRejected(by: String)
    case invalidAnswer(toCredentialsBy: String)
    case invalidReply(toConnectBy: String)
    case socksRefusal(by: String, askedFor: String, SOCKSReply)

    /// What kind of failure it is.
    public var kind: TransportError.Kind {
        switch self {
        case .invalidURL, .unusableTarget: .badConfiguration
        case .invalidVariable(_, let failure): failure.kind
        case .cannotReach(_, let error): error.kind
        case .noAnswer: .timedOut
        case .connectionClosed: .connectionLost
        case .httpRefusal(_, _, let status, _, _): [403, 407].contains(status) ? .refused : .protocolViolation
        case .headTooLarge, .tooManyInformationalAnswers: .limitExceeded
        case .authenticationRequired, .otherAuthenticationRequired, .credentialsRejected: .refused
        case .notHTTP, .notSOCKS, .unofferedMethod, .invalidAnswer, .invalidReply: .protocolViolation
        case .socksRefusal(_, _, let reply): reply.kind
        }
    }
}

/// Why the URL of a proxy is invalid.
public enum ProxyURLFault: Sendable, Hashable {
    case needsTLS
    case unknownScheme
    /// It has a path, a query or a fragment.
    case moreThanHostAndPort
    /// User and password are not percent-encoded UTF-8.
    case badPercentEncoding
    /// The user's name has a colon, which Basic credentials cannot carry (RFC 7617, section 2).
    case colonInUser
    /// SOCKS 5 needs a user and a password of 1 to 255 bytes each (RFC 1929, section 2).
    case badCredentialsLength
    case noHostAndPort
    case invalidPort
}

/// The reply code of a SOCKS 5 proxy, other than success (RFC 1928, section 6).
public enum SOCKSReply: Sendable, Hashable {
    case generalFailure
    case notAllowed
    case networkUnreachable
    case hostUnreachable
    case connectionRefused
    case ttlExpired
    case commandNotSupported
    case addressTypeNotSupported
    case unknown(UInt8)

    init(_ code: UInt8) {
        self =
            switch code {
            case 1: .generalFailure
            case 2: .notAllowed
            case 3: .networkUnreachable
            case 4: .hostUnreachable
            case 5: .connectionRefused
            case 6: .ttlExpired
            case 7: .commandNotSupported
            case 8: .addressTypeNotSupported
            default: .unknown(code)
            }
    }

    fileprivate var kind: TransportError.Kind {
        switch self {
        case .generalFailure, .networkUnreachable, .hostUnreachable, .connectionRefused, .ttlExpired: .cannotConnect
        case .notAllowed: .refused
        case .commandNotSupported, .addressTypeNotSupported, .unknown: .protocolViolation
        }
    }
}
