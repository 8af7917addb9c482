import NIOHTTP1

/// Why a local server rejects an HTTP request before it looks at the path.
public enum AdmissionRefusal: Sendable, Hashable {
    /// 421: the request is for a host that this server does not serve. The value is the host as received, cut to
    /// 200 characters.
    case foreignHost(String)
    /// 403: the request comes from a page of this origin, as received; nil if the browser sent no origin.
    case foreignOrigin(String?)

    package var status: HTTPResponseStatus {
        switch self {
        case .foreignHost: .misdirectedRequest
        case .foreignOrigin: .forbidden
        }
    }

    /// The body of the response.
    package var text: String {
        switch self {
        case .foreignHost: "This host is not served here"
        case .foreignOrigin: "This origin is not allowed here"
        }
    }

    /// A header value, cut to 200 characters.
    fileprivate static func cut(_ values: [String]) -> String { String(values.joined(separator: ", ").prefix(200)) }
}

/// The origin of a web page (RFC 6454).
package struct WebOrigin: Hashable, Sendable {
    private let isSecure: Bool
    private let port: Int
    package let authority: HTTPAuthority

    /// Returns nil if the origin is not HTTP or HTTPS, such as `null` or the origin of a browser extension.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", maxSplits: 1)
        let scheme = parts.first?.lowercased()
        guard parts.count == 2, scheme == "http" || scheme == "https", parts[1].hasPrefix("//") else { return nil }
        let rest = parts[1].dropFirst(2)
        guard let authority = HTTPAuthority(rest.hasSuffix("/") ? rest.dropLast() : rest) else { return nil }
        self.authority = HTTPAuthority(host: authority)
        isSecure = scheme == "https"
        port = authority.port ?? (isSecure ? 443 : 80)
    }
}

extension HTTPAuthority {
    /// Copies the host without the port.
    fileprivate init(host other: HTTPAuthority) {
        (host, isAddress, port) = (other.host, other.isAddress, nil)
    }
}

/// A list of origins given by the user.
package struct OriginList: Sendable, Hashable {
    private let texts: Set<String>
    private let origins: Set<WebOrigin>

    /// - Parameter list: `http://localhost:3000`, `null`, or `*` for all.
    package init(_ list: [String]) {
        texts = Set(list.map { $0.lowercased() })
        origins = Set(list.compactMap { WebOrigin($0) })
    }

    package var allowsAll: Bool { texts.contains("*") }

    package func contains(_ origin: String) -> Bool {
        allowsAll || texts.contains(origin.lowercased()) || WebOrigin(origin).map { origins.contains($0) } ?? false
    }
}

extension HTTPRequestHead {
    /// Returns the refusal of a request that is for none of these hosts; nil if it is accepted.
    ///
    /// A request without `Host`, as old clients send it, does not come from a browser and is accepted. A request
    /// with several `Host` headers is rejected. If the request target names a host, that host is checked too (RFC
    /// 9112, section 3.2.2).
    package func refusal(by hosts: OwnHosts) -> AdmissionRefusal? {
        var values = headers["Host"]
        if values.count > 1 { return .foreignHost(AdmissionRefusal.cut(values)) }
        if let authority = targetAuthority { values.append(authority) }
        return values.first { !hosts.contains($0) }.map { .foreignHost(AdmissionRefusal.cut([$0])) }
    }

    /// The host and port of a request target that is an absolute URL; nil for any other target.
    private var targetAuthority: String? {
        guard method != .CONNECT, !uri.hasPrefix("/"), let scheme = uri.firstRange(of: "://") else { return nil }
        return String(uri[scheme.upperBound...].prefix { !"/?#".contains($0) })
    }

    /// The host in `Host`; nil if there is none, or if there are several.
    private var host: HTTPAuthority? {
        let values = headers["Host"]
        return values.count == 1 ? HTTPAuthority(values[0]) : nil
    }

