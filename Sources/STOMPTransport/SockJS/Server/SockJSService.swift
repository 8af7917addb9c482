import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1

/// A SockJS service at the path of a WebSocket endpoint (SockJS 0.3.3, "Base URL"). It handles everything under
/// that path.
final class SockJSService: Sendable {
    private let endpoint: WebSocketEndpoint
    private let base: String
    private let options: SockJSServerOptions
    private let transportOptions: TransportOptions
    private let accept: TransportReceiverFactory
    private let sessions = NIOLockedValueBox<[String: Session]>([:])

    private struct Session {
        let session: NIOLoopBound<SockJSServerSession>
        let largestBody: NIOLockedValueBox<Int>
    }

    init(
        _ endpoint: WebSocketEndpoint, options: SockJSServerOptions, transportOptions: TransportOptions,
        accept: @escaping TransportReceiverFactory
    ) {
        self.endpoint = endpoint
        self.options = options
        self.transportOptions = transportOptions
        self.accept = accept
        base = SockJSLocation(base: endpoint.path).path
    }

    // MARK: - Routes

    /// The route of a request, or nil if the request is not for this service.
    ///
    /// - Parameter tls: the TLS layer of the connection, if any.
    func route(_ request: HTTPRequestHead, tls: TLSSummary?) -> HTTPRoute? {
        let path = request.uri.prefix { $0 != "?" }
        guard path.hasPrefix(base) else { return nil }
        let rest = path.dropFirst(base.count)
        guard rest.isEmpty || rest.hasPrefix("/") else { return nil }
        let isUpgrade = request.headers.contains(name: "Upgrade")
        if isUpgrade, options.acceptsWebSocketAtBase, path == endpoint.path { return nil }
        if rest.isEmpty || rest == "/" {
            guard !isUpgrade || options.greetsUpgrades else {
                return .exchange { $0.answer(.badRequest, HTTPHeaders()) }
            }
            return handle(request, .GET) { service, exchange in
                exchange.answer(.ok, ["Content-Type": "text/plain; charset=UTF-8"], "Welcome to SockJS!\n")
            }
        }
        let parts = rest.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
        switch parts.count {
        case 1 where parts[0] == "info":
            return handle(request, .GET) { service, exchange in service.answerInfo(exchange) }
        case 1 where parts[0] == "websocket":
            return endpoint.webSocketRoute(request)
        case 3 where parts.allSatisfy({ !$0.isEmpty && !$0.contains(".") }):
            return route(request, session: parts[1], to: parts[2], tls: tls)
        default:
            return notFound
        }
    }

    private func route(
        _ request: HTTPRequestHead, session: String, to component: String, tls: TLSSummary?
    ) -> HTTPRoute {
        switch component {
        case "websocket" where options.acceptsWebSocket:
            return endpoint.refusal(of: request)
                ?? .otherWebSocket(
                    WebSocketAgreement(compression: endpoint.compression(for: request)),
                    omitsReason: endpoint.omitsReason
                ) { [self] channel, agreement in
                    try openWebSocket(channel, agreement, tls: tls)
                }
        case "xhr":
            return handle(request, .POST) { $0.receive($1, session, .xhrPolling) }
        case "xhr_streaming":
            return handle(request, .POST) { $0.receive($1, session, .xhrStreaming) }
        case "eventsource":
            return handle(request, .GET) { $0.receive($1, session, .eventSource) }
        case "xhr_send":
            return handle(request, .POST, limit: largestBody(for: session)) { $0.send($1, session) }
        default:
            return notFound
        }
    }

    private var notFound: HTTPRoute {
        if isServlet { return .exchange { $0.answer(.notFound, HTTPHeaders()) } }
        return .exchange {
            $0.answer(.notFound, ["Content-Type": "text/plain; charset=UTF-8"], "404 Error: Page not found\n")
        }
    }

    /// A route for one method and for its CORS preflight (`OPTIONS`).
    private func handle(
        _ request: HTTPRequestHead, _ method: HTTPMethod, limit: Int = HTTPRoute.largestBody,
        _ body: @escaping (SockJSService, HTTPServerExchange) -> Void
    ) -> HTTPRoute {
        switch request.method {
        case method: return .exchange(limit: limit) { body(self, $0) }
        case .OPTIONS: return .exchange { self.answerPreflight($0, method) }
        default: return .exchange { $0.answer(.methodNotAllowed, ["Allow": "OPTIONS, \(method.rawValue)"]) }
        }
    }

