import NIOCore
import NIOHTTP1
import STOMPTransport

/// How the end of a body is known (RFC 9112, section 6.3).
enum HTTPFraming: Equatable {
    /// There is no body.
    case none
    case length(Int)
    case chunked
    /// It ends with the connection.
    case untilClose

    /// Nil where the head does not say what a server could go by.
    init?(of head: HTTPRequestHead) {
        guard let framing = Self.announced(by: head.headers) else { return nil }
        // The end of a request cannot be the connection's, as its answer is still to come.
        guard framing != .untilClose else { return nil }
        self = framing ?? .none
    }

    /// - Parameter method: of the request that is answered; nil where nobody has asked.
    init?(of head: HTTPResponseHead, to method: HTTPMethod?) {
        let code = head.status.code
        guard code >= 200, code != 204, code != 304, method != .HEAD, method != .CONNECT || code >= 300 else {
            self = .none
            return
        }
        guard let framing = Self.announced(by: head.headers) else { return nil }
        self = framing ?? .untilClose
    }

    /// What the headers say of it: nil where they contradict themselves, and nothing where they say nothing.
    private static func announced(by headers: HTTPHeaders) -> HTTPFraming?? {
        // No coding at all once had a name, too.
        if let coding = headers[canonicalForm: "Transfer-Encoding"].last?.lowercased(), coding != "identity" {
            return coding == "chunked" ? .chunked : .untilClose
        }
        let lengths = Set(headers[canonicalForm: "Content-Length"])
        guard let length = lengths.first else { return .some(nil) }
        guard lengths.count == 1, length.utf8.allSatisfy({ $0.isDigit }), let length = Int(length) else { return nil }
        return .length(length)
    }
}

extension HTTPRequestHead {
    /// Whether the connection may be no HTTP any more behind the answer. HTTP/2 is not: its offer is withheld.
    var asksForAnotherProtocol: Bool {
        method == .CONNECT || headers[canonicalForm: "Upgrade"].contains { $0.lowercased() != "h2c" }
    }
    var asksForWebSocket: Bool { headers.hasToken("websocket", in: "Upgrade") }
}

extension HTTPResponseHead {
    /// Whether the connection is no HTTP any more behind this answer.
    func isLast(to method: HTTPMethod?) -> Bool {
        status.code == 101 || method == .CONNECT && (200..<300).contains(status.code)
    }
}

extension HTTPHeaders {
    /// Takes header lines apart, in their order.
    init(lines: some Sequence<ByteBufferView>) throws(HTTPReader.Violation) {
        var fields: [(String, String)] = []
        for line in lines {
            guard line.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else { throw .notHTTP }
            if line.first == 0x20 || line.first == 0x09 {
                // The last value goes on (RFC 9112, section 5.2).
                guard let last = fields.popLast() else { throw .notHTTP }
                fields.append((last.0, last.1 + " " + String(octets: line.withoutBlanks)))
                continue
            }
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
                line[..<colon].allSatisfy(\.isTokenOctet)
            else { throw .notHTTP }
            fields.append((String(octets: line[..<colon]), String(octets: line[(colon + 1)...].withoutBlanks)))
        }
        self.init(fields)
    }
}

extension ByteBufferView {
    fileprivate var withoutBlanks: ByteBufferView {
        let isBlank = { (octet: UInt8) in octet == 0x20 || octet == 0x09 }
        guard let start = firstIndex(where: { !isBlank($0) }), let end = lastIndex(where: { !isBlank($0) }) else {
            return self[endIndex...]
        }
        return self[start...end]
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
    var isHexDigit: Bool {
        isDigit || (self | 0x20) >= UInt8(ascii: "a") && (self | 0x20) <= UInt8(ascii: "f")
    }
    /// Whether names and methods may have it (RFC 9110, section 5.6.2).
    var isTokenOctet: Bool {
        isDigit || (self | 0x20) >= UInt8(ascii: "a") && (self | 0x20) <= UInt8(ascii: "z")
            || "!#$%&'*+-.^_`|~".utf8.contains(self)
    }
}
