import NIOHTTP1
import STOMPTransport

/// Rewrites a request from an app for the server, and the answer for the app: the server sees the request that it
/// would have received without the tap, and redirects lead back to the tap. A value without I/O.
struct RequestRewriting {
    /// Whether apps connect to the tap with TLS.
    let isTapSecure: Bool
    let options: TransportOptions
    /// Whether messages must not be compressed, because some may have to be removed.
    let withholdsCompression: Bool

    /// Removes the offers from a request that the tap cannot support: HTTP/2, WebSocket extensions, and content
    /// codings of an answer that carries frames.
    ///
    /// - Parameter isOfSession: whether the answer carries frames of a SockJS session, which must not be compressed.
    /// - Returns: the head, and the names of the removed offers.
    func withholding(from head: HTTPRequestHead, isOfSession: Bool) -> (head: HTTPRequestHead, withheld: [String]) {
        var head = head
        let offersHTTP2 = head.headers.hasToken("h2c", in: "Upgrade")
        let codings = isOfSession ? head.headers[canonicalForm: "Accept-Encoding"].filter { $0 != "identity" } : []
        var headers = HTTPHeaders()
        for (name, value) in head.headers {
            switch name.lowercased() {
            case "upgrade" where offersHTTP2, "http2-settings" where offersHTTP2: break
            case "connection" where offersHTTP2:
                let others = value.split(separator: ",").filter { !Self.isOfUpgrade($0) }
                if !others.isEmpty {
                    headers.add(name: name, value: String(others.joined(separator: ",").drop { $0 == " " }))
                }
            case "accept-encoding" where isOfSession: headers.add(name: name, value: "identity")
            default: headers.add(name: name, value: value)
            }
        }
        head.headers = headers
        let extensions = WebSocketDissector.withhold(from: &head.headers, andCompression: withholdsCompression)
        return (head, (offersHTTP2 ? ["h2c"] : []) + extensions + codings.map(String.init))
    }

    /// A request as the server would have received it without the tap, with the headers of the options and
    /// `headers` added.
    func addressed(
        _ head: HTTPRequestHead, to site: HTTPSite, adding headers: HTTPHeaders = HTTPHeaders()
    ) -> HTTPRequestHead {
        var own = options.httpHeaders + headers.map { ($0.name, $0.value) }
        if let cookie = options.cookie { own.insert((name: "Cookie", value: cookie), at: 0) }
        if let origin = options.origin { own.insert((name: "Origin", value: origin), at: 0) }
        let replaced = Set(own.map { $0.name.lowercased() })
        let tapOrigin = tapOrigin(for: head)
        var headers = HTTPHeaders()
        for (name, value) in head.headers where !replaced.contains(name.lowercased()) {
            switch name.lowercased() {
            case "host": headers.add(name: name, value: site.host)
            case "origin", "referer":
                headers.add(name: name, value: Self.moved(value, from: tapOrigin, to: site.origin))
            default: headers.add(name: name, value: value)
            }
        }
        for (name, value) in own { headers.add(name: name, value: String(latin1: value.utf8)) }
        var head = head
        head.headers = headers
        return head
    }

    /// The answer to a request, with a redirect within the server changed to lead to the tap.
    func rewritten(
        _ answer: HTTPResponseHead, from site: HTTPSite, to request: HTTPRequestHead
    ) -> HTTPResponseHead {
        guard let location = answer.headers.first(name: "Location"), let tapOrigin = tapOrigin(for: request) else {
            return answer
        }
        let moved = Self.moved(location, from: site.origin, to: tapOrigin)
        guard moved != location else { return answer }
        var answer = answer
        answer.headers.replaceOrAdd(name: "Location", value: moved)
        return answer
    }

