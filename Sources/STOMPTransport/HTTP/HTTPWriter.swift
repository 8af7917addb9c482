import NIOCore
import NIOHTTP1

/// Writes the body of a message with the framing that its head announces (RFC 9112, section 7). A value without I/O.
package struct HTTPWriter: Sendable {
    /// Whether bodies use chunked coding.
    package var makesChunks = false

    package init() {}

    /// Returns the bytes of a part of a body, in pieces so that nothing is copied.
    package func bytes(ofBody body: ByteBuffer) -> [ByteBuffer] {
        guard makesChunks else { return [body] }
        // An empty chunk would end the body.
        guard body.readableBytes > 0 else { return [] }
        let line = ByteBuffer(string: String(body.readableBytes, radix: 16) + "\r\n")
        return [line, body, ByteBuffer(string: "\r\n")]
    }

    /// Returns the bytes that end a message; nil if there are none.
    package mutating func bytesOfEnd(_ trailers: HTTPHeaders? = nil) -> ByteBuffer? {
        guard makesChunks else { return nil }
        makesChunks = false
        var end = ByteBuffer(string: "0\r\n")
        for (name, value) in trailers ?? [:] { end.writeField(latin1: name, value) }
        end.writeString("\r\n")
        return end
    }

    /// Returns the head of a request created here, in UTF-8, with the headers that its body needs.
    mutating func bytes(of head: HTTPRequestHead) -> ByteBuffer {
        var head = head
        let needsFraming = [.POST, .PUT, .PATCH].contains(head.method)
        let asksForChunks = head.headers.first(name: "Transfer-Encoding") == "chunked"
        makesChunks = Self.setFraming(&head.headers, needsFraming || asksForChunks, head.version)
        var bytes = ByteBuffer(string: "\(head.method.rawValue) \(head.uri) \(head.version.text)\r\n")
        bytes.writeHeaders(head.headers)
        return bytes
    }

    /// Returns the head of a response created here, in UTF-8, with the headers that its body needs.
    mutating func bytes(of head: HTTPResponseHead) -> ByteBuffer {
        var head = head
        let code = head.status.code
        if code < 200 || code == 204 || code == 304 {
            makesChunks = false
            head.headers.remove(name: "Content-Length")
            head.headers.remove(name: "Transfer-Encoding")
        } else {
            makesChunks = Self.setFraming(&head.headers, true, head.version)
        }
        var bytes = ByteBuffer(string: "\(head.version.text) \(code) \(head.status.reasonPhrase)\r\n")
        bytes.writeHeaders(head.headers)
        return bytes
    }

    /// Sets the framing headers and returns whether the body uses chunked coding. A body without a length that
    /// cannot be chunked ends with the connection.
    private static func setFraming(_ headers: inout HTTPHeaders, _ isNeeded: Bool, _ version: HTTPVersion) -> Bool {
        if headers.contains(name: "Content-Length") {
            headers.remove(name: "Transfer-Encoding")
            return false
        }
        guard isNeeded, version == .http1_1 else { return false }
        if headers.first(name: "Transfer-Encoding") != "chunked" {
            headers.replaceOrAdd(name: "transfer-encoding", value: "chunked")
        }
        return true
    }
}

extension HTTPVersion {
    fileprivate var text: String { "HTTP/\(major).\(minor)" }
}

extension HTTPResponseHead {
    /// The head as bytes, one per scalar.
    package var latin1Bytes: ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeLatin1("\(version.text) \(status.code) \(status.reasonPhrase)\r\n")
        for (name, value) in headers { bytes.writeField(latin1: name, value) }
        bytes.writeString("\r\n")
        return bytes
    }
}

extension ByteBuffer {
    /// Writes a header whose strings have one scalar per byte.
    mutating func writeField(latin1 name: String, _ value: String) { writeLatin1("\(name): \(value)\r\n") }

    fileprivate mutating func writeLatin1(_ text: String) {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { writeString(text) } else { writeBytes(text.latin1Bytes) }
    }

    fileprivate mutating func writeHeaders(_ headers: HTTPHeaders) {
        for (name, value) in headers { writeString("\(name): \(value)\r\n") }
        writeString("\r\n")
    }
}
