import NIOCore
import NIOHTTP1

/// Makes HTTP requests to one server, over connections that are used again where the server lets them. It lives on its
/// event loop.
final class HTTPClient {
    /// The most connections that are kept for later.
    static let maximumIdle = 2

    let target: TransportTarget
    let site: HTTPSite
    let eventLoop: any EventLoop
    private let options: TransportOptions
    private let tls: TLSContext?
    private var idle: [HTTPConnection] = []
    /// What the server has set, and what was given to begin with.
    private(set) var cookies: CookieJar
    /// The first connection's, for people.
    private(set) var tlsSummary: TLSSummary?

    init(_ target: TransportTarget, options: TransportOptions, tls: TLSContext?, eventLoop: any EventLoop) {
        self.target = target
        self.options = options
        self.tls = tls
        self.eventLoop = eventLoop
        site = HTTPSite(target)
        cookies = CookieJar(options.cookie)
    }

    /// The options with the cookies that are known by now.
    var presentOptions: TransportOptions {
        var options = options
        options.cookie = cookies.header
        return options
    }

    /// Sends a request. Its events come later, never from within this call.
    ///
    /// - Parameters:
    ///   - body: for a `POST`; none is one of no bytes.
    ///   - deadline: for a connection, where one has to be made. The answer may take as long as it likes.
    /// - Throws: ``TransportError`` with ``TransportError/Kind/badConfiguration`` where the request would be no HTTP.
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

    /// Closes the connections that nobody uses.
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
