import NIOCore

/// Takes frames out of the body of an HTTP response, in whatever pieces it comes.
package struct SockJSFrameDecoder {
    private enum Framing {
        /// xhr-streaming and xhr-polling: a frame a line.
        case lines
        /// eventsource: a frame an event.
        case events
    }

    private let framing: Framing
    private var lines: LineDecoder
    private var events: ServerSentEventDecoder

    private init(framing: Framing, limit: Int) {
        self.framing = framing
        lines = LineDecoder(limit: limit)
        events = ServerSentEventDecoder(limit: limit)
    }

    /// - Parameter limit: the most bytes of a frame.
    package static func lines(limit: Int) -> Self { Self(framing: .lines, limit: limit) }

    /// - Parameter limit: the most bytes of a frame.
    package static func events(limit: Int) -> Self { Self(framing: .events, limit: limit) }

    package mutating func append(_ bytes: ByteBuffer) {
        switch framing {
        case .lines: lines.append(bytes)
        case .events: events.append(bytes)
        }
    }

    /// The next frame that is whole, as it came.
    ///
    /// - Throws: ``TransportError/Kind/limitExceeded``.
    package mutating func next() throws(TransportError) -> ByteBuffer? {
        switch framing {
        case .lines:
            while let line = try lines.next() {
                if line.readableBytes > 0 { return line }
            }
            return nil
        case .events:
            return try events.next().map { Self.unescaped($0.data) }
        }
    }

    /// What is left when the response is whole: a line whose end was left out. An event that breaks off is none.
    package var rest: ByteBuffer? { framing == .lines ? lines.rest : nil }

    /// Undoes the percent-encoding that servers apply to event streams, as node-sockjs does, and browsers undo: of `%`
    /// itself, and of NUL, CR and LF. Where any other `%` stands, the server applies none, as Spring's.
    private static func unescaped(_ data: ByteBuffer) -> ByteBuffer {
        let bytes = data.readableBytesView
        guard bytes.contains(UInt8(ascii: "%")) else { return data }
        let decoded = PercentEncoding.decode(bytes, malformed: .isRefused) { byte in
            switch byte {
            case UInt8(ascii: "%"), 0x0D, 0x0A, 0: true
            default: false
            }
        }
        return decoded.map { ByteBuffer(bytes: $0) } ?? data
    }
}
