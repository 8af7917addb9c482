import NIOCore

/// Keeps the head of an HTTP answer, or what came instead of one, as it came, and shows both heads in the trace.
/// It stands below the HTTP codec, which keeps neither the reason phrase nor what it cannot read.
final class HTTPHeadRecorder: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The most octets that are kept of a head.
    static let limit = 16 << 10

    private let trace: WireTrace
    private(set) var incoming = ByteBuffer()
    /// What a layer below says is wrong: it came before anything that is made of the connection's end.
    private(set) var failure: TransportError?
    private var outgoing = ByteBuffer()
    private var isIncomingWhole = false
    private var isOutgoingWhole = false

    init(trace: WireTrace) { self.trace = trace }

    /// The first line that came.
    var firstLine: String {
        String(decoding: incoming.readableBytesView.prefix { $0 != 10 && $0 != 13 }, as: Unicode.UTF8.self)
    }

    /// The reason phrase of the answer.
    var reason: String {
        let words = firstLine.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        return words.count > 2 ? String(words[2]) : ""
    }

    /// What to do where what came is no HTTP.
    var remedy: String? {
        incoming.readableBytesView.starts(with: "ERROR".utf8)
            ? "this port speaks STOMP without WebSocket: try stomp://"
            : ForeignProtocol(firstOctets: incoming.readableBytesView)?.remedy
    }

    /// Another exchange begins on the same connection.
    func reset() {
        (incoming, outgoing) = (ByteBuffer(), ByteBuffer())
        (isIncomingWhole, isOutgoingWhole) = (false, false)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        keep(Self.unwrapInboundIn(data), in: &incoming, isWhole: &isIncomingWhole, .incoming)
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failure = failure ?? error as? TransportError
        context.fireErrorCaught(error)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        keep(Self.unwrapOutboundIn(data), in: &outgoing, isWhole: &isOutgoingWhole, .outgoing)
        context.write(data, promise: promise)
    }

    private func keep(
        _ octets: ByteBuffer, in head: inout ByteBuffer, isWhole: inout Bool, _ direction: WireEvent.Direction
    ) {
        guard !isWhole else { return }
        // The blank line that ends a head may be split between two reads.
        let searchStart = max(0, head.readableBytes - 3)
        head.writeBytes(octets.readableBytesView.prefix(Self.limit - head.readableBytes))
        let unread = head.readableBytesView.dropFirst(searchStart)
        if let end = unread.firstRange(of: [13, 10, 13, 10])?.upperBound {
            head = head.getSlice(at: head.readerIndex, length: end - head.readerIndex) ?? head
            isWhole = true
        } else if head.readableBytes >= Self.limit {
            isWhole = true
        }
        guard isWhole else { return }
        trace.record(.layers) {
            let line = String(decoding: head.readableBytesView.prefix { $0 != 10 && $0 != 13 }, as: Unicode.UTF8.self)
            return WireEvent(.http, direction, .layers, line, octets: head)
        }
    }
}
