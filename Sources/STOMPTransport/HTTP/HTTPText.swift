import NIOCore
import NIOHTTP1

extension String {
    /// Creates a string with one scalar per byte, because HTTP does not define the encoding.
    package init(latin1 bytes: some Collection<UInt8>) {
        if bytes.allSatisfy({ $0 < 0x80 }) {
            self.init(decoding: bytes, as: Unicode.ASCII.self)
        } else {
            self.init(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
        }
    }

    /// The bytes of a string that has one scalar per byte.
    package var latin1Bytes: [UInt8] { unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } }

    /// The same text, with its bytes decoded as UTF-8, for display.
    package var decodingUTF8: String {
        utf8.allSatisfy { $0 < 0x80 } ? self : String(decoding: latin1Bytes, as: Unicode.UTF8.self)
    }

    /// Whether this is a token: the name of a header or of a subprotocol (RFC 9110, section 5.6.2).
    var isToken: Bool { !isEmpty && utf8.allSatisfy(\.isTokenByte) }
}

extension HTTPRequestHead {
    /// The same head with its bytes decoded as UTF-8.
    var decodingUTF8: HTTPRequestHead {
        HTTPRequestHead(version: version, method: method, uri: uri.decodingUTF8, headers: headers.decodingUTF8)
    }
}

extension HTTPResponseHead {
    /// The same head with the reason phrase and headers decoded as UTF-8.
    var decodingUTF8: HTTPResponseHead {
        HTTPResponseHead(
            version: version,
            status: .custom(code: status.code, reasonPhrase: status.reasonPhrase.decodingUTF8),
            headers: headers.decodingUTF8)
    }
}

extension HTTPHeaders {
    fileprivate var decodingUTF8: HTTPHeaders { HTTPHeaders(map { ($0.name, $0.value.decodingUTF8) }) }
}

extension UInt8 {
    var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
    var isHexDigit: Bool {
        isDigit || (self | 0x20) >= UInt8(ascii: "a") && (self | 0x20) <= UInt8(ascii: "f")
    }
    /// Whether the byte may appear in a header name or a method (RFC 9110, section 5.6.2).
    var isTokenByte: Bool {
        isDigit || (self | 0x20) >= UInt8(ascii: "a") && (self | 0x20) <= UInt8(ascii: "z")
            || "!#$%&'*+-.^_`|~".utf8.contains(self)
    }
    /// Whether it is a control character other than a tab; no line may contain one.
    var isControl: Bool { self < 0x20 && self != 0x09 || self == 0x7F }
    fileprivate var isBlank: Bool { self == 0x20 || self == 0x09 }
}

extension ByteBufferView {
    /// The text without leading and trailing spaces and tabs.
    var withoutBlanks: ByteBufferView {
        guard let start = firstIndex(where: { !$0.isBlank }), let end = lastIndex(where: { !$0.isBlank }) else {
            return self[endIndex...]
        }
        return self[start...end]
    }
}

extension Substring {
    /// The text without leading and trailing spaces and tabs.
    package var withoutBlanks: String {
        var text = drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return String(text)
    }
}
