import NIOCore

/// The type of a frame (RFC 6455, section 5.2); the names are the specification's.
public enum WebSocketOpcode: UInt8, Sendable, Hashable {
    case continuation = 0, text, binary
    case close = 8, ping, pong

    /// Whether it is a control frame (RFC 6455, section 5.5).
    public var isControl: Bool { rawValue >= Self.close.rawValue }
}

/// The head of a frame: everything except its payload.
public struct WebSocketFrameHead: Sendable, Hashable {
    /// The type of the frame.
    public var opcode: WebSocketOpcode
    /// FIN: whether this frame ends the message.
    public var isLast: Bool
    /// RSV1: whether this frame starts a compressed message (RFC 7692, section 6).
    public var isCompressed: Bool
    /// The masking key, if this side masks the payload.
    public var maskKey: UInt32?
    /// The length of the payload, in bytes.
    public var size: Int
    /// The content of a close frame, if it is valid.
    public var close: WebSocketClose?

    /// Creates the head of a frame.
    public init(
        _ opcode: WebSocketOpcode, isLast: Bool = true, isCompressed: Bool = false, maskKey: UInt32? = nil,
        size: Int = 0, close: WebSocketClose? = nil
    ) {
        self.opcode = opcode
        self.isLast = isLast
        self.isCompressed = isCompressed
        self.maskKey = maskKey
        self.size = size
        self.close = close
    }
}

/// A frame (RFC 6455, section 5.2).
struct WebSocketFrame: Equatable {
    var opcode: WebSocketOpcode
    /// FIN: whether this frame ends the message.
    var isLast = true
    /// RSV1: whether this frame starts a compressed message (RFC 7692, section 6).
    var isCompressed = false
    /// The payload, never masked.
    var payload = ByteBuffer()

    /// The bytes of the frame on the wire, masked if there is a key.
    func bytes(maskedBy key: UInt32?) -> ByteBuffer {
        var bytes = ByteBuffer()
        let length = payload.readableBytes
        bytes.reserveCapacity(length + Self.largestHead)
        bytes.writeInteger((isLast ? 0x80 : 0) | (isCompressed ? 0x40 : 0) | opcode.rawValue)
        let mask: UInt8 = key == nil ? 0 : 0x80
        switch length {
        case ...125:
            bytes.writeInteger(mask | UInt8(length))
        case ...0xFFFF:
            bytes.writeMultipleIntegers(mask | 126, UInt16(length))
        default:
            bytes.writeMultipleIntegers(mask | 127, UInt64(length))
        }
        guard let key else {
            bytes.writeImmutableBuffer(payload)
            return bytes
        }
        bytes.writeInteger(key)
        bytes.write(payload, maskedBy: key)
        return bytes
    }

    /// The size of the longest head, in bytes.
    static let largestHead = 14
}

extension ByteBuffer {
    /// Appends `payload` masked, or unmasks it if it is already masked (section 5.3).
    mutating func write(_ payload: ByteBuffer, maskedBy key: UInt32) {
        let count = payload.readableBytes
        let key = key.bigEndian
        let wideKey = UInt64(key) << 32 | UInt64(key)
        writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
            payload.withUnsafeReadableBytes { source in
                var offset = 0
                while offset + 8 <= count {
                    let word = source.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                    target.storeBytes(of: word ^ wideKey, toByteOffset: offset, as: UInt64.self)
                    offset += 8
                }
                withUnsafeBytes(of: key) { key in
                    while offset < count {
                        target[offset] = source[offset] ^ key[offset & 3]
                        offset += 1
                    }
                }
            }
            return count
        }
    }
}