    // MARK: - Headers

    private var isServlet: Bool { endpoint.dialect == .servlet }

    private func answerPreflight(_ exchange: HTTPServerExchange, _ method: HTTPMethod) {
        var headers = corsHeaders(for: exchange.request)
        if isServlet, exchange.request.headers.contains(name: "Origin"),
            let wanted = exchange.request.headers.first(name: "Access-Control-Request-Method")
        {
            headers.add(name: "Access-Control-Allow-Methods", value: wanted)
            headers.add(name: "Access-Control-Max-Age", value: "31536000")
            return exchange.answer(.ok, headers)
        }
        headers.add(name: "Access-Control-Allow-Methods", value: "OPTIONS, \(method.rawValue)")
        headers.add(name: "Access-Control-Max-Age", value: "31536000")
        headers.add(name: "Cache-Control", value: "public, max-age=31536000")
        // The last second that fits in 32 bits, for caches that do not support max-age.
        headers.add(name: "Expires", value: "Tue, 19 Jan 2038 03:14:07 GMT")
        exchange.answer(.noContent, headers)
    }

    /// The CORS headers, which allow pages of other origins to send requests with cookies.
    private func corsHeaders(for request: HTTPRequestHead) -> HTTPHeaders {
        var headers = HTTPHeaders()
        let origin = request.headers.first(name: "Origin")
        if let allowed = origin ?? (isServlet ? nil : "*") {
            headers.add(name: "Access-Control-Allow-Origin", value: allowed)
        }
        if origin != nil { headers.add(name: "Access-Control-Allow-Credentials", value: "true") }
        if isServlet {
            headers.add(contentsOf: HTTPHeaders(WebSocketEndpoint.servletVary))
        } else {
            headers.add(name: "Vary", value: "Origin")
        }
        if let wanted = request.headers.first(name: "Access-Control-Request-Headers"), !wanted.isEmpty {
            headers.add(name: "Access-Control-Allow-Headers", value: wanted)
        }
        return headers
    }

    /// The headers of a response that must not be cached.
    private func headers(for request: HTTPRequestHead, contentType: String, isInSession: Bool = true) -> HTTPHeaders {
        var headers = corsHeaders(for: request)
        headers.add(name: "Content-Type", value: contentType)
        let transform = isServlet ? "" : "no-transform, "
        headers.add(name: "Cache-Control", value: "no-store, no-cache, \(transform)must-revalidate, max-age=0")
        if options.setsCookie, isInSession {
            let name = "JSESSIONID="
            let cookies = request.headers.first(name: "Cookie")?.split(separator: ";") ?? []
            let cookie = cookies.map { $0.drop { $0 == " " } }.first { $0.hasPrefix(name) } ?? "\(name)dummy"
            headers.add(name: "Set-Cookie", value: "\(cookie); Path=/")
        }
        return headers
    }

    // MARK: - Answers

    private func answerInfo(_ exchange: HTTPServerExchange) {
        let headers = headers(
            for: exchange.request, contentType: "application/json; charset=UTF-8", isInSession: false)
        let info = SockJSInfo(acceptsWebSocket: options.acceptsWebSocket, needsCookies: options.setsCookie)
        exchange.answer(.ok, headers, isServlet ? info.servletText : info.text)
    }

    private func receive(_ exchange: HTTPServerExchange, _ name: String, _ transport: SockJSTransport) {
        guard let session = session(name, on: exchange.eventLoop) else {
            return exchange.answer(.serviceUnavailable, HTTPHeaders(), "There are too many sessions\n")
        }
        let isEvents = transport == .eventSource
        exchange.writeHead(
            .ok,
            headers(
                for: exchange.request,
                contentType: isEvents ? "text/event-stream" : "application/javascript; charset=UTF-8"))
        // Browsers need this prelude before they deliver the response.
        switch transport {
        case .xhrStreaming: exchange.write(ByteBuffer(string: String(repeating: "h", count: 2048) + "\n"), promise: nil)
        case .eventSource: exchange.write(ByteBuffer(string: "\r\n"), promise: nil)
        default: break
        }
        let response = SockJSResponse(exchange, transport: transport)
        // Deferred: the abort may happen inside a call of the session's receiver.
        exchange.whenAborted = { session.execute { $0.aborted(response.id) } }
        session.execute { $0.attach(response) }
    }

