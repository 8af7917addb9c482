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

extension HTTPRefusal {
    /// What is likely the matter where something else than a WebSocket or SockJS answers.
    var remedy: String? {
        switch status {
        case 200, 404, 405: "is the path right? RabbitMQ's is /ws, Spring's what addEndpoint names"
        case 400: "is the path right, and does a proxy in front pass on the Upgrade header?"
        case 426: "does a proxy in front pass on the Upgrade header?"
        case 502, 503, 504: "a proxy in front may have no backend: is the application running, and at the proxy's port?"
        default: nil
        }
    }
}
