import NIOCore

/// The first bytes that come from a peer: they tell whether it speaks TLS, and what else it speaks.
struct TLSOpening {
    /// At most ``kept`` of them.
    private(set) var bytes: [UInt8] = []
    /// How many came in the handshake.
    private(set) var count = 0

    private static let kept = 64
    /// So many bytes, or a line, and it is clear what a peer speaks that does not speak TLS.
    private static let telling = 16

    mutating func add(_ buffer: ByteBuffer) {
        count += buffer.readableBytes
        bytes += buffer.readableBytesView.prefix(Self.kept - bytes.count)
    }

    /// Whether this may be the beginning of a TLS record (RFC 8446, section 5.1).
    var mayBeTLS: Bool {
        guard let type = bytes.first else { return true }
        return (0x14...0x17).contains(type) && (bytes.count < 2 || bytes[1] == 3)
    }

    /// Whether there is enough to say what is spoken in place of TLS.
    var isTelling: Bool { bytes.count >= Self.telling || bytes.contains(UInt8(ascii: "\n")) }

    /// The version of the server's first message, where that is a ServerHello (RFC 8446, section 4.1.3).
    var serverVersion: TLSVersion? {
        guard bytes.count > 10, bytes[0] == 0x16, bytes[5] == 2 else { return nil }
        return TLSVersion(number: Int32(bytes[9]) << 8 | Int32(bytes[10]))
    }

    /// What the peer speaks in place of TLS.
    var spoken: SpokenProtocol {
        if startsWithAny(of: "ERROR\n", "ERROR\r", "CONNECTED\n", "CONNECTED\r", "CONNECT\n", "CONNECT\r", "STOMP\n") {
            return .stomp
        }
        if startsWithAny(of: "GET ", "POST ", "HEAD ", "PUT ", "OPTIONS ", "CONNECT ") { return .httpRequest }
        if let other = ForeignProtocol(firstBytes: bytes) { return .other(other) }
        return .unknown(Array(bytes.prefix(Self.telling)))
    }

    private func startsWithAny(of beginnings: String...) -> Bool {
        beginnings.contains { bytes.starts(with: $0.utf8) }
    }
}
