import NIOCore

/// A STOMP frame: a view on the bytes that came, or that will go.
///
/// Nothing is copied out of ``bytes`` until somebody asks: a header becomes a `String` when it is looked up, the body
/// is a slice. A frame that is kept for long keeps the whole buffer that it arrived in; ``detached()`` makes one that
/// keeps only itself.
public struct Frame: Sendable {
    public let command: Command
    /// The whole frame, from its command to its NUL.
    public let bytes: ByteBuffer
    /// How the headers are escaped; none also where nothing is.
    let escaping: HeaderEscaping
    /// Where the header lines stand in ``bytes``, the last line's end included.
    let headerBlock: Range<Int>
    /// Whether CR before LF belongs to the end of a line.
    let stripsCarriageReturn: Bool
    let bodyRange: Range<Int>

    /// The headers, in the order of the frame, repeats included.
    public var headers: FrameHeaders { FrameHeaders(frame: self) }

    /// The body, without a copy.
    public var body: ByteBuffer {
        bytes.getSlice(at: bytes.readerIndex + bodyRange.lowerBound, length: bodyRange.count) ?? ByteBuffer()
    }

    /// The number of bytes of the body.
    public var bodySize: Int { bodyRange.count }

    /// The same frame in a buffer of its own.
    public func detached() -> Frame {
        Frame(
            command: command, bytes: ByteBuffer(bytes: bytes.readableBytesView), escaping: escaping,
            headerBlock: headerBlock, stripsCarriageReturn: stripsCarriageReturn, bodyRange: bodyRange)
    }
}

/// Two frames are equal when they say the same, however their bytes put it.
extension Frame: Equatable {
    public static func == (left: Frame, right: Frame) -> Bool {
        left.command == right.command && left.headers.elementsEqual(right.headers) && left.body == right.body
    }
}

extension Frame: CustomStringConvertible {
    /// The command and the headers on one line, for logs and test failures.
    public var description: String {
        let headers = headers.map { "\($0.name):\($0.value)" }.joined(separator: " ")
        return "\(command)\(headers.isEmpty ? "" : " ")\(headers) [\(bodySize) B]"
    }
}
