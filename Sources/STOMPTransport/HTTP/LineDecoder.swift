import NIOCore

/// Takes lines out of a stream of text, in whatever pieces it comes. A line ends with LF, CR LF, or CR.
struct LineDecoder {
    private let limit: Int
    private var buffer = ByteBuffer()
    /// How much of the buffer has been searched in vain for the end of the line.
    private var searched = 0
    /// The last line was ended by a CR, and the LF behind it is still to come, if there is one.
    private var skipsLineFeed = false

    /// - Parameter limit: the most bytes of a line.
    init(limit: Int) { self.limit = limit }

    mutating func append(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            buffer.discardReadBytes()
            buffer.writeImmutableBuffer(bytes)
        }
    }

    /// The next line that is whole, without its end.
    ///
    /// - Throws: ``TransportError/Kind/limitExceeded`` where a line is longer than the limit, whole or not.
    mutating func next() throws(TransportError) -> ByteBuffer? {
        if skipsLineFeed, let first = buffer.readableBytesView.first {
            if first == UInt8(ascii: "\n") { buffer.moveReaderIndex(forwardBy: 1) }
            skipsLineFeed = false
        }
        let unsearched = buffer.readableBytesView.dropFirst(searched)
        guard let end = unsearched.firstIndex(where: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) else {
            searched = buffer.readableBytes
            try check(searched)
            return nil
        }
        searched = 0
        try check(end - buffer.readerIndex)
        let line = buffer.readSlice(length: end - buffer.readerIndex)
        skipsLineFeed = buffer.readInteger(as: UInt8.self) == UInt8(ascii: "\r")
        return line
    }

    /// What has come of a line whose end has not.
    var rest: ByteBuffer? { buffer.readableBytes > 0 ? buffer : nil }

    private func check(_ length: Int) throws(TransportError) {
        guard length > limit else { return }
        throw TransportError.http(.lineTooLong(limit: limit))
    }
}
