import NIOCore
import NIOHTTP1

/// The server that HTTP requests go to, as they name it, and what they all have.
package struct HTTPSite {
    /// For the `Host` header: the port stands in it where it is not the scheme's own.
    package let host: String
    let isSecure: Bool

    package init(_ target: TransportTarget) {
        let isDefaultPort = target.port == (target.isSecure ? 443 : 80)
        // A zone, as in `fe80::1%eth0`, means something on this machine only.
        let name = target.host.contains(":") ? String(target.host.prefix { $0 != "%" }) : target.host
        host = addressText(host: name, port: isDefaultPort ? nil : target.port)
        isSecure = target.isSecure
    }

    /// The origin of the server's own pages.
    package var origin: String { (isSecure ? "https://" : "http://") + host }

    /// Where a WebSocket is, without the query, which may hold secrets.
    func webSocketURL(_ requestTarget: String) -> String {
        (isSecure ? "wss://" : "ws://") + host + requestTarget.prefix { $0 != "?" }
    }

    /// Where something else is, without the query.
    func url(_ requestTarget: String) -> String { origin + requestTarget.prefix { $0 != "?" } }

    /// The head of a request: `own` headers behind `Host`, then origin and cookie, and the user's, which replace those
    /// of the same name.
    ///
    /// - Throws: ``TransportError`` with ``TransportError/Kind/badConfiguration`` where it would be no HTTP.
    func head(
        _ method: HTTPMethod, _ requestTarget: String, _ own: [(String, String)], options: TransportOptions
    ) throws(TransportError) -> HTTPRequestHead {
        let requestTarget = requestTarget.hasPrefix("/") ? requestTarget : "/" + requestTarget
        guard requestTarget.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .http(.invalidPath(requestTarget))
        }
        var headers = HTTPHeaders([("Host", host)] + own)
        if let origin = options.origin { headers.add(name: "Origin", value: origin) }
        if let cookie = options.cookie { headers.add(name: "Cookie", value: cookie) }
        // One that is no name cannot be looked for.
        try Self.check(options.httpHeaders)
        for (name, _) in options.httpHeaders { headers.remove(name: name) }
        for (name, value) in options.httpHeaders { headers.add(name: name, value: value) }
        for (name, value) in headers { try Self.check(name, value) }
        return HTTPRequestHead(version: .http1_1, method: method, uri: requestTarget, headers: headers)
    }

    /// Whether these can be headers.
    ///
    /// - Throws: ``TransportError`` with ``TransportError/Kind/badConfiguration`` where one cannot.
    package static func check(_ headers: [(name: String, value: String)]) throws(TransportError) {
        for (name, value) in headers { try check(name, value) }
    }

    private static func check(_ name: String, _ value: String) throws(TransportError) {
        guard name.isToken else { throw .http(.invalidHeaderName(name)) }
        guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
            throw .http(.invalidValue(ofHeader: name))
        }
    }
}
