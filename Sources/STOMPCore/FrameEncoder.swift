import NIOCore

/// Writes frames, and refuses those that the version forbids.
public struct FrameEncoder: Sendable {
    /// Whether a body is announced by its length.
    public enum ContentLength: Sendable, Hashable {
        /// `content-length` on each frame that may have a body, unless the headers already hold it.
        case automatic
        /// Never: what ActiveMQ takes for a text message. The body must then hold no NUL.
        case omitted
    }

    /// The version that the session agreed on; nil before that.
    public var version: STOMPVersion?

    public init(version: STOMPVersion? = nil) {
        self.version = version
    }

    /// Appends a frame to `buffer`.
    ///
    /// - Throws: ``STOMPProtocolError`` with ``STOMPProtocolError/Code/notInThisVersion``,
    ///   ``STOMPProtocolError/Code/cannotBeEncoded``, ``STOMPProtocolError/Code/bodyNotAllowed`` or
    ///   ``STOMPProtocolError/Code/contentLengthMismatch``; `buffer` is then as it was.
    public func encode(
        _ command: Command, _ headers: HeaderList = [:], body: ByteBuffer = ByteBuffer(),
        contentLength: ContentLength = .automatic, into buffer: inout ByteBuffer
    ) throws(STOMPProtocolError) {
        let start = buffer.writerIndex
        do throws(STOMPProtocolError) {
            _ = try write(command, headers, body, contentLength, &buffer)
        } catch {
            buffer.moveWriterIndex(to: start)
            throw error
        }
    }

    /// A frame in a buffer of its own.
    ///
    /// - Throws: as ``encode(_:_:body:contentLength:into:)`` does.
    public func frame(
        _ command: Command, _ headers: HeaderList = [:], body: ByteBuffer = ByteBuffer(),
        contentLength: ContentLength = .automatic
    ) throws(STOMPProtocolError) -> Frame {
        var bytes = ByteBufferAllocator().buffer(capacity: 128 + 48 * headers.count + body.readableBytes)
        let (headerBlock, bodyRange) = try write(command, headers, body, contentLength, &bytes)
        return Frame(
            command: command, bytes: bytes, escaping: HeaderEscaping(command: command, version: version),
            headerBlock: headerBlock, stripsCarriageReturn: false, bodyRange: bodyRange)
    }

    /// Returns where the header lines and the body stand, counted from the frame's first octet.
    private func write(
        _ command: Command, _ headers: HeaderList, _ body: ByteBuffer, _ contentLength: ContentLength,
        _ buffer: inout ByteBuffer
    ) throws(STOMPProtocolError) -> (headers: Range<Int>, body: Range<Int>) {
        if let version, version < command.since {
            throw STOMPProtocolError(.notInThisVersion, "STOMP \(version) has no \(command)")
        }
        if body.readableBytes > 0, !command.allowsBody(in: version) {
            throw STOMPProtocolError(.bodyNotAllowed, "a \(command) frame may have no body")
        }
        let start = buffer.writerIndex
        buffer.writeString(command.rawValue)
        buffer.writeInteger(UInt8.lineFeed)
        let headersStart = buffer.writerIndex - start
        let escaping = HeaderEscaping(command: command, version: version)
        for header in headers {
            try write(header, escaping, command, &buffer)
        }
        if let announced = headers["content-length"] {
            guard announced == String(body.readableBytes) else {
                throw STOMPProtocolError(
                    .contentLengthMismatch,
                    "content-length is \(announced), but the body has \(body.readableBytes) octets")
            }
        } else if contentLength == .automatic, command.allowsBody(in: nil) {
            buffer.writeString("content-length:\(body.readableBytes)\n")
        } else if body.readableBytesView.contains(.null) {
            throw STOMPProtocolError(
                .cannotBeEncoded, "the body holds a NUL, which needs a content-length before it")
        }
        let headersEnd = buffer.writerIndex - start
        buffer.writeInteger(UInt8.lineFeed)
        let bodyStart = buffer.writerIndex - start
        buffer.writeImmutableBuffer(body)
        let bodyEnd = buffer.writerIndex - start
        buffer.writeInteger(UInt8.null)
        return (headersStart..<headersEnd, bodyStart..<bodyEnd)
    }

    private func write(
        _ header: Header, _ escaping: HeaderEscaping, _ command: Command, _ buffer: inout ByteBuffer
    ) throws(STOMPProtocolError) {
        guard !header.name.isEmpty else {
            throw STOMPProtocolError(.cannotBeEncoded, "a header of \(command) has no name")
        }
        try write(header.name, isName: true, of: header, escaping, command, &buffer)
        buffer.writeInteger(UInt8.colon)
        try write(header.value, isName: false, of: header, escaping, command, &buffer)
        buffer.writeInteger(UInt8.lineFeed)
    }

    private func write(
        _ text: String, isName: Bool, of header: Header, _ escaping: HeaderEscaping, _ command: Command,
        _ buffer: inout ByteBuffer
    ) throws(STOMPProtocolError) {
        let special = text.utf8.contains { octet in
            octet <= .carriageReturn || octet == .colon || octet == .backslash
        }
        guard special else {
            buffer.writeString(text)
            return
        }
        for octet in text.utf8 {
            if let letter = escaping.escaped(octet) {
                buffer.writeInteger(UInt8.backslash)
                buffer.writeInteger(letter)
                continue
            }
            let endsHeader = octet == .lineFeed || octet == .carriageReturn || (octet == .colon && isName)
            guard octet != .null, !endsHeader else {
                throw STOMPProtocolError(.cannotBeEncoded, cannotCarry(octet, header, command))
            }
            buffer.writeInteger(octet)
        }
    }

    private func cannotCarry(_ octet: UInt8, _ header: Header, _ command: Command) -> String {
        let what =
            switch octet {
            case .null: "a NUL"
            case .lineFeed: "a line feed"
            case .carriageReturn: "a carriage return"
            default: "a colon in its name"
            }
        let holder = "the header \(header.name.debugDescription) of \(command)"
        guard octet != .null else { return "\(holder) holds \(what), which no version can carry" }
        let version = version.map { "STOMP \($0)" } ?? "this frame"
        return "\(holder) holds \(what), which \(command == .connect ? "CONNECT" : version) cannot carry"
    }
}
