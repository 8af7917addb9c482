import NIOCore

/// Encodes frames, and rejects those that the version forbids.
public struct FrameEncoder: Sendable {
    /// Whether a frame gets a `content-length` header.
    public enum ContentLength: Sendable, Hashable {
        /// `content-length` on each frame that may have a body, unless the headers already contain it.
        case automatic
        /// Never: ActiveMQ handles a message without it as a text message. The body must then not contain a NUL.
        case omitted
    }

    /// The negotiated version; nil before negotiation.
    public var version: STOMPVersion?

    /// Creates an encoder.
    ///
    /// - Parameter version: the negotiated version. Default nil: none yet.
    public init(version: STOMPVersion? = nil) {
        self.version = version
    }

    /// Appends a frame to `buffer`.
    ///
    /// - Throws: ``STOMPProtocolError`` if the version does not define such a frame or cannot encode its content,
    ///   or if the frame would be larger than ``FrameLimits/largestFrame``; `buffer` is then unchanged.
    public func encode(
        _ command: Command, _ headers: HeaderList = [:], body: ByteBuffer = ByteBuffer(),
        contentLength: ContentLength = .automatic, into buffer: inout ByteBuffer
    ) throws(STOMPProtocolError) {
        _ = try write(command, headers, body, contentLength, &buffer)
    }

    /// Encodes a frame into a new buffer.
    ///
    /// - Throws: as ``encode(_:_:body:contentLength:into:)`` does.
    public func frame(
        _ command: Command, _ headers: HeaderList = [:], body: ByteBuffer = ByteBuffer(),
        contentLength: ContentLength = .automatic
    ) throws(STOMPProtocolError) -> Frame {
        var bytes = ByteBuffer()
        let (headerBlock, bodyRange) = try write(command, headers, body, contentLength, &bytes)
        return Frame(
            command: command, bytes: bytes, escaping: HeaderEscaping(command: command, version: version),
            headerBlock: headerBlock, stripsCarriageReturn: false, bodyRange: bodyRange)
    }

    /// Returns the ranges of the header lines and the body, relative to the frame's first byte.
    private func write(
        _ command: Command, _ headers: HeaderList, _ body: ByteBuffer, _ contentLength: ContentLength,
        _ buffer: inout ByteBuffer
    ) throws(STOMPProtocolError) -> (headers: Range<Int>, body: Range<Int>) {
        if let version, version < command.since {
            throw STOMPProtocolError(.local, .notInThisVersion(command, version))
        }
        if body.readableBytes > 0, !command.allowsBody(in: version) {
            throw STOMPProtocolError(.local, .bodyNotAllowed(command))
        }
        // Each byte of a header may become two. The 64 bytes cover the command, our content-length and the line ends.
        let most = headers.reduce(64 + body.readableBytes) { $0 + 2 * ($1.name.utf8.count + $1.value.utf8.count + 1) }
        guard most <= FrameLimits.largestFrame else {
            throw STOMPProtocolError(.local, .frameTooLarge(limit: FrameLimits.largestFrame))
        }
        var headerBlock = 0..<0
        var bodyRange = 0..<0
        try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: most) { space throws(STOMPProtocolError) in
            var writer = ByteWriter(space)
            writer.write(command.rawValue)
            writer.write(.lineFeed)
            let headersStart = writer.count
            let escaping = HeaderEscaping(command: command, version: version)
            for header in headers {
                try write(header, escaping, command, &writer)
            }
            if headers.contains("content-length") {
                let length = String(body.readableBytes)
                if let wrong = headers.first(where: { $0.name == "content-length" && $0.value != length }) {
                    throw STOMPProtocolError(.local, .wrongContentLength(wrong.value, body: body.readableBytes))
                }
            } else if contentLength == .automatic, command.allowsBody(in: nil) {
                writer.write("content-length:")
                writer.write(String(body.readableBytes))
                writer.write(.lineFeed)
            } else if body.readableBytesView.contains(.null) {
                throw STOMPProtocolError(.local, .nulInBody)
            }
            headerBlock = headersStart..<writer.count
            writer.write(.lineFeed)
            let bodyStart = writer.count
            body.withUnsafeReadableBytes { writer.write($0) }
            bodyRange = bodyStart..<writer.count
            writer.write(.null)
            return writer.count
        }
        return (headerBlock, bodyRange)
    }

    private func write(
        _ header: Header, _ escaping: HeaderEscaping, _ command: Command, _ writer: inout ByteWriter
    ) throws(STOMPProtocolError) {
        guard !header.name.isEmpty else {
            throw STOMPProtocolError(.local, .headerWithoutName(command))
        }
        try write(header.name, isName: true, of: header, escaping, command, &writer)
        writer.write(.colon)
        try write(header.value, isName: false, of: header, escaping, command, &writer)
        writer.write(.lineFeed)
    }

    private func write(
        _ text: String, isName: Bool, of header: Header, _ escaping: HeaderEscaping, _ command: Command,
        _ writer: inout ByteWriter
    ) throws(STOMPProtocolError) {
        for byte in text.utf8 {
            // No other byte has a special meaning in a header.
            guard byte <= .carriageReturn || byte == .colon || byte == .backslash else {
                writer.write(byte)
                continue
            }
            if let letter = escaping.escaped(byte) {
                writer.write(.backslash)
                writer.write(letter)
                continue
            }
            let endsHeader = byte == .lineFeed || byte == .carriageReturn || (byte == .colon && isName)
            guard byte != .null, !endsHeader else {
                throw STOMPProtocolError(.local, .headerCannotCarry(byte, name: header.name, of: command, version))
            }
            writer.write(byte)
        }
    }
}

