import NIOCore

/// What may be the matter where a WebSocket is refused: that the URL is one for SockJS.
struct SockJSHint {
    /// How long the server is asked about it at most.
    static let patience = TimeAmount.seconds(2)

    private let target: TransportTarget
    private let location: SockJSLocation
    private let refusal: TransportError
    private let endsInSlash: Bool

    /// - Returns: nil where the refusal says enough.
    init?(refusal: TransportError, of target: TransportTarget) {
        guard case .webSocket(let path) = target.kind, let status = refusal.response?.status,
            ![401, 403].contains(status)
        else { return nil }
        self.target = target
        self.refusal = refusal
        location = SockJSLocation(base: path)
        endsInSlash = path.prefix { $0 != "?" }.hasSuffix("/") && !location.path.isEmpty
        if location.path.hasSuffix("/websocket") { return nil }
    }

    /// The refusal, with the URLs that work.
    var error: TransportError {
        var error = refusal
        let site = HTTPSite(target)
        let advice =
            "this is a SockJS endpoint: use \(site.url(location.base)), or \(site.webSocketURL(location.plainWebSocket))"
        error.remedy = endsInSlash ? "leave out the slash at the end of the path; \(advice)" : advice
        return error
    }

    /// Asks the server.
    func isTrue(
        options: TransportOptions, tls: TLSContext?, on eventLoop: any EventLoop, deadline: NIODeadline
    ) async -> Bool {
        let promise = eventLoop.makePromise(of: Bool.self)
        eventLoop.execute {
            let http = HTTPClient(target, options: options, tls: tls, eventLoop: eventLoop)
            let limit = min(deadline, .now() + Self.patience)
            do throws(TransportError) {
                let exchange = try SockJSProbe.start(location, http: http, deadline: limit) { probe in
                    http.close()
                    if case .sockJS = probe { promise.succeed(true) } else { promise.succeed(false) }
                }
                let timer = eventLoop.assumeIsolated().scheduleTask(deadline: limit) { promise.succeed(false) }
                promise.futureResult.assumeIsolated().whenComplete { _ in
                    timer.cancel()
                    exchange.cancel()
                }
            } catch {
                promise.succeed(false)
            }
        }
        return (try? await promise.futureResult.get()) ?? false
    }
}
