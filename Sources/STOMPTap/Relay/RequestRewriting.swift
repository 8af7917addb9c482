import NIOHTTP1
import STOMPTransport

/// How a request of an app's is changed for the server: the server shall see the request that it would have got without
/// the tap. A value without I/O.
struct RequestRewriting {
    let site: HTTPSite
    /// Whether apps speak TLS with the tap.
    let isTapSecure: Bool
    let options: TransportOptions
    /// Whether messages must not be compressed, as some may have to be taken out.
    let withholdsCompression: Bool

    /// - Returns: the head for the server, and the names of WebSocket extensions that it does not get to see.
    func rewritten(_ head: HTTPRequestHead) -> (head: HTTPRequestHead, withheld: [String]) {
        var head = head
        let tapOrigin = head.headers.first(name: "Host").map { (isTapSecure ? "https://" : "http://") + $0 }
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
            case "origin" where value.lowercased() == tapOrigin?.lowercased():
                headers.add(name: name, value: site.origin)
            case "connection" where offersHTTP2: break
            default: headers.add(name: name, value: value)
            }
        }
        if let origin = options.origin { headers.add(name: "Origin", value: origin) }
        if let cookie = options.cookie { headers.add(name: "Cookie", value: cookie) }
        for (name, value) in options.httpHeaders { headers.add(name: name, value: value) }
        head.headers = headers
        let withheld = WebSocketDissector.withhold(from: &head.headers, andCompression: withholdsCompression)
        return (head, withheld)
    }
}