/// Writes into memory whose size was calculated before.
private struct ByteWriter {
    private let space: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ space: UnsafeMutableRawBufferPointer) {
        self.space = space
    }

    mutating func write(_ byte: UInt8) {
        space[count] = byte
        count += 1
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) {
        UnsafeMutableRawBufferPointer(rebasing: space[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }
}

/// Support for brokers: copies headers of a frame into a frame of another session, which may use another version.
extension FrameEncoder {
    /// Appends the header lines of `frame` in their order, including repeated ones, except the names in `dropped`.
    ///
    /// A byte that this version cannot encode, such as a line feed in 1.0, is written as the text of its STOMP 1.2
    /// escape, so that it is not lost silently.
    public func relayHeaders(of frame: Frame, except dropped: [String] = [], into buffer: inout ByteBuffer) {
        let escaping = HeaderEscaping(command: .message, version: version)
        frame.headers.forEachBytes { name, value in
            if !dropped.contains(where: { name.equals($0) }) { relay(name, value, escaping, into: &buffer) }
        }
    }

    /// Appends one header line. A byte that this version cannot encode is written as the text of its STOMP 1.2 escape.
    public func relayHeader(_ name: String, _ value: String, into buffer: inout ByteBuffer) {
        var (name, value) = (name, value)
        let escaping = HeaderEscaping(command: .message, version: version)
        name.withUTF8 { name in
            value.withUTF8 { value in
                relay(UnsafeRawBufferPointer(name), UnsafeRawBufferPointer(value), escaping, into: &buffer)
            }
        }
    }

    private func relay(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ escaping: HeaderEscaping,
        into buffer: inout ByteBuffer
    ) {
        relay(name, isName: true, escaping, into: &buffer)
        buffer.writeInteger(UInt8.colon)
        relay(value, isName: false, escaping, into: &buffer)
        buffer.writeInteger(UInt8.lineFeed)
    }

    private func relay(
        _ bytes: UnsafeRawBufferPointer, isName: Bool, _ escaping: HeaderEscaping, into buffer: inout ByteBuffer
    ) {
        guard bytes.contains(where: { $0 <= .carriageReturn || $0 == .colon || $0 == .backslash }) else {
            buffer.writeBytes(bytes)
            return
        }
        for byte in bytes {
            if let letter = escaping.escaped(byte) {
                buffer.writeBytes([.backslash, letter])
            } else if byte == .lineFeed || byte == .carriageReturn || (byte == .colon && isName),
                let letter = HeaderEscaping.v12.escaped(byte)
            {
                // Here the backslash is an ordinary character, so it is escaped too if the version has escapes.
                if escaping.escaped(.backslash) != nil { buffer.writeInteger(UInt8.backslash) }
                buffer.writeBytes([.backslash, letter])
            } else if byte != .null {
                buffer.writeInteger(byte)
            }
        }
    }
}