    private func send(_ exchange: HTTPServerExchange, _ name: String) {
        guard exchange.body.readableBytes > 0 else {
            return exchange.answer(.internalServerError, HTTPHeaders(), "Payload expected.")
        }
        guard let messages = try? exchange.body.withUnsafeReadableBytes({ try SockJSMessages($0) }) else {
            return exchange.answer(.internalServerError, HTTPHeaders(), "Broken JSON encoding.")
        }
        let headers = headers(for: exchange.request, contentType: "text/plain; charset=UTF-8")
        let answer = NIOLoopBound(exchange, eventLoop: exchange.eventLoop)
        let eventLoop = exchange.eventLoop
        let completion: @Sendable (SockJSServerSession.Delivery) -> Void = { delivery in
            eventLoop.execute {
                switch delivery {
                case .taken: answer.value.answer(.noContent, headers)
                case .refused: answer.value.answer(.serviceUnavailable, headers, "Too much waits already\n")
                case .unknownSession: answer.value.answer(.notFound, headers, "404 Error: Page not found\n")
                }
            }
        }
        guard let session = sessions.withLockedValue({ $0[name]?.session }) else { return completion(.unknownSession) }
        session.execute { $0.deliver(messages, completion: completion) }
    }

    // MARK: - Sessions

    /// The largest request body accepted with messages for a session, in bytes.
    private func largestBody(for name: String) -> Int {
        sessions.withLockedValue { $0[name]?.largestBody }?.withLockedValue { $0 } ?? HTTPRoute.largestBody
    }

    /// The session of that name, created on `eventLoop` if it does not exist; nil if there are too many sessions.
    private func session(_ name: String, on eventLoop: any EventLoop) -> NIOLoopBound<SockJSServerSession>? {
        sessions.withLockedValue { sessions in
            if let session = sessions[name] { return session.session }
            guard sessions.count < options.maximumSessions else { return nil }
            let session = SockJSServerSession(
                eventLoop: eventLoop, options: options, transportOptions: transportOptions, receiver: accept
            ) { [weak self] in
                self?.sessions.withLockedValue { $0[name] = nil }
            }
            let bound = NIOLoopBound(session, eventLoop: eventLoop)
            sessions[name] = Session(session: bound, largestBody: session.largestBody)
            return bound
        }
    }

    private func openWebSocket(_ channel: any Channel, _ agreement: WebSocketAgreement, tls: TLSSummary?) throws {
        let handler = try WebSocketHandler(
            role: .server, options: SockJSWebSocketDriver.options(transportOptions),
            compression: agreement.compression)
        try channel.pipeline.syncOperations.addHandler(handler)
        let description = TransportDescription(
            .sockJS(.websocket), remoteAddress: addressText(channel.remoteAddress), tlsSummary: tls)
        let factory = SockJSServerWebSocket.factory(
            options: options, transportOptions: transportOptions, accept: accept)
        _ = try StreamPipeline.end(channel, description: description, receiver: factory)
    }
}

extension NIOLoopBound {
    /// Calls `body` on the event loop later, never synchronously.
    fileprivate func execute(_ body: @escaping @Sendable (Value) -> Void) {
        eventLoop.execute { body(self.value) }
    }
}

/// The options of a SockJS 0.3.3 server.
public struct SockJSServerOptions: Sendable, Hashable {
    /// Whether the transport `websocket` is offered. Default true.
    public var acceptsWebSocket = true
    /// Whether a plain WebSocket is also accepted at the base, not only at `/websocket` under it as SockJS
    /// defines. If false, the server answers 400 at the base, as Spring does. Default true.
    public var acceptsWebSocketAtBase = true
    /// Whether a WebSocket request at the base gets the same greeting as any other request, if no WebSocket is
    /// offered there. Default false.
    public var greetsUpgrades = false
    /// Whether each session gets a cookie `JSESSIONID`, which some load balancers need. Default false.
    public var setsCookie = false
    /// The number of bytes after which a streaming response ends, so that browsers can free its memory. Default
    /// 128 KiB.
    public var responseLimit = 128 << 10
    /// The idle time after which a heart-beat is sent. Default 25 s.
    public var heartBeatInterval = Duration.seconds(25)
    /// How long a session is kept while no request receives its frames. Default 5 s.
    public var receiverTimeout = Duration(SockJSSession.receiverTimeout)
    /// The maximum number of concurrent sessions; a client that wants one more gets status 503. Default 10,000.
    public var maximumSessions = 10_000

    /// Creates the default options.
    public init() {}
}
