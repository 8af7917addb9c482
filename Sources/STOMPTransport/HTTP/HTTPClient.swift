import NIOCore
import NIOHTTP1

/// Sends HTTP requests to one server, and reuses connections if the server allows it. It must be used on its event
/// loop.
final class HTTPClient {
    /// The maximum number of idle connections kept for reuse.
    static let maximumIdle = 2

    let target: TransportTarget
    let site: HTTPSite
    let eventLoop: any EventLoop
    private let options: TransportOptions
    private let tls: TLSContext?
    private var idle: [HTTPConnection] = []
    /// The cookies that the server has set, and those given at the start.
    private(set) var cookies: CookieJar
    /// The TLS summary of the first connection, for display.
    private(set) var tlsSummary: TLSSummary?

    init(_ target: TransportTarget, options: TransportOptions, tls: TLSContext?, eventLoop: any EventLoop) {
        self.target = target
        self.options = options
        self.tls = tls
        self.eventLoop = eventLoop
        site = HTTPSite(target)
        cookies = CookieJar(options.cookie)
    }

    /// The options with the current cookies.
    var presentOptions: TransportOptions {
        var options = options
        options.cookie = cookies.header
        return options
    }

    /// Sends a request. Its events are delivered later, never during this call.
    ///
    /// - Parameters:
    ///   - body: the body of a `POST`; nil is an empty body.
    ///   - deadline: the deadline for opening a connection, if a new one is needed. It does not limit the response.
    /// - Throws: ``TransportError`` with ``TransportError/Kind/badConfiguration`` if the request would not be
    ///   valid HTTP.
    func send(
        _ method: HTTPMethod, _ requestTarget: String, _ headers: [(String, String)] = [], body: ByteBuffer? = nil,
        deadline: NIODeadline, handler: @escaping (HTTPExchange.Event) -> Void
    ) throws(TransportError) -> HTTPExchange {
        var headers = headers
        if method == .POST { headers.append(("Content-Length", "\(body?.readableBytes ?? 0)")) }
        let head = try site.head(method, requestTarget, headers, options: presentOptions)
        let exchange = HTTPExchange(
            url: site.url(head.uri), isSecure: site.isSecure, head: head, body: body, identity: options.identity
        ) { [weak self] event in
            if case .head(let head) = event { self?.cookies.store(head.headers) }
            handler(event)
        }
        eventLoop.assumeIsolated().execute { self.start(exchange, deadline: deadline) }
        return exchange
    }

    /// Closes the idle connections.
    func close() {
        for connection in idle { connection.abort() }
        idle = []
    }

    private func start(_ exchange: HTTPExchange, deadline: NIODeadline) {
        guard !exchange.isOver else { return }
        while let connection = idle.popLast() {
            if connection.isUsable { return connection.start(exchange) }
            connection.abort()
        }
        connect(exchange, deadline: deadline)
    }

    private func connect(_ exchange: HTTPExchange, deadline: NIODeadline) {
        var connection: HTTPConnection?
        let opening = ConnectionOpening<any Channel>(layer: .http, request: exchange.summary) {
            [options] channel, tls in
            channel.eventLoop.makeCompletedFuture {
                connection = try HTTPConnection.add(to: channel, tls: tls, trace: options.trace)
                return channel
            }
        }
        let attempt = ConnectionAttempt(
            target: target, opening: opening, options: options, tls: tls, eventLoop: eventLoop, deadline: deadline)
        exchange.stopConnecting = { attempt.cancel() }
        attempt.future.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel):
                guard let connection, !exchange.isOver else { return channel.close(promise: nil) }
                self.tlsSummary = self.tlsSummary ?? connection.tls
                connection.whenIdle = { [weak self] in self?.keep($0) }
                connection.start(exchange)
            case .failure(let error):
                exchange.receive(.failed(TransportError(breaking: error, with: self.site.host)))
            }
        }
        attempt.run()
    }

    private func keep(_ connection: HTTPConnection) {
        guard idle.count < Self.maximumIdle else { return connection.abort() }
        idle.append(connection)
    }
}
