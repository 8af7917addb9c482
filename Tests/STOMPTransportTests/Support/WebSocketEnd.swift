import NIOCore
import NIOEmbedded

@testable import STOMPTransport

/// One end of a WebSocket in an embedded channel.
final class WebSocketEnd {
    let channel = EmbeddedChannel()
    private let ground = Ground()
    private let told = Told()

    init(
        _ role: WebSocketHandler.Role = .client, compression: PerMessageDeflate? = nil, chunkedAnswer: String? = nil,
        _ configure: (inout TransportOptions) -> Void = { _ in }
    ) throws {
        var options = TransportOptions()
        configure(&options)
        try channel.pipeline.syncOperations.addHandler(ground)
        let handler = try WebSocketHandler(
            role: role, options: options, compression: compression, chunkedAnswer: chunkedAnswer)
        try channel.pipeline.syncOperations.addHandlers(handler, told)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        channel.pipeline.fireChannelReadComplete()
    }

    deinit { _ = try? channel.finish(acceptAlreadyClosed: true) }

    var messages: [String] { told.messages.map { String(buffer: $0) } }
    var events: [TransportEvent] { told.events }
    var error: TransportError? { told.error }
    /// The error that ended the stream while the connection is still open.
    var failure: TransportError? { told.failure }
    /// Whether the connection below was asked to close.
    var isEnding: Bool { ground.isEnding }

    func receive(_ bytes: [UInt8], split: Int = .max) {
        var rest = ByteBuffer(bytes: bytes)
        while let piece = rest.readSlice(length: min(split, max(1, rest.readableBytes))) {
            channel.pipeline.fireChannelRead(piece)
            channel.pipeline.fireChannelReadComplete()
        }
    }

    /// Resumes or pauses reading.
    func setReading(_ isOn: Bool) {
        channel.triggerUserOutboundEvent(StreamReading(isOn: isOn), promise: nil)
        channel.embeddedEventLoop.run()
    }

    func send(_ text: String) { send(Array(text.utf8)) }
    func send(_ bytes: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }

    /// All sent bytes.
    func sent() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { bytes += buffer.readableBytesView }
        return bytes
    }
}

/// Stands in for the connection below, and records that it was asked to close.
private final class Ground: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    var isEnding = false

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        if event is StreamClosing { isEnding = true }
    }
}

private final class Told: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    var messages: [ByteBuffer] = []
    var events: [TransportEvent] = []
    var error: TransportError?
    var failure: TransportError?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { messages.append(Self.unwrapInboundIn(data)) }
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? TransportEvent { events.append(event) }
        if let failure = event as? StreamFailure { self.failure = failure.error }
    }
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.error = self.error ?? error as? TransportError
    }
}

/// A frame as a server sends it, or as a client does if `key` is given.
func wireFrame(_ first: UInt8, _ payload: [UInt8], key: [UInt8]? = nil) -> [UInt8] {
    let mask: UInt8 = key == nil ? 0 : 0x80
    var bytes = [first]
    switch payload.count {
    case ...125: bytes.append(mask | UInt8(payload.count))
    case ...0xFFFF: bytes += [mask | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
    default: bytes += [mask | 127] + (0..<8).reversed().map { UInt8(payload.count >> ($0 * 8) & 0xFF) }
    }
    guard let key else { return bytes + payload }
    return bytes + key + payload.enumerated().map { $1 ^ key[$0 % 4] }
}

func wireFrame(_ first: UInt8, _ text: String, key: [UInt8]? = nil) -> [UInt8] {
    wireFrame(first, Array(text.utf8), key: key)
}