    /// Returns the refusal of a request from a page that may not send it; nil if it is accepted.
    ///
    /// - Parameter allows: whether the origin of the page, as received, is allowed.
    package func refusal(unless allows: (String) -> Bool) -> AdmissionRefusal? {
        let origins = headers["Origin"]
        guard let origin = origins.first else { return nil }
        return origins.count == 1 && allows(origin) ? nil : .foreignOrigin(AdmissionRefusal.cut(origins))
    }

    /// Returns the refusal of a request that another site caused and that has no `Origin`; nil if it is accepted.
    /// Browsers send no `Origin` for scripts, images and frames, but send Fetch Metadata headers. Following a link
    /// is allowed.
    ///
    /// - Parameter allows: whether the origin of the page, if `Referer` contains it, is allowed.
    package func refusalOfOtherSite(unless allows: (String) -> Bool) -> AdmissionRefusal? {
        guard headers["Origin"].isEmpty, headers["Sec-Fetch-Site"].contains("cross-site"),
            method != .GET || headers["Sec-Fetch-Dest"] != ["document"]
        else { return nil }
        guard let referrer = headers.first(name: "Referer"), let scheme = referrer.firstRange(of: "://") else {
            return .foreignOrigin(nil)
        }
        let origin = referrer[..<scheme.upperBound] + referrer[scheme.upperBound...].prefix { !"/?#".contains($0) }
        return allows(String(origin)) ? nil : .foreignOrigin(AdmissionRefusal.cut([String(origin)]))
    }

    /// Whether a page is local: its origin is a loopback name or address, or the host that the request is for.
    package func isOwn(origin: String) -> Bool {
        guard let origin = WebOrigin(origin) else { return false }
        return origin.authority.isLoopback || origin.authority.host == host?.host
    }
}

extension WebSocketEndpoint {
    /// Returns the refusal of a request, independent of its path; nil if it is accepted.
    func admissionRefusal(of request: HTTPRequestHead) -> AdmissionRefusal? {
        if let refusal = hosts.flatMap({ request.refusal(by: $0) }) { return refusal }
        guard let allowedOrigins else { return nil }
        let list = OriginList(allowedOrigins)
        return request.refusal { list.contains($0) || allowsOwnOrigins && request.isOwn(origin: $0) }
    }
}

/// Responses to rejected requests, in the dialect of an endpoint.
extension WebSocketEndpoint {
    /// The response to a rejected request.
    func answer(to refusal: AdmissionRefusal) -> HTTPRoute {
        guard dialect == .servlet, case .foreignOrigin = refusal else {
            return HTTPAnswer.refusal(refusal.status, refusal.text)
        }
        return .exchange { $0.answer(.forbidden, HTTPHeaders(Self.servletVary), "Invalid CORS request") }
    }

    /// The `Vary` headers of a servlet's responses.
    static let servletVary = [
        ("Vary", "Origin"), ("Vary", "Access-Control-Request-Method"), ("Vary", "Access-Control-Request-Headers"),
    ]

    /// Returns the response to a handshake that ``handshakeRefusal`` rejects; nil if the request continues.
    ///
    /// - Parameter isSecure: whether the request came over TLS.
    func refusedHandshake(_ request: HTTPRequestHead, isSecure: Bool) -> HTTPRoute? {
        guard let handshakeRefusal, request.method != .OPTIONS else { return nil }
        let path = request.uri.prefix { $0 != "?" }
        let base = path.hasPrefix(self.path) ? path.dropFirst(self.path.count) : "/"
        var headers = HTTPHeaders()
        switch handshakeRefusal {
        case 302:
            let host = request.headers.first(name: "Host") ?? ""
            headers.add(name: "Location", value: host.isEmpty ? "/login" : "http\(isSecure ? "s" : "")://\(host)/login")
        case 401: headers.add(name: "WWW-Authenticate", value: "Basic realm=\"Realm\"")
        case 403: break
        default:
            // Here the application rejects the handshake, so requests that do not open a session are answered normally.
            let isUpgrade = request.headers.contains(name: "Upgrade")
            guard isUpgrade || base.split(separator: "/").count == 3 else { return nil }
        }
        let status = HTTPResponseStatus(statusCode: handshakeRefusal)
        return .exchange { $0.answer(status, headers) }
    }
}
