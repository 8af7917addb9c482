import NIOCore

/// One attempt to open a stream at an `http` or `https` URL. It finds out what the server supports and tries the
/// transports until the stream is open, the deadline has passed, or the caller cancels. It lives on its event
/// loop.
final class SockJSAttempt {
    private let target: TransportTarget
    private let base: String
    private let http: HTTPClient
    private var location: SockJSLocation
    private let transport: SockJSTransport
    private let options: TransportOptions
    private let tls: TLSContext?
    private let eventLoop: any EventLoop
    private let deadline: NIODeadline
    private let receiver: TransportReceiverFactory
    private let promise: EventLoopPromise<any TransportStream>

    /// The transports still to try.
    private var remaining: [SockJSTransport] = []
    /// The transports that failed, with their errors.
    private var failures: [FailedTransport] = []
    /// The deadline of the current step.
    private var timer: Scheduled<Void>?
    /// Cancels the current step.
    private var stop: () -> Void = {}
    private var isOver = false

    init(
        target: TransportTarget, base: String, transport: SockJSTransport, options: TransportOptions, tls: TLSContext?,
        eventLoop: any EventLoop, deadline: NIODeadline, receiver: @escaping TransportReceiverFactory
    ) {
        self.target = target
        self.base = base
        var httpOptions = options
        if options.split != nil { httpOptions.trace = options.trace.ofPieces() }
        http = HTTPClient(target, options: httpOptions, tls: tls, eventLoop: eventLoop)
        location = SockJSLocation(base: base)
        self.transport = transport
        self.options = options
        self.tls = tls
        self.eventLoop = eventLoop
        self.deadline = deadline
        self.receiver = receiver
        promise = eventLoop.makePromise()
    }

    /// The stream, or the error that prevented it.
    var future: EventLoopFuture<any TransportStream> { promise.futureResult }

    func cancel() { end(.failure(CancellationError())) }

    // MARK: - Probing

    func run() {
        guard !isOver else { return }
        do throws(TransportError) {
            let exchange = try SockJSProbe.start(location, http: http, deadline: deadline) { [self] in probed($0) }
            stop = { exchange.cancel() }
            schedule(until: deadline) { [self] span in
                end(.failure(TransportError.http(.noAnswer(to: exchange.summary, within: span))))
            }
        } catch {
            end(.failure(error))
        }
    }

    private func probed(_ probe: SockJSProbe) {
        guard !isOver else { return }
        switch probe {
        case .sockJS(let info):
            choose(info)
        case .other(let error) where transport == .auto:
            report(.fellBackToWebSocket(because: error))
            tryPlainWebSocket(insteadOf: error)
        case .other(let error), .failed(let error):
            end(.failure(error))
        }
    }

    private func choose(_ info: SockJSInfo) {
        if let elsewhere = info.baseURL, !elsewhere.isEmpty {
            guard let base = relocated(elsewhere) else {
                return end(.failure(TransportError.sockJS(.sessionsElsewhere(at: elsewhere))))
            }
            location = SockJSLocation(base: base)
        }
        remaining = transport == .auto ? SockJSTransport.all : [transport]
        if !info.acceptsWebSocket, remaining.first == .websocket {
            remaining.removeFirst()
            let url = http.site.url(location.info)
            failed(.websocket, .sockJS(.noWebSocketOffered(by: url)))
        } else {
            next()
        }
    }

    /// The path of `baseURL`, or nil if it is on another server.
    private func relocated(_ baseURL: String) -> String? {
        let path = baseURL.hasPrefix(http.site.origin) ? String(baseURL.dropFirst(http.site.origin.count)) : baseURL
        return path.isEmpty || path.hasPrefix("/") && !path.hasPrefix("//") ? path : nil
    }

    // MARK: - The transports

