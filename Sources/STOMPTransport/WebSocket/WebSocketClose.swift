import NIOCore

/// What a close frame says (RFC 6455, sections 5.5.1 and 7.4).
package struct WebSocketClose: Equatable {
    /// Nil where the frame has no body.
    var code: Int?
    var reason = ""

    init(code: Int?, reason: String = "") {
        self.code = code
        self.reason = reason
    }

    /// Reads the body of a close frame.
    init(reading body: ByteBuffer) throws(WebSocketViolation) {
        var body = body
        guard body.readableBytes > 0 else { return }
        guard let code = body.readInteger(as: UInt16.self).map(Int.init) else {
            throw WebSocketViolation("a close frame with half a close code")
        }
        guard Self.mayBeSent(code) else { throw WebSocketViolation("the close code \(code), which is not to be sent") }
        guard body.isUTF8 else {
            throw WebSocketViolation("a close reason that is no UTF-8", closeCode: WebSocketClose.invalidPayload)
        }
        self.code = code
        reason = String(buffer: body)
    }

    /// The body of the close frame, at most 125 octets of it: what is too long of the reason is left out.
    var body: ByteBuffer {
        var body = ByteBuffer()
        guard let code, let wire = UInt16(exactly: code) else { return body }
        body.writeInteger(wire)
        var octets = ByteBuffer(string: reason)
        if octets.readableBytes > 0 {
            body.writeImmutableBuffer(octets.readPiece(of: 123, isText: true))
        }
        return body
    }

    /// For people: `close 1001 going away "bye"`.
    var summary: String {
        guard let code else { return "close" }
        let name = Self.names[code].map { " " + $0 } ?? ""
        return "close \(code)\(name)" + (reason.isEmpty ? "" : " \"\(printable(reason))\"")
    }

    static let normal = 1000
    static let protocolError = 1002
    static let invalidPayload = 1007
    static let tooBig = 1009

    /// Whether a code may stand in a close frame: 1004 to 1006 and 1015 are kept back, and below 3000 only registered
    /// ones count.
    package static func mayBeSent(_ code: Int) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }

    static let names = [
        1000: "normal closure", 1001: "going away", 1002: "protocol error", 1003: "unsupported data",
        1005: "no status", 1006: "abnormal closure", 1007: "invalid payload", 1008: "policy violation",
        1009: "message too big", 1010: "extension missing", 1011: "internal error", 1012: "service restart",
        1013: "try again later", 1014: "bad gateway", 1015: "TLS failure",
    ]
}

/// What the other side did that RFC 6455 or a limit of this side forbids, and the code to close with.
struct WebSocketViolation: Error, Equatable {
    /// What was sent: `a fragmented ping`.
    let message: String
    let closeCode: Int

    init(_ message: String, closeCode: Int = WebSocketClose.protocolError) {
        self.message = message
        self.closeCode = closeCode
    }

    static func tooLarge(_ limit: Int) -> WebSocketViolation {
        WebSocketViolation("a message of more than \(limit) octets", closeCode: WebSocketClose.tooBig)
    }

    /// The error for the user, who is told `peer` as the name of the other side.
    func transportError(peer: String) -> TransportError {
        let isLimit = closeCode == WebSocketClose.tooBig
        return TransportError(
            isLimit ? .limitExceeded : .protocolViolation, .webSocket, "the \(peer) sent \(message)",
            remedy: isLimit ? "take more with --max-message" : nil)
    }
}
