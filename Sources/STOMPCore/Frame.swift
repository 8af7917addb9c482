import NIOCore

/// A STOMP frame: a view of the bytes that were received, or that will be sent.
///
/// A header is copied out of ``bytes`` into a `String` only when it is looked up; the body is a slice. A frame
/// keeps the whole buffer that it arrived in alive. To store a frame for longer, use ``detached()``, which copies
/// its own bytes only.
public struct Frame: Sendable {
    /// The command.
    public let command: Command
    /// The whole frame, from its command to its NUL.
    public let bytes: ByteBuffer
    /// How the headers are escaped; ``HeaderEscaping/none`` also if the headers contain no escapes.
    let escaping: HeaderEscaping
    /// The range of the header lines in ``bytes``, including the last line's end.
    let headerBlock: Range<Int>
    /// Whether a CR before LF is part of the line end.
    let stripsCarriageReturn: Bool
    let bodyRange: Range<Int>

    /// The headers in the order of the frame, including repeated ones.
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

/// Frames are equal if command, headers and body are equal after unescaping, even if their bytes differ.
extension Frame: Equatable {
    /// Whether both frames have the same command, headers and body.
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

/// The command of a frame: all commands of STOMP 1.0, 1.1 and 1.2.
public enum Command: String, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    // Client frames.
    case connect = "CONNECT"
    case stomp = "STOMP"
    case send = "SEND"
    case subscribe = "SUBSCRIBE"
    case unsubscribe = "UNSUBSCRIBE"
    case ack = "ACK"
    case nack = "NACK"
    case begin = "BEGIN"
    case commit = "COMMIT"
    case abort = "ABORT"
    case disconnect = "DISCONNECT"
    // Server frames.
    case connected = "CONNECTED"
    case message = "MESSAGE"
    case receipt = "RECEIPT"
    case error = "ERROR"

    /// The command as in a frame: `SEND`.
    public var description: String { rawValue }

    init?(bytes: UnsafeRawBufferPointer) {
        // Length and first letter leave one candidate.
        let candidate: Command? =
            switch (bytes.count, bytes.first) {
            case (3, _): .ack
            case (4, UInt8(ascii: "S")): .send
            case (4, _): .nack
            case (5, UInt8(ascii: "A")): .abort
            case (5, UInt8(ascii: "B")): .begin
            case (5, UInt8(ascii: "E")): .error
            case (5, _): .stomp
            case (6, _): .commit
            case (7, UInt8(ascii: "C")): .connect
            case (7, UInt8(ascii: "M")): .message
            case (7, _): .receipt
            case (9, UInt8(ascii: "C")): .connected
            case (9, _): .subscribe
            case (10, _): .disconnect
            case (11, _): .unsubscribe
            default: nil
            }
        guard let candidate, bytes.equals(candidate.rawValue) else { return nil }
        self = candidate
    }

    /// Whether `bytes` can be the beginning of a frame's first line.
    static func mayBegin(with bytes: some Collection<UInt8>) -> Bool {
        allCases.contains { command in
            let line = Array(command.rawValue.utf8)
            return line.starts(with: bytes) || bytes.elementsEqual(line + [.carriageReturn])
        }
    }

    /// Whether `bytes` begin with a complete command line, as a frame does.
    package static func isFirstLine(of bytes: some Collection<UInt8>) -> Bool {
        allCases.contains { command in
            let line = command.rawValue.utf8
            guard bytes.starts(with: line) else { return false }
            let end = bytes.dropFirst(line.count).prefix(2)
            return end.first == .lineFeed || end.elementsEqual([.carriageReturn, .lineFeed])
        }
    }

    /// Whether a frame with this command may have a body (STOMP 1.2, "Body"). STOMP 1.0 does not restrict it.
    public func allowsBody(in version: STOMPVersion?) -> Bool {
        switch self {
        case .send, .message, .error: true
        default: version == .v10
        }
    }

    /// The first version that defines this command.
    public var since: STOMPVersion {
        switch self {
        case .stomp, .nack: .v11
        default: .v10
        }
    }
}