    /// Tries the next transport, with an equal share of the remaining time.
    private func next() {
        guard let transport = remaining.first else { return end(.failure(failure)) }
        let now = NIODeadline.now()
        let deadline = now + .nanoseconds((self.deadline - now).nanoseconds / Int64(remaining.count))
        remaining.removeFirst()
        let client = SockJSClient(
            at: http.site.url(location.base), transport: transport, options: options, eventLoop: eventLoop,
            attempts: failures, receiver: receiver)
        stop = { client.abort() }
        schedule(until: deadline) { span in client.fail(.sockJS(.notOpened(within: span))) }
        client.future.assumeIsolated().whenComplete { [self] result in
            switch result {
            case .success(let stream):
                if transport == .websocket { http.close() }
                end(.success(stream))
            case .failure(let error):
                if let error = error as? TransportError { failed(transport, error) }
            }
        }
        let session = location.newSession()
        if transport == .websocket {
            openWebSocket(for: client, at: session, deadline: deadline)
        } else {
            let driver = SockJSXHRDriver(client, http: http, location: session, transport: transport)
            client.attach(driver)
            driver.receive(deadline: deadline)
        }
    }

    private func openWebSocket(for client: SockJSClient, at session: SockJSSessionLocation, deadline: NIODeadline) {
        do throws(TransportError) {
            let attempt = try webSocket(
                session.receiving(.websocket), options: SockJSWebSocketDriver.options(http.presentOptions),
                deadline: deadline,
                receiver: SockJSWebSocketDriver.factory(for: NIOLoopBound(client, eventLoop: eventLoop)))
            attempt.future.assumeIsolated().whenFailure { error in
                if let error = error as? TransportError { client.fail(error) }
            }
            client.future.assumeIsolated().whenFailure { _ in attempt.cancel() }
        } catch {
            client.fail(error)
        }
    }

    private func tryPlainWebSocket(insteadOf error: TransportError) {
        http.close()
        do throws(TransportError) {
            let attempt = try webSocket(base, options: http.presentOptions, deadline: deadline, receiver: receiver)
            stop = { attempt.cancel() }
            timer?.cancel()
            attempt.future.assumeIsolated().whenComplete { [self] result in
                end(result.mapError { ($0 as? TransportError).map { combined(error, $0) } ?? $0 })
            }
        } catch {
            end(.failure(error))
        }
    }

    private func webSocket(
        _ requestTarget: String, options: TransportOptions, deadline: NIODeadline,
        receiver: @escaping TransportReceiverFactory
    ) throws(TransportError) -> ConnectionAttempt<any TransportStream> {
        let request = try WebSocketRequest(
            target, requestTarget: requestTarget, options: options, identity: self.options.identity)
        let attempt = ConnectionAttempt(
            target: target, opening: .webSocket(request, options: options, receiver: receiver), options: options,
            tls: tls, eventLoop: eventLoop, deadline: deadline)
        attempt.run()
        return attempt
    }

    // MARK: - The end

    private func failed(_ transport: SockJSTransport, _ error: TransportError) {
        guard !isOver else { return }
        // A server that requires credentials requires them for every transport.
        if error.response?.status == 401 { return end(.failure(error)) }
        failures.append(FailedTransport(transport, error))
        if let next = remaining.first { report(.fellBack(from: transport, because: error, to: next)) }
        next()
    }

    /// The error if no transport works.
    private var failure: TransportError {
        guard failures.count > 1 else { return failures.last?.error ?? .sockJS(.nothingToTry) }
        return .sockJS(.noTransportWorks(at: http.site.url(location.base), failures))
    }

    /// The error if the server supports neither SockJS nor a WebSocket.
    private func combined(_ sockJS: TransportError, _ webSocket: TransportError) -> TransportError {
        webSocket.kind == .refused ? webSocket : .sockJS(.neither(sockJS, norWebSocket: webSocket))
    }

    private func report(_ content: WireEvent.Content) {
        options.trace.record(.frames) { WireEvent(.sockjs, .local, .frames, content) }
    }

    /// Calls `body` after the deadline, with the time that it allowed. The layers below have the same deadline and
    /// report first, because their errors are more precise.
    private func schedule(until deadline: NIODeadline, _ body: @escaping (_ span: Duration) -> Void) {
        timer?.cancel()
        let span = Duration(deadline - .now())
        timer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline + .milliseconds(1)) { body(span) }
    }

    private func end(_ result: Result<any TransportStream, any Error>) {
        guard !isOver else { return }
        isOver = true
        timer?.cancel()
        if case .failure = result {
            stop()
            http.close()
        }
        stop = {}
        promise.completeWith(result)
    }
}
