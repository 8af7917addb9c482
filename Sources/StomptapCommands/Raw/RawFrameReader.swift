import NIOCore
import STOMPCore

/// Decodes STOMP frames from a stream while it is valid STOMP, and returns everything else as raw bytes.
struct RawFrameReader {
    enum Element {
        case frame(Frame)
        case heartBeat
        case bytes(ByteBuffer)
    }

    private var decoder: FrameDecoder
    /// Bytes after the last complete frame.
    private var undecoded = ByteBuffer()
    /// Why the stream is no longer valid STOMP; nil while it is.
    private(set) var failure: STOMPProtocolError?
    /// Whether a frame was received.
    private(set) var hadFrame = false
    /// The first bytes received, enough to identify the protocol.
    private(set) var firstBytes: [UInt8] = []

    init(limits: FrameLimits) {
        decoder = FrameDecoder(limits: limits)
    }

    mutating func read(_ bytes: ByteBuffer) -> [Element] {
        if firstBytes.count < 8 { firstBytes += bytes.readableBytesView.prefix(8 - firstBytes.count) }
        guard failure == nil else { return [.bytes(bytes)] }
        var elements: [Element] = []
        if undecoded.readableBytes == 0 { undecoded = bytes } else { undecoded.writeImmutableBuffer(bytes) }
        decoder.feed(bytes)
        do throws(STOMPProtocolError) {
            while let element = try decoder.next() {
                switch element {
                case .heartBeat: elements.append(.heartBeat)
                case .frame(let frame):
                    hadFrame = true
                    elements.append(.frame(frame))
                    if frame.command == .connected {
                        decoder.version = frame.headers["version"].flatMap(STOMPVersion.init(rawValue:)) ?? .v10
                    }
                }
                undecoded.moveReaderIndex(forwardBy: undecoded.readableBytes - decoder.bufferedBytes)
            }
            if decoder.bufferedBytes == 0 { undecoded = ByteBuffer() }
        } catch {
            failure = error
            if let rest = takeRest() { elements.append(.bytes(rest)) }
        }
        return elements
    }

    /// Removes and returns the bytes of an incomplete frame.
    mutating func takeRest() -> ByteBuffer? {
        defer { undecoded = ByteBuffer() }
        return undecoded.readableBytes > 0 ? undecoded : nil
    }
}
