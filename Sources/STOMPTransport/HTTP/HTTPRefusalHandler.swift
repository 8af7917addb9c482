import NIOCore
import NIOHTTP1

/// Collects an HTTP answer that is no upgrade: its head, and the beginning of its body.
final class HTTPRefusalHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    /// The most octets that are kept of the body.
    static let bodyLimit = 64 << 10
    /// How long the rest of the body is waited for once the head is here.
    static let patience = TimeAmount.seconds(1)

    private(set) var head: HTTPResponseHead?
    private(set) var body = ByteBuffer()
    /// Called when the answer is as whole as it is going to be; further calls mean nothing new.
    var whenWhole: () -> Void = {}

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            context.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) { self.whenWhole() }
        case .body(let part):
            body.writeBytes(part.readableBytesView.prefix(Self.bodyLimit - body.readableBytes))
            if body.readableBytes >= Self.bodyLimit { whenWhole() }
        case .end:
            whenWhole()
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { whenWhole() }
}
