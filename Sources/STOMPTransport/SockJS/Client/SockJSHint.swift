import NIOCore

/// What may be the matter where a WebSocket is refused: that the URL is one for SockJS.
struct SockJSHint {
    /// How long the server is asked about it at most.
    static let timeout = TimeAmount.seconds(2)

    private let target: TransportTarget
    private let location: SockJSLocation
    private let hadSlash: Bool
    private let refusal: Refusal

    private typealias Refusal = (url: String, answer: HTTPRefusal)

    /// - Returns: nil where the error says enough, or is none that SockJS could explain.
    init?(_ error: TransportError, of target: TransportTarget) {
        guard case .webSocket(let path) = target.kind,
            case .webSocket(.notUpgraded(let url, let answer, _)) = error
        else { return nil }
        self.target = target
        refusal = (url, answer)
        location = SockJSLocation(base: path)
        hadSlash = path.prefix { $0 != "?" }.hasSuffix("/") && !location.path.isEmpty
        if location.path.hasSuffix("/websocket") { return nil }
    }

    /// The refusal, with the URLs that work.
    var error: TransportError {
        let site = HTTPSite(target)
        let address = SockJSAddress(
            url: site.url(location.base), webSocketURL: site.webSocketURL(location.plainWebSocket), hadSlash: hadSlash)
        return .webSocket(.notUpgraded(url: refusal.url, refusal.answer, sockJS: address))
    }

    /// Asks the server.
    func isTrue(
        options: TransportOptions, tls: TLSContext?, on eventLoop: any EventLoop, deadline: NIODeadline
    ) async -> Bool {
        let promise = eventLoop.makePromise(of: Bool.self)
        eventLoop.execute {
            let http = HTTPClient(target, options: options, tls: tls, eventLoop: eventLoop)
            let limit = min(deadline, .now() + Self.timeout)
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
