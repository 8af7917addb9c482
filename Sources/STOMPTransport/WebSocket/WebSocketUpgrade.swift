import NIOCore
import NIOHTTP1
import NIOPosix

/// The client's way from an open connection to a WebSocket. It lives on the event loop of the channel.
final class WebSocketUpgrade {
    private let channel: any Channel
    private let request: WebSocketRequest
    private let options: TransportOptions
    private let tls: TLSSummary?
    private let receiver: TransportReceiverFactory
    private let recorder: HTTPHeadRecorder
    private let promise: EventLoopPromise<any TransportStream>
    private var refusal: HTTPRefusalHandler?

    init(
        _ channel: any Channel, request: WebSocketRequest, options: TransportOptions, tls: TLSSummary?,
        receiver: @escaping TransportReceiverFactory
    ) {
        self.channel = channel
        self.request = request
        self.options = options
        self.tls = tls
        self.receiver = receiver
        recorder = HTTPHeadRecorder(trace: options.trace)
        promise = channel.eventLoop.makePromise()
    }

    /// Asks for the upgrade. The future fails with a ``TransportError``; closing the channel is the caller's part.
    func run() -> EventLoopFuture<any TransportStream> {
        do {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(recorder)
            let upgraded = try pipeline.configureUpgradableHTTPClientPipeline(configuration: configuration)
            try channel.syncOptions?.setOption(.autoRead, value: true)
            upgraded.assumeIsolated().whenComplete { result in
                switch result {
                case .success(let description?): self.promise.completeWith(Result { try self.stream(description) })
                case .success(nil): break  // The refusal's end is still to come.
                case .failure(let error): self.promise.fail(self.transportError(error))
                }
            }
            channel.closeFuture.assumeIsolated().whenComplete { _ in
                self.promise.fail(self.timelessRefusal ?? self.transportError(ChannelError.eof))
            }
        } catch {
            promise.fail(transportError(error))
        }
        return promise.futureResult
    }

    /// The refusal, as far as it has come: a body that does not end must not hide the status.
    var timelessRefusal: TransportError? { refusal.flatMap { transportError(refusedBy: $0) } }

    private var configuration: NIOUpgradableHTTPClientPipelineConfiguration<TransportDescription?> {
        let upgrade = NIOLoopBound(self, eventLoop: channel.eventLoop)
        let upgrader = Upgrader(headers: request.head.headers) { head in upgrade.value.open(head) }
        var configuration = NIOUpgradableHTTPClientPipelineConfiguration(
            upgradeConfiguration: .init(upgradeRequestHead: request.head, upgraders: [upgrader]) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try upgrade.value.refused()
                    return nil
                }
            })
        // Without it, frames that came with the 101 would be lost.
        configuration.leftOverBytesStrategy = .forwardBytes
        configuration.decoderConfiguration.maxHeaderListSize = 64 << 10
        return configuration
    }

    /// The 101 has come and the HTTP handlers are gone.
    private func open(_ head: HTTPResponseHead) -> EventLoopFuture<TransportDescription?> {
        channel.eventLoop.makeCompletedFuture {
            let agreement = try request.agreement(with: head)
            if let compression = agreement.compression {
                options.trace.record(.layers) {
                    WireEvent(.ws, .local, .layers, .compressionAgreed(compression.answer))
                }
            } else if options.offersCompression {
                options.trace.record(.layers) { WireEvent(.ws, .local, .layers, .compressionDeclined) }
            }
            let description = TransportDescription(
                .webSocket, remoteAddress: addressText(channel.remoteAddress),
                subprotocol: agreement.subprotocol, tlsSummary: tls)
            channel.pipeline.syncOperations.removeHandler(recorder, promise: nil)
            let handler = try WebSocketHandler(role: .client, options: options, compression: agreement.compression)
            try channel.pipeline.syncOperations.addHandler(handler)
            return description
        }
    }

    /// The upgrade is over and nothing that came behind the 101 has been passed on. Not earlier: NIO's upgrade handler
    /// refuses what a receiver writes while it is at work.
    private func stream(_ description: TransportDescription) throws -> any TransportStream {
        try StreamPipeline.end(channel, description: description, receiver: receiver)
    }

    /// Something else than a 101 has come.
    private func refused() throws {
        let refusal = HTTPRefusalHandler()
        self.refusal = refusal
        try channel.pipeline.syncOperations.addHandler(refusal)
        // Weak, as this object holds the handler; it lives for as long as the channel.
        refusal.whenWhole = { [weak self, promise] in
            guard let self else { return }
            promise.fail(self.timelessRefusal ?? self.transportError(ChannelError.eof))
        }
    }

    private func transportError(refusedBy handler: HTTPRefusalHandler) -> TransportError? {
        guard let head = handler.head else { return nil }
        // The codec puts its own phrase in place of the server's.
        let words = recorder.firstLine.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        let isItsLine = words.count > 1 && words[1] == "\(head.status.code)"
        let reason = isItsLine ? (words.count > 2 ? String(words[2]) : "") : head.status.reasonPhrase
        let refusal = HTTPRefusal(head, reason: reason, body: String(buffer: handler.body))
        switch refusal.status {
        case 401, 403:
            return .webSocket(
                .refused(url: request.url, refusal, origin: request.origin, ownOrigin: request.ownOrigin))
        default: return .webSocket(.notUpgraded(url: request.url, refusal, sockJS: nil))
        }
    }

    private func transportError(_ error: any Error) -> TransportError {
        if let failure = recorder.failure { return failure }
        let peer = addressText(channel.remoteAddress)
        switch error {
        case let error as TransportError:
            return error
        case let error as NIOHTTPClientUpgradeError where error == .responseProtocolNotFound:
            return .webSocket(.noUpgradeHeader(from: request.url))
        case is IOError:
            return TransportError(breaking: error, with: peer)
        default:
            break
        }
        if recorder.incoming.readableBytes == 0 {
            return .http(.connectionClosed(beforeAnswerTo: request.summary))
        }
        return .http(recorder.violation(by: request.url))
    }
}

/// Sends the request as it was made, and leaves the judgement of the answer to `open`, which can say what is wrong.
private struct Upgrader: NIOTypedHTTPClientProtocolUpgrader {
    let headers: HTTPHeaders
    let open: @Sendable (HTTPResponseHead) -> EventLoopFuture<TransportDescription?>

    var supportedProtocol: String { "websocket" }
    var requiredUpgradeHeaders: [String] { [] }

    func addCustom(upgradeRequestHeaders: inout HTTPHeaders) { upgradeRequestHeaders = headers }
    func shouldAllowUpgrade(upgradeResponse: HTTPResponseHead) -> Bool { true }

    func upgrade(channel: any Channel, upgradeResponse: HTTPResponseHead) -> EventLoopFuture<TransportDescription?> {
        open(upgradeResponse)
    }
}
