import NIOCore
import STOMPCore

/// Takes STOMP frames out of a stream for as long as there are any, and gives everything else as it came.
struct RawFrameReader {
    enum Element {
        case frame(Frame)
        case heartBeat
        case bytes(ByteBuffer)
    }

    private var decoder: FrameDecoder
    /// What came behind the last whole frame.
    private var undecoded = ByteBuffer()
    /// Why what comes is no STOMP any more, once it is not.
    private(set) var failure: STOMPProtocolError?
    /// Whether a frame has come.
    private(set) var hadFrame = false
    /// What came first, as far as it takes to tell one protocol from another.
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

    /// What has come of a frame whose rest has not.
    mutating func takeRest() -> ByteBuffer? {
        defer { undecoded = ByteBuffer() }
        return undecoded.readableBytes > 0 ? undecoded : nil
    }
}
