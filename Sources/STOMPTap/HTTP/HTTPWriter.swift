import NIOCore
import NIOHTTP1

/// Writes the parts of HTTP messages as octets (RFC 9112), in the framing that their heads announce. A value without I/O.
struct HTTPWriter {
    private var isChunked = false

    /// The octets of a part, in pieces so that none of a body is copied.
    mutating func octets(of part: RelayPart) -> [ByteBuffer] {
        switch part {
        case .requestHead(let head, let framing):
            isChunked = framing == .chunked
            return [head.octets]
        case .responseHead(let head, let framing):
            isChunked = framing == .chunked
            return [head.octets]
        case .body(let octets):
            guard isChunked else { return [octets] }
            guard octets.readableBytes > 0 else { return [] }
            let line = ByteBuffer(string: String(octets.readableBytes, radix: 16) + "\r\n")
            return [line, octets, ByteBuffer(string: "\r\n")]
        case .end(let trailers):
            guard isChunked else { return [] }
            isChunked = false
            var end = ByteBuffer(string: "0\r\n")
            end.writeHeaders(trailers ?? HTTPHeaders())
            return [end]
        case .octets(let octets):
            return [octets]
        case .upgraded, .inputClosed, .reset, .brokenOff:
            return []
        }
    }
}

extension HTTPRequestHead {
    /// As it stands on the wire.
    var octets: ByteBuffer {
        var octets = ByteBuffer()
        octets.writeOctets(of: "\(method.rawValue) \(uri) HTTP/\(version.major).\(version.minor)\r\n")
        octets.writeHeaders(headers)
        return octets
    }
}

extension HTTPResponseHead {
    /// As it stands on the wire.
    var octets: ByteBuffer {
        var octets = ByteBuffer()
        octets.writeOctets(of: "HTTP/\(version.major).\(version.minor) \(status.code) \(status.reasonPhrase)\r\n")
        octets.writeHeaders(headers)
        return octets
    }
}

extension ByteBuffer {
    fileprivate mutating func writeHeaders(_ headers: HTTPHeaders) {
        for (name, value) in headers { writeOctets(of: "\(name): \(value)\r\n") }
        writeString("\r\n")
    }

    fileprivate mutating func writeOctets(of text: String) {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { writeString(text) } else { writeBytes(text.octets) }
    }
}

extension String {
    /// A string with a scalar for each octet, whatever they stand for: HTTP does not say.
    init(octets: some Collection<UInt8>) {
        if octets.allSatisfy({ $0 < 0x80 }) {
            self.init(decoding: octets, as: Unicode.ASCII.self)
        } else {
            self.init(String.UnicodeScalarView(octets.map { Unicode.Scalar($0) }))
        }
    }

    /// The octets that a scalar each stands for.
    var octets: [UInt8] { unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } }

    /// The same for people, who take the octets for UTF-8.
    var readable: String { String(decoding: octets, as: Unicode.UTF8.self) }
}
