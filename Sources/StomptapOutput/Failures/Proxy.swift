import STOMPTransport
import SystemC

extension ProxyFailure {
    var explanation: Explanation {
        Explanation(layer: TransportError.Layer.proxy.rawValue, sentence, hint: hint)
    }

    private var sentence: String {
        switch self {
        case .invalidURL(let url, let fault): "\"\(printable(url))\": \(fault.sentence)"
        case .invalidVariable(let name, let failure): "\(name): \(failure.sentence)"
        case .unusableTarget(let target): "\"\(printable(target))\" cannot be reached through a proxy"
        case .cannotReach(let proxy, let error): "cannot connect to the proxy \(proxy): \(Explanation(error).sentence)"
        case .noAnswer(let proxy, let span): "timed out after \(span.readable) waiting for the proxy \(proxy)"
        case .connectionClosed(let proxy, let target, let error):
            "the proxy \(proxy) closed the connection after the request for a tunnel to \(target)"
                + (error.map { ": \($0)" } ?? "")
        case .httpRefusal(let proxy, let target, let status, let reason, _):
            "\(status)\(reason.isEmpty ? "" : " " + printable(reason)) from the proxy \(proxy) for a tunnel to "
                + "\(target)"
        case .notHTTP(let proxy, let line, _):
            "the proxy \(proxy) answered \"\(printable(line, limit: 60))\", which is not HTTP"
        case .headTooLarge(let proxy, let limit):
            "the head of the answer from the proxy \(proxy) is longer than \(limit) bytes"
        case .tooManyInformationalAnswers(let proxy, let limit):
            "the proxy \(proxy) sent more than \(limit) bytes of informational answers and no final one"
        case .notSOCKS(let proxy, _): "the proxy \(proxy) does not speak SOCKS 5"
        case .authenticationRequired(let proxy): "the proxy \(proxy) requires authentication"
        case .otherAuthenticationRequired(let proxy):
            "the proxy \(proxy) requires another authentication than user and password"
        case .unofferedMethod(let method, let proxy):
            "the proxy \(proxy) chose the authentication method \(method), which was not offered"
        case .credentialsRejected(let proxy): "the proxy \(proxy) rejected the user or password"
        case .invalidAnswer(let proxy): "the proxy \(proxy) sent an invalid answer to user and password"
        case .invalidReply(let proxy): "the proxy \(proxy) sent an invalid answer to CONNECT"
        case .socksRefusal(let proxy, let target, let reply):
            "the proxy \(proxy) refused a tunnel to \(target): \(reply.words)"
        }
    }

    private var hint: String? {
        switch self {
        case .invalidURL(_, let fault): fault.hint
        case .invalidVariable(_, let failure): failure.hint
        case .cannotReach(_, .tcp(.connectionRefused)): "is the proxy running, and is this its port?"
        case .connectionClosed(_, _, let error):
            error?.code == ECONNRESET ? "see the log of the server, or of a proxy in front of it" : nil
        case .httpRefusal(_, _, 407, _, withCredentials: true): "the proxy rejected these credentials; check --proxy"
        case .httpRefusal(_, _, 407, _, withCredentials: false):
            "the proxy requires credentials; add user and password before the host in --proxy"
        case .httpRefusal(_, _, 403, _, _): "the proxy's rules do not allow this host or port"
        case .httpRefusal(_, _, 500..., _, _): "the proxy could not reach that host and port"
        case .notHTTP(_, _, .socks5): "for a SOCKS proxy, use socks5://HOST:PORT"
        case .notSOCKS(_, .http): "for an HTTP proxy, use http://HOST:PORT"
        case .authenticationRequired: "add user and password before the host in --proxy"
        case .otherAuthenticationRequired: "use another proxy, or change its configuration"
        case .credentialsRejected: "check them in --proxy"
        case .cannotReach, .unusableTarget, .noAnswer, .httpRefusal, .notHTTP, .headTooLarge,
            .tooManyInformationalAnswers,
            .notSOCKS, .unofferedMethod, .invalidAnswer, .invalidReply, .socksRefusal:
            nil
        }
    }
}

extension ProxyURLFault {
    /// What is wrong with the URL, as text that follows it in a sentence.
    fileprivate var sentence: String {
        switch self {
        case .needsTLS: "TLS to the proxy is not supported"
        case .unknownScheme: "unknown scheme"
        case .moreThanHostAndPort: "expected only a host and a port"
        case .badPercentEncoding: "invalid percent-encoding in the user or password"
        case .colonInUser: "the user name contains a colon, which Basic authentication does not allow"
        case .badCredentialsLength: "invalid user or password"
        case .noHostAndPort: "missing host and port"
        case .invalidPort: "invalid port; a port is 1 to 65535"
        }
    }

    fileprivate var hint: String? {
        switch self {
        case .needsTLS: "most proxies also accept http://"
        case .moreThanHostAndPort: "in a password, write / as %2F, # as %23, ? as %3F, @ as %40"
        case .badCredentialsLength: "SOCKS 5 needs both, with 1 to 255 bytes each"
        case .unknownScheme: "use http:// or socks5://"
        case .badPercentEncoding, .colonInUser, .noHostAndPort, .invalidPort: nil
        }
    }
}

extension SOCKSReply {
    fileprivate var words: String {
        switch self {
        case .generalFailure: "general failure"
        case .notAllowed: "not allowed by its rules"
        case .networkUnreachable: "network unreachable"
        case .hostUnreachable: "host unreachable"
        case .connectionRefused: "connection refused"
        case .ttlExpired: "TTL expired"
        case .commandNotSupported: "CONNECT is not supported"
        case .addressTypeNotSupported: "this kind of address is not supported"
        case .unknown(let code): "unknown reply \(code)"
        }
    }
}
