import NIOCore
import STOMPTransport
import Testing

@testable import StomptapOutput

/// The error line for each proxy failure.
@Suite struct ProxyFailureTests {
    private static let http = "http://127.0.0.1:3128"
    private static let socks = "socks5://127.0.0.1:1080"
    private static let target = "broker.example:61613"

    private static func refusal(_ status: Int, _ reason: String = "", withCredentials: Bool = false) -> TransportError {
        .proxy(
            .httpRefusal(
                by: http, askedFor: target, status: status, reason: reason, withCredentials: withCredentials))
    }

    private static func refusal(_ reply: SOCKSReply) -> TransportError {
        .proxy(.socksRefusal(by: socks, askedFor: target, reply))
    }

    private static func fault(_ url: String, _ fault: ProxyURLFault) -> TransportError {
        .proxy(.invalidURL(url, fault))
    }

    static let configuration: [Told] = [
        Told(
            fault("https://proxy:443", .needsTLS),
            #"proxy: "https://proxy:443": TLS to the proxy is not supported; most proxies also accept http://"#, .usage),
        Told(
            fault("ftp://user:****@x", .unknownScheme),
            #"proxy: "ftp://user:****@x": unknown scheme; use http:// or socks5://"#, .usage),
        Told(
            fault("http://proxy:1/a\u{1B}", .moreThanHostAndPort),
            #"proxy: "http://proxy:1/a\x1b": expected only a host and a port; "#
                + "in a password, write / as %2F, # as %23, ? as %3F, @ as %40", .usage),
        Told(
            fault("http://%zz@proxy", .badPercentEncoding),
            #"proxy: "http://%zz@proxy": invalid percent-encoding in the user or password"#, .usage),
        Told(
            fault("http://a%3Ab:****@proxy", .colonInUser),
            #"proxy: "http://a%3Ab:****@proxy": the user name contains a colon, which Basic authentication does not "#
                + "allow", .usage),
        Told(
            fault("socks5://user@proxy", .badCredentialsLength),
            #"proxy: "socks5://user@proxy": invalid user or password; "#
                + "SOCKS 5 needs both, with 1 to 255 bytes each", .usage),
        Told(fault("", .noHostAndPort), #"proxy: "": missing host and port"#, .usage),
        Told(
            fault("http://proxy:0", .invalidPort),
            #"proxy: "http://proxy:0": invalid port; a port is 1 to 65535"#, .usage),
        Told(
            .proxy(.invalidVariable("HTTPS_PROXY", .invalidURL("https://x", .needsTLS))),
            #"proxy: HTTPS_PROXY: "https://x": TLS to the proxy is not supported; most proxies also accept http://"#,
            .usage),
        Told(
            .proxy(.unusableTarget("a\nb:1")), #"proxy: "a\nb:1" cannot be reached through a proxy"#, .usage),
    ]

    static let connection: [Told] = [
        Told(
            .proxy(.cannotReach(http, .tcp(.connectionRefused(by: ["127.0.0.1:3128"])))),
            "proxy: cannot connect to the proxy http://127.0.0.1:3128: connection refused by 127.0.0.1:3128; "
                + "is the proxy running, and is this its port?", .unavailable),
        Told(
            .proxy(.cannotReach(http, .tcp(.cannotConnect(to: ["10.0.0.1:3128"], SystemError(code: 113))))),
            "proxy: cannot connect to the proxy http://127.0.0.1:3128: cannot connect to 10.0.0.1:3128: "
                + "no route to host", .unavailable),
        Told(
            .proxy(.cannotReach("http://nohost:80", .name(.noSuchHost("nohost", cause: nil)))),
            "proxy: cannot connect to the proxy http://nohost:80: no such host: nohost", .noHost),
        Told(
            .proxy(.noAnswer(from: socks, within: .milliseconds(1500))),
            "proxy: timed out after 1.5 s waiting for the proxy socks5://127.0.0.1:1080", .timedOut),
        Told(
            .proxy(.connectionClosed(by: http, askedFor: target, nil)),
            "proxy: the proxy http://127.0.0.1:3128 closed the connection after the request for a tunnel to "
                + "broker.example:61613", .unavailable),
        Told(
            .proxy(.connectionClosed(by: http, askedFor: target, SystemError(code: 104))),
            "proxy: the proxy http://127.0.0.1:3128 closed the connection after the request for a tunnel to "
                + "broker.example:61613: connection reset by peer; see the log of the server, or of a proxy in front "
                + "of it", .unavailable),
        Told(
            .proxy(.connectionClosed(by: http, askedFor: target, SystemError(code: 32))),
            "proxy: the proxy http://127.0.0.1:3128 closed the connection after the request for a tunnel to "
                + "broker.example:61613: broken pipe", .unavailable),
    ]

    private static let asked = "from the proxy http://127.0.0.1:3128 for a tunnel to broker.example:61613"

    static let connect: [Told] = [
        Told(
            refusal(407, "Proxy Authentication Required"),
            "proxy: 407 Proxy Authentication Required \(asked); the proxy requires credentials; add user and "
                + "password before the host in --proxy", .refused),
        Told(
            refusal(407, "No", withCredentials: true),
            "proxy: 407 No \(asked); the proxy rejected these credentials; check --proxy", .refused),
        Told(
            refusal(403, "Forbidden"),
            "proxy: 403 Forbidden \(asked); the proxy's rules do not allow this host or port", .refused),
        Told(refusal(502), "proxy: 502 \(asked); the proxy could not reach that host and port", .protocolError),
        Told(refusal(101, "Switching\t"), "proxy: 101 Switching\\t \(asked)", .protocolError),
        Told(
            .proxy(.notHTTP(from: http, firstLine: "SSH-2.0-OpenSSH_9", nil)),
            #"proxy: the proxy http://127.0.0.1:3128 answered "SSH-2.0-OpenSSH_9", which is not HTTP"#, .protocolError),
        Told(
            .proxy(.notHTTP(from: http, firstLine: "\u{5}\u{7F}", .socks5)),
            #"proxy: the proxy http://127.0.0.1:3128 answered "\x05\x7f", which is not HTTP; "#
                + "for a SOCKS proxy, use socks5://HOST:PORT", .protocolError),
        Told(
            .proxy(.headTooLarge(from: http, limit: 16384)),
            "proxy: the head of the answer from the proxy http://127.0.0.1:3128 is longer than 16384 bytes",
            .protocolError),
        Told(
            .proxy(.tooManyInformationalAnswers(from: http, limit: 16384)),
            "proxy: the proxy http://127.0.0.1:3128 sent more than 16384 bytes of informational answers and no final "
                + "one", .protocolError),
    ]

    private static let prefix = "proxy: the proxy socks5://127.0.0.1:1080"
    private static let noTunnel = "\(prefix) refused a tunnel to broker.example:61613"

    static let socks5: [Told] = [
        Told(.proxy(.notSOCKS(from: socks, nil)), "\(prefix) does not speak SOCKS 5", .protocolError),
        Told(
            .proxy(.notSOCKS(from: socks, .http)),
            "\(prefix) does not speak SOCKS 5; for an HTTP proxy, use http://HOST:PORT", .protocolError),
        Told(
            .proxy(.authenticationRequired(by: socks)),
            "\(prefix) requires authentication; add user and password before the host in --proxy", .refused),
        Told(
            .proxy(.otherAuthenticationRequired(by: socks)),
            "\(prefix) requires another authentication than user and password; use another proxy, or change its "
                + "configuration", .refused),
        Told(
            .proxy(.unofferedMethod(1, by: socks)),
            "\(prefix) chose the authentication method 1, which was not offered", .protocolError),
        Told(
            .proxy(.credentialsRejected(by: socks)), "\(prefix) rejected the user or password; check them in --proxy",
            .refused),
        Told(
            .proxy(.invalidAnswer(toCredentialsBy: socks)), "\(prefix) sent an invalid answer to user and password",
            .protocolError),
        Told(
            .proxy(.invalidReply(toConnectBy: socks)), "\(prefix) sent an invalid answer to CONNECT", .protocolError),
        Told(refusal(.generalFailure), "\(noTunnel): general failure", .unavailable),
        Told(refusal(.notAllowed), "\(noTunnel): not allowed by its rules", .refused),
        Told(refusal(.networkUnreachable), "\(noTunnel): network unreachable", .unavailable),
        Told(refusal(.hostUnreachable), "\(noTunnel): host unreachable", .unavailable),
        Told(refusal(.connectionRefused), "\(noTunnel): connection refused", .unavailable),
        Told(refusal(.ttlExpired), "\(noTunnel): TTL expired", .unavailable),
        Told(refusal(.commandNotSupported), "\(noTunnel): CONNECT is not supported", .protocolError),
        Told(
            refusal(.addressTypeNotSupported), "\(noTunnel): this kind of address is not supported", .protocolError),
        Told(refusal(.unknown(99)), "\(noTunnel): unknown reply 99", .protocolError),
    ]

    @Test(arguments: configuration + connection + connect + socks5) func saysWhatHappened(_ told: Told) {
        told.check()
    }
}
