import NIOHTTP1

/// How the end of a body is determined (RFC 9112, section 6.3).
package enum HTTPFraming: Sendable, Hashable {
    /// There is no body.
    case none
    case length(Int)
    case chunked
    /// The body ends when the connection closes.
    case untilClose

    /// Returns nil if the headers of a request do not define the length of its body.
    init?(of head: HTTPRequestHead, _ faults: inout Set<HTTPFault>) {
        switch Self.announced(by: head.headers, &faults) {
        case .nothing: self = .none
        // A request body cannot end with the connection, because the response still has to be sent.
        case .framing(.untilClose), .contradiction: return nil
        case .framing(let framing): self = framing
        }
    }

    /// - Parameter method: the method of the request; nil if there was no request.
    init?(of head: HTTPResponseHead, to method: HTTPMethod?, _ faults: inout Set<HTTPFault>) {
        let announced = Self.announced(by: head.headers, &faults)
        let code = head.status.code
        guard code >= 200, code != 204, code != 304, method != .HEAD, method != .CONNECT || code >= 300 else {
            self = .none
            return
        }
        switch announced {
        case .nothing: self = .untilClose
        case .contradiction: return nil
        case .framing(let framing): self = framing
        }
    }

    private enum Announcement {
        case nothing
        case framing(HTTPFraming)
        case contradiction
    }

    private static func announced(by headers: HTTPHeaders, _ faults: inout Set<HTTPFault>) -> Announcement {
        let lengths = members("Content-Length", of: headers)
        let codings = members("Transfer-Encoding", of: headers).map { $0.lowercased() }
        if lengths.count > 1 { faults.insert(.repeatedLength) }
        if !codings.isEmpty {
            let chunkings = codings.count { $0 == "chunked" }
            if codings.contains("identity") { faults.insert(.identityCoding) }
            if !lengths.isEmpty { faults.insert(chunkings > 0 ? .lengthAndChunks : .lengthAndCoding) }
            // `identity` once was a name for no coding.
            if codings != ["identity"] {
                guard chunkings < 2 else { return .contradiction }
                return .framing(codings.last == "chunked" ? .chunked : .untilClose)
            }
        }
        guard let length = lengths.first else { return .nothing }
        guard Set(lengths).count == 1, length.utf8.allSatisfy(\.isDigit), let length = Int(length) else {
            return .contradiction
        }
        return .framing(.length(length))
    }

    /// The members of a list header, including empty ones.
    private static func members(_ name: String, of headers: HTTPHeaders) -> [String] {
        headers[name].flatMap { $0.split(separator: ",", omittingEmptySubsequences: false).map(\.withoutBlanks) }
    }
}

extension HTTPRequestHead {
    /// Whether the connection may switch to another protocol after the response. HTTP/2 is not counted.
    package var asksForAnotherProtocol: Bool {
        method == .CONNECT || headers[canonicalForm: "Upgrade"].contains { $0.lowercased() != "h2c" }
    }
    package var asksForWebSocket: Bool { headers.hasToken("websocket", in: "Upgrade") }

    /// Whether the target has one of the forms of RFC 9112, section 3.2.
    var hasValidTarget: Bool {
        guard uri.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return false }
        return uri.hasPrefix("/") || uri.contains("://") || uri == "*" || method == .CONNECT && !uri.isEmpty
    }
}

extension HTTPResponseHead {
    /// Whether this is an informational response, which another response to the same request follows.
    package var isInformational: Bool { (100..<200).contains(status.code) && status.code != 101 }

    /// Whether the connection no longer speaks HTTP after this response.
    package func isLast(to method: HTTPMethod?) -> Bool {
        status.code == 101 || method == .CONNECT && (200..<300).contains(status.code)
    }
}

extension HTTPHeaders {
    /// Whether a list header has this token among its members, ignoring case.
    package func hasToken(_ token: String, in name: String) -> Bool {
        self[canonicalForm: name].contains { $0.lowercased() == token }
    }
}
