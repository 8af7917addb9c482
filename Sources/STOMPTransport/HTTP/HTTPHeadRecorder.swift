import NIOCore

/// Keeps the head of an HTTP answer, or what came instead of one, as it came, and shows both heads in the trace.
/// It stands below the HTTP codec, which keeps neither the reason phrase nor what it cannot read.
final class HTTPHeadRecorder: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The most octets that are kept of a head, and that informational answers (1xx) may have in all before the final one.
    static let limit = 16 << 10

    private let trace: WireTrace
    private(set) var incoming = ByteBuffer()
    /// What a layer below says is wrong: it came before anything that is made of the connection's end.
    private(set) var failure: TransportError?
    private var outgoing = ByteBuffer()
    private var informationalOctets = 0
    private var isIncomingWhole = false
    private var isOutgoingWhole = false

    init(trace: WireTrace) { self.trace = trace }

    /// The first line that came.
    var firstLine: String {
        HTTPStartLine.text(of: incoming)
    }

    /// The reason phrase of the answer.
    var reason: String {
        let words = firstLine.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        return words.count > 2 ? String(words[2]) : ""
    }

    /// The protocol of what came, where that is no HTTP.
    var foreignProtocol: ForeignProtocol? { ForeignProtocol(insteadOfHTTP: incoming.readableBytesView) }

    /// Why what came from `url` is no answer.
    func violation(by url: String) -> HTTPFailure {
        firstLine.hasPrefix("HTTP/")
            ? .malformedAnswer(of: url) : .notHTTP(from: url, firstLine: firstLine, protocol: foreignProtocol)
    }

    /// Another exchange begins on the same connection.
    func reset() {
        (incoming, outgoing) = (ByteBuffer(), ByteBuffer())
        (isIncomingWhole, isOutgoingWhole) = (false, false)
        informationalOctets = 0
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard failure == nil else { return }
        var rest = Self.unwrapInboundIn(data)
        while !isIncomingWhole, rest.readableBytes > 0 {
            keep(&rest, in: &incoming, isWhole: &isIncomingWhole, .incoming)
            guard isIncomingWhole, isInformational else { continue }
            informationalOctets += incoming.readableBytes
            (incoming, isIncomingWhole) = (ByteBuffer(), false)
            guard informationalOctets > Self.limit else { continue }
            let peer = addressText(context.channel.remoteAddress)
            let error = TransportError.http(.tooManyInformationalAnswers(from: peer, limit: Self.limit))
            failure = error
            context.fireErrorCaught(error)
            return context.close(promise: nil)
        }
        context.fireChannelRead(data)
    }

    /// Whether the head is one that another one follows. After a switch of protocols there is none.
    private var isInformational: Bool {
        let words = firstLine.split(separator: " ", maxSplits: 2)
        guard words.count > 1, words[0].hasPrefix("HTTP/"), let code = Int(words[1]) else { return false }
        return (100..<200).contains(code) && code != 101
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failure = failure ?? error as? TransportError
        context.fireErrorCaught(error)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var octets = Self.unwrapOutboundIn(data)
        keep(&octets, in: &outgoing, isWhole: &isOutgoingWhole, .outgoing)
        context.write(data, promise: promise)
    }

    /// Takes what belongs to the head from the octets.
    private func keep(
        _ octets: inout ByteBuffer, in head: inout ByteBuffer, isWhole: inout Bool, _ direction: WireEvent.Direction
    ) {
        guard !isWhole else { return }
        // The blank line that ends a head may be split between two reads.
        let searchStart = max(0, head.readableBytes - 3)
        let before = head.readableBytes
        head.writeBytes(octets.readableBytesView.prefix(Self.limit - before))
        let unread = head.readableBytesView.dropFirst(searchStart)
        if let end = unread.firstRange(of: [13, 10, 13, 10])?.upperBound {
            head = head.getSlice(at: head.readerIndex, length: end - head.readerIndex) ?? head
            isWhole = true
            octets.moveReaderIndex(forwardBy: head.readableBytes - before)
        } else if head.readableBytes >= Self.limit {
            isWhole = true
        }
        guard isWhole else { return octets = ByteBuffer() }
        trace.record(.layers) {
            WireEvent(.http, direction, .layers, .head(head), octets: head)
        }
    }
}
