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

extension TransportError {
    /// What a refused upgrade means, and what may help.
    ///
    /// - Parameter location: where a redirection leads.
    init(_ refusal: HTTPRefusal, of request: WebSocketRequest, location: String?) {
        let reason = refusal.reason.isEmpty ? "" : " " + printable(refusal.reason)
        let answer = "\(refusal.status)\(reason) from \(request.url)"
        switch refusal.status {
        case 401:
            self.init(
                .refused, .webSocket, answer,
                remedy: "give credentials, such as --http-header 'Authorization: Bearer TOKEN'", response: refusal)
        case 403 where request.origin != nil:
            let own = request.ownOrigin
            self.init(
                .refused, .webSocket, "\(answer): the server refused this origin",
                remedy: request.origin == own ? "try --origin with the URL of its own pages" : "try --origin \(own)",
                response: refusal)
        case 403:
            self.init(
                .refused, .webSocket, answer,
                remedy: "try --origin \(request.ownOrigin), or credentials by --http-header or --cookie",
                response: refusal)
        case 300..<400:
            self.init(
                .protocolViolation, .webSocket, "\(answer), not a WebSocket upgrade",
                remedy: location.map { "it redirects to \(printable($0))" }, response: refusal)
        case 400 where refusal.saysPortWantsTLS:
            self.init(
                .protocolViolation, .webSocket, "\(answer): this port speaks TLS", remedy: "try wss://",
                response: refusal)
        default:
            self.init(
                .protocolViolation, .webSocket, "\(answer), not a WebSocket upgrade", remedy: refusal.remedy,
                response: refusal)
        }
    }
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
