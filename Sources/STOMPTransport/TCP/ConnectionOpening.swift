import NIOCore

/// What is made of a connection once it stands, and once it is safe where it has to be.
struct ConnectionOpening<Product: Sendable> {
    /// The layer that is waited for then.
    let layer: TransportError.Layer
    /// What is to be answered then, where that is HTTP.
    var request: HTTPRequestSummary?
    let open: (any Channel, TLSSummary?) -> EventLoopFuture<Product>
    /// Whether the connection ends as a whole when the peer ends its half: not where both halves are passed on.
    var endsAsWhole = true
    /// What has failed already at the deadline, so that the deadline is not the cause.
    var refusal: () -> TransportError? = { nil }
}

extension ConnectionOpening<any TransportStream> {
    /// A plain stream of bytes.
    static func tcp(options: TransportOptions, receiver: @escaping TransportReceiverFactory) -> Self {
        Self(layer: .tcp) { channel, tls in
            channel.eventLoop.makeCompletedFuture {
                try StreamPipeline.endTCP(channel, options: options, tls: tls, receiver: receiver)
            }
        }
    }

    /// A stream of WebSocket messages.
    static func webSocket(
        _ request: WebSocketRequest, options: TransportOptions, receiver: @escaping TransportReceiverFactory
    ) -> Self {
        var upgrade: WebSocketUpgrade?
        return Self(layer: .http, request: request.summary) { channel, tls in
            let started = WebSocketUpgrade(channel, request: request, options: options, tls: tls, receiver: receiver)
            upgrade = started
            return started.run()
        } refusal: {
            upgrade?.timelessRefusal
        }
    }
}
