import NIOCore

/// Opens streams to targets.
public struct TransportConnector: Sendable {
    /// The settings of the next streams.
    public var options: TransportOptions
    private let contexts = TLSContextCache()

    /// Creates a connector; by default with the default settings.
    public init(options: TransportOptions = TransportOptions()) {
        self.options = options
    }

    /// Opens a stream to `target`: name, TCP, TLS and HTTP, one after the other, all before `deadline`.
    ///
    /// If the task is cancelled, the attempt stops and everything is closed.
    ///
    /// - Throws: ``TransportError``, or `CancellationError`.
    public func connect(
        to target: TransportTarget, on eventLoop: any EventLoop, deadline: NIODeadline,
        receiver: @escaping TransportReceiverFactory
    ) async throws -> any TransportStream {
        try Task.checkCancellation()
        var options = options
        options.trace = options.trace.numbered()
        let tls = target.isSecure ? try contexts.context(for: options.tls) : nil
        do {
            return try await open(
                target, options: options, tls: tls, on: eventLoop, deadline: deadline, receiver: receiver)
        } catch let error as TransportError where error.layer == .tls {
            // Read the files again at the next attempt: the user may have fixed one.
            contexts.forget()
            throw error
        } catch let error as TransportError {
            guard let hint = SockJSHint(error, of: target) else { throw error }
            let isSockJS = await options.probes.answer(of: target) {
                await hint.isTrue(options: options, tls: tls, on: eventLoop, deadline: deadline)
            }
            throw isSockJS ? hint.error : error
        }
    }

    /// Opens a connection as a channel: TCP, through `proxy` if given, and with TLS for a secure target. Nothing
    /// has been read from it yet, and each side closes separately. Call it on the event loop.
    ///
    /// - Returns: a future with the connection; it fails with a ``TransportError``.
    package func channel(
        to target: TransportTarget, by proxy: ProxyTarget?, on eventLoop: any EventLoop, deadline: NIODeadline
    ) -> EventLoopFuture<any Channel> {
        do {
            var options = options
            options.proxy = proxy
            let opening = ConnectionOpening<any Channel>(
                layer: .tcp,
                open: { channel, _ in channel.eventLoop.makeSucceededFuture(channel) }, endsAsWhole: false)
            let attempt = ConnectionAttempt(
                target: target, opening: opening, options: options,
                tls: target.isSecure ? try contexts.context(for: options.tls) : nil, eventLoop: eventLoop,
                deadline: deadline)
            attempt.run()
            let site = addressText(host: target.host, port: target.port)
            return attempt.future.assumeIsolated().flatMapErrorThrowing { error in
                let error = TransportError(breaking: error, with: site)
                if error.layer == .tls { contexts.forget() }
                throw error
            }.nonisolated()
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
    }

    private func open(
        _ target: TransportTarget, options: TransportOptions, tls: TLSContext?, on eventLoop: any EventLoop,
        deadline: NIODeadline, receiver: @escaping TransportReceiverFactory
    ) async throws -> any TransportStream {
        switch target.kind {
        case .tcp:
            let attempt = ConnectionAttempt(
                target: target, opening: .tcp(options: options, receiver: receiver), options: options, tls: tls,
                eventLoop: eventLoop, deadline: deadline)
            return try await Self.run(attempt, on: eventLoop)
        case .webSocket(let path):
            let request = try WebSocketRequest(target, requestTarget: path, options: options)
            let attempt = ConnectionAttempt(
                target: target, opening: .webSocket(request, options: options, receiver: receiver), options: options,
                tls: tls, eventLoop: eventLoop, deadline: deadline)
            return try await Self.run(attempt, on: eventLoop)
        case .sockJS(let base, let transport):
            let attempt = SockJSAttempt(
                target: target, base: base, transport: transport, options: options, tls: tls, eventLoop: eventLoop,
                deadline: deadline, receiver: receiver)
            return try await Self.run(attempt, on: eventLoop)
        case .eventStream(let path):
            let attempt = EventStreamAttempt(
                target: target, requestTarget: path, options: options, tls: tls, eventLoop: eventLoop,
                deadline: deadline, receiver: receiver)
            return try await Self.run(attempt, on: eventLoop)
        }
    }

    /// Runs an attempt on its event loop.
    private static func run(
        _ attempt: sending any StreamAttempt, on eventLoop: any EventLoop
    ) async throws -> any TransportStream {
        let future = attempt.future
        let box = NIOLoopBoundBox.makeBoxSendingValue(attempt, eventLoop: eventLoop)
        return try await withTaskCancellationHandler {
            eventLoop.execute { box.value.run() }
            return try await future.get()
        } onCancel: {
            eventLoop.execute { box.value.cancel() }
        }
    }
}

/// One attempt to open a stream. It must be used on its event loop.
protocol StreamAttempt: AnyObject {
    /// The stream, or the error.
    var future: EventLoopFuture<any TransportStream> { get }
    func run()
    func cancel()
}

extension ConnectionAttempt: StreamAttempt where Product == any TransportStream {}
extension SockJSAttempt: StreamAttempt {}
