import NIOHTTP1
import STOMPTransport

/// How a request of an app's is changed for the server, and the answer for the app: the server shall see the request that
/// it would have got without the tap, and send nobody past it. A value without I/O.
struct RequestRewriting {
    let site: HTTPSite
    /// Whether apps speak TLS with the tap.
    let isTapSecure: Bool
    let options: TransportOptions
    /// Whether messages must not be compressed, as some may have to be taken out.
    let withholdsCompression: Bool

    /// - Parameter isOfSession: whether the answer carries frames of a SockJS session, which must not be compressed.
    /// - Returns: the head for the server, and the names of offers that it does not get to see: HTTP/2, WebSocket
    ///   extensions, and codings of the answer.
    func rewritten(_ head: HTTPRequestHead, isOfSession: Bool) -> (head: HTTPRequestHead, withheld: [String]) {
        var head = head
        let tapOrigin = tapOrigin(for: head)
        var replaced = Set(options.httpHeaders.map { $0.name.lowercased() })
        if options.cookie != nil { replaced.insert("cookie") }
        if options.origin != nil { replaced.insert("origin") }
        // HTTP/2 could not be taken apart: it is not offered.
        let offersHTTP2 = head.headers.hasToken("h2c", in: "Upgrade")
        if offersHTTP2 { replaced.formUnion(["upgrade", "http2-settings"]) }
        var headers = HTTPHeaders()
        for (name, value) in head.headers where !replaced.contains(name.lowercased()) {
            switch name.lowercased() {
            case "host": headers.add(name: name, value: site.host)
            case "origin", "referer":
                headers.add(name: name, value: Self.moved(value, from: tapOrigin, to: site.origin))
            case "connection" where offersHTTP2:
                let others = value.split(separator: ",").filter { !Self.isOfUpgrade($0) }
                if !others.isEmpty {
                    headers.add(name: name, value: String(others.joined(separator: ",").drop { $0 == " " }))
                }
            case "accept-encoding" where isOfSession:
                headers.add(name: name, value: "identity")
            default: headers.add(name: name, value: value)
            }
        }
        var own = options.httpHeaders
        if let cookie = options.cookie { own.insert((name: "Cookie", value: cookie), at: 0) }
        if let origin = options.origin { own.insert((name: "Origin", value: origin), at: 0) }
        for (name, value) in own { headers.add(name: name, value: String(octets: value.utf8)) }
        let codings = isOfSession ? head.headers[canonicalForm: "Accept-Encoding"].filter { $0 != "identity" } : []
        head.headers = headers
        let extensions = WebSocketDissector.withhold(from: &head.headers, andCompression: withholdsCompression)
        return (head, (offersHTTP2 ? ["h2c"] : []) + extensions + codings.map(String.init))
    }

    /// The answer to a request: a redirection within the server leads to the tap.
    func rewritten(_ answer: HTTPResponseHead, to request: HTTPRequestHead) -> HTTPResponseHead {
        guard let location = answer.headers.first(name: "Location"), let tapOrigin = tapOrigin(for: request) else {
            return answer
        }
        let moved = Self.moved(location, from: site.origin, to: tapOrigin)
        guard moved != location else { return answer }
        var answer = answer
        answer.headers.replaceOrAdd(name: "Location", value: moved)
        return answer
    }

    /// What a page that came through the tap has as its origin.
    private func tapOrigin(for request: HTTPRequestHead) -> String? {
        request.headers.first(name: "Host").map { (isTapSecure ? "https://" : "http://") + $0 }
    }

    /// The URL with another origin, where it has this one.
    private static func moved(_ url: String, from origin: String?, to other: String) -> String {
        guard let origin else { return url }
        let start = Substring(url.utf8.prefix(origin.utf8.count))
        let rest = url.utf8.dropFirst(origin.utf8.count)
        guard start.lowercased() == origin.lowercased(), rest.first.map({ "/?#".utf8.contains($0) }) ?? true else {
            return url
        }
        return other + Substring(rest)
    }

    /// Whether a member of `Connection` is there for the offer of HTTP/2.
    private static func isOfUpgrade(_ member: Substring) -> Bool {
        let name = member.filter { $0 != " " && $0 != "\t" }.lowercased()
        return name == "upgrade" || name == "http2-settings" || name.isEmpty
    }
}
