import NIOHTTP1

/// Why a server on this machine refuses an HTTP request, whatever the request asks for.
public enum AdmissionRefusal: Sendable, Hashable {
    /// 421: it is for a host that this server does not have, named as it came, or at most 200 characters of it.
    case foreignHost(String)
    /// 403: it comes from a page of this origin, named as it came; nil where the page sent none.
    case foreignOrigin(String?)

    package var status: HTTPResponseStatus {
        switch self {
        case .foreignHost: .misdirectedRequest
        case .foreignOrigin: .forbidden
        }
    }

    /// The body of the answer.
    package var text: String {
        switch self {
        case .foreignHost: "This host is not served here"
        case .foreignOrigin: "This origin is not allowed here"
        }
    }

    /// As much of a header as is told of it.
    fileprivate static func cut(_ values: [String]) -> String { String(values.joined(separator: ", ").prefix(200)) }
}

/// The origin of a web page (RFC 6454).
package struct WebOrigin: Hashable, Sendable {
    private let isSecure: Bool
    private let port: Int
    package let authority: HTTPAuthority

    /// Nil where it is not one of HTTP or HTTPS, such as `null` or that of a browser's extension.
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
    /// The host alone.
    fileprivate init(host other: HTTPAuthority) {
        (host, isAddress, port) = (other.host, other.isAddress, nil)
    }
}

/// Origins as a user lists them.
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
    /// Why this request is not for any of these hosts.
    ///
    /// A request without `Host`, as old clients send it, comes from no browser, and is for every host. Several are for
    /// none, and where the request target names a host, that one counts too (RFC 9112, section 3.2.2).
    package func refusal(by hosts: OwnHosts) -> AdmissionRefusal? {
        var values = headers["Host"]
        if values.count > 1 { return .foreignHost(AdmissionRefusal.cut(values)) }
        if let authority = targetAuthority { values.append(authority) }
        return values.first { !hosts.contains($0) }.map { .foreignHost(AdmissionRefusal.cut([$0])) }
    }

    /// The host and port of a request target that is a whole URL, or of CONNECT.
    private var targetAuthority: String? {
        guard method != .CONNECT, !uri.hasPrefix("/"), let scheme = uri.firstRange(of: "://") else { return nil }
        return String(uri[scheme.upperBound...].prefix { !"/?#".contains($0) })
    }

    /// The host that it is for; nil where it names none, or several.
    private var host: HTTPAuthority? {
        let values = headers["Host"]
        return values.count == 1 ? HTTPAuthority(values[0]) : nil
    }

    /// Why a page may not send this request.
    ///
    /// - Parameter allows: judges the origin of the page, as it came.
    package func refusal(unless allows: (String) -> Bool) -> AdmissionRefusal? {
        let origins = headers["Origin"]
        guard let origin = origins.first else { return nil }
        return origins.count == 1 && allows(origin) ? nil : .foreignOrigin(AdmissionRefusal.cut(origins))
    }

    /// Why a page of another site may not have caused this request though it sends no `Origin`: browsers send none for
    /// scripts, images and frames, but say where the page is from (Fetch Metadata). Following a link is let in.
    ///
    /// - Parameter allows: judges the origin of the page, where `Referer` tells it.
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

    /// Whether a page is from this machine: from a loopback name or address, or from the host that it asks for.
    package func isOwn(origin: String) -> Bool {
        guard let origin = WebOrigin(origin) else { return false }
        return origin.authority.isLoopback || origin.authority.host == host?.host
    }
}

extension WebSocketEndpoint {
    /// Why a request is not let in, whatever its path.
    func admissionRefusal(of request: HTTPRequestHead) -> AdmissionRefusal? {
        if let refusal = hosts.flatMap({ request.refusal(by: $0) }) { return refusal }
        guard let allowedOrigins else { return nil }
        let list = OriginList(allowedOrigins)
        return request.refusal { list.contains($0) || allowsOwnOrigins && request.isOwn(origin: $0) }
    }
}

/// Refusals, in the dialect of an endpoint.
extension WebSocketEndpoint {
    /// The answer to a request that is not let in.
    func answer(to refusal: AdmissionRefusal) -> HTTPRoute {
        guard dialect == .servlet, case .foreignOrigin = refusal else {
            return HTTPAnswer.refusal(refusal.status, refusal.text)
        }
        return .exchange { $0.answer(.forbidden, HTTPHeaders(Self.servletVary), "Invalid CORS request") }
    }

    /// What the answers of a servlet depend on.
    static let servletVary = [
        ("Vary", "Origin"), ("Vary", "Access-Control-Request-Method"), ("Vary", "Access-Control-Request-Headers"),
    ]

    /// How a handshake is refused that ``handshakeRefusal`` is for; nil where the request goes on.
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
            // The application decides: what opens no session is answered as ever.
            let isUpgrade = request.headers.contains(name: "Upgrade")
            guard isUpgrade || base.split(separator: "/").count == 3 else { return nil }
        }
        let status = HTTPResponseStatus(statusCode: handshakeRefusal)
        return .exchange { $0.answer(status, headers) }
    }
}