    /// The cookies of an answer that a browser drops because their `Domain` does not match the host that it has
    /// contacted (RFC 6265, section 5.3).
    func foreignCookies(
        in answer: HTTPResponseHead, to request: HTTPRequestHead
    ) -> [(name: String, domain: String, host: String)] {
        let cookies = answer.headers["Set-Cookie"]
        guard !cookies.isEmpty, let origin = tapOrigin(for: request).flatMap({ WebOrigin($0) }) else { return [] }
        let host = origin.authority
        return cookies.compactMap { cookie in
            guard let domain = Self.domain(of: cookie), host.host != domain,
                host.isAddress || !host.host.hasSuffix("." + domain)
            else { return nil }
            let name = cookie.prefix { $0 != "=" && $0 != ";" }
            return (name.withoutBlanks.decodingUTF8, domain.decodingUTF8, host.host)
        }
    }

    /// The last `Domain` of a cookie, in lower case and without its dot; nil if it is missing or empty.
    private static func domain(of cookie: String) -> String? {
        let domains = cookie.split(separator: ";").dropFirst().compactMap { attribute in
            let parts = attribute.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return parts.count == 2 && parts[0].withoutBlanks.lowercased() == "domain"
                ? parts[1].withoutBlanks.lowercased() : nil
        }
        guard let last = domains.last else { return nil }
        let domain = last.hasPrefix(".") ? String(last.dropFirst()) : last
        return domain.isEmpty ? nil : domain
    }

    /// The origin of a page that was loaded through the tap.
    private func tapOrigin(for request: HTTPRequestHead) -> String? {
        request.headers.first(name: "Host").map { (isTapSecure ? "https://" : "http://") + $0 }
    }

    /// The URL with its origin replaced by `other`, if it has this origin.
    private static func moved(_ url: String, from origin: String?, to other: String) -> String {
        guard let origin else { return url }
        let start = Substring(url.utf8.prefix(origin.utf8.count))
        let rest = url.utf8.dropFirst(origin.utf8.count)
        guard start.lowercased() == origin.lowercased(), rest.first.map({ "/?#".utf8.contains($0) }) ?? true else {
            return url
        }
        return other + Substring(rest)
    }

    /// Whether a member of `Connection` belongs to the HTTP/2 offer.
    private static func isOfUpgrade(_ member: Substring) -> Bool {
        let name = member.filter { $0 != " " && $0 != "\t" }.lowercased()
        return name == "upgrade" || name == "http2-settings" || name.isEmpty
    }
}

/// Decides which requests a tap passes on: those for its own hosts; and, if it adds something that the server
/// trusts, only those of allowed pages.
struct RequestAdmission {
    private let hosts: OwnHosts
    private let allowed: OriginList
    /// The scheme of the tap's own origin.
    private let scheme: String
    private let serverOrigins: OriginList
    /// Whether the tap adds headers or a certificate that the app did not send.
    private let vouches: Bool

    init(_ configuration: TapConfiguration) {
        hosts = OwnHosts(configuration.listenNames + [configuration.host])
        allowed = OriginList(configuration.allowedOrigins)
        scheme = configuration.tls == nil ? "http://" : "https://"
        serverOrigins = OriginList(configuration.servers.map { HTTPSite($0.target).origin })
        let options = configuration.transport
        vouches =
            options.cookie != nil || options.origin != nil || !options.httpHeaders.isEmpty
            || options.tls.certificate != nil || configuration.connectionHeaders != nil
    }

    func refusal(of request: HTTPRequestHead) -> AdmissionRefusal? {
        if let refusal = request.refusal(by: hosts) { return refusal }
        guard vouches, !allowed.allowsAll else { return nil }
        let isAllowed = { origin in allows(origin, request) }
        return request.refusal(unless: isAllowed) ?? request.refusalOfOtherSite(unless: isAllowed)
    }

    private func allows(_ text: String, _ request: HTTPRequestHead) -> Bool {
        if allowed.contains(text) || serverOrigins.contains(text) { return true }
        guard let origin = WebOrigin(text) else { return false }
        return origin.authority.isLoopback
            || request.headers.first(name: "Host").map { WebOrigin(scheme + $0) == origin } ?? false
    }
}
