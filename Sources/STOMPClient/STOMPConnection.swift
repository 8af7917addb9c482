import NIOCore
import NIOPosix
import STOMPCore
import STOMPTransport

/// An open STOMP session.
///
/// ```swift
/// let endpoint = try Endpoint("ws://localhost:15674/ws")
/// try await STOMPConnection.withConnection(to: endpoint) { connection in
///     let orders = try await connection.subscribe(to: "/topic/orders")
///     for try await message in orders.messages {
///         print(message.destination ?? "", message.text)
///     }
/// }
/// ```
///
/// The actor runs on the connection's event loop: data from the socket reaches a reader without a lock and with one
/// task switch per socket read.
public actor STOMPConnection {
    /// The connection's event loop.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        eventLoop.executor.asUnownedSerialExecutor()
    }

    /// The server's CONNECTED and the negotiated values.
    public nonisolated let handshake: Handshake
    /// The address of the server.
    public nonisolated let endpoint: Endpoint
    /// The transport of the session.
    public nonisolated let transport: TransportDescription
    /// The settings of the session, with the headers of ``ClientConfiguration/attemptHeaders``.
    public nonisolated let configuration: ClientConfiguration
    nonisolated let eventLoop: any EventLoop
    nonisolated let boundCore: NIOLoopBound<ConnectionCore>
    var core: ConnectionCore { boundCore.value }

    private init(
        _ opened: ConnectionCore.Opened, at endpoint: Endpoint, stream: any TransportStream,
        configuration: ClientConfiguration
    ) {
        self.endpoint = endpoint
        handshake = opened.handshake
        transport = stream.description
        self.configuration = configuration
        eventLoop = stream.eventLoop
        boundCore = opened.core
    }

    /// The incomplete frame at the end of the received bytes. If no more bytes arrive, its `content-length` is too
    /// large or its NUL is missing.
    public var unfinishedFrame: UnfinishedFrame? { core.machine.unfinished }

    /// The number of received messages that belong to no subscription of this side.
    public var strayMessages: Int { core.inboxes.strays.count }

    /// The time since the server last sent anything, including heart-beats.
    public var silence: Duration { core.heartBeats.silence(at: eventLoop.now) }

    // MARK: Connect and disconnect

    /// Opens a session up to CONNECTED, within ``ClientConfiguration/connectTimeout``.
    ///
    /// Cancelling the task aborts this and closes everything. The session lasts until ``disconnect()`` is called or
    /// the server ends it, even if nothing refers to it any more; ``withConnection(to:configuration:on:_:)``
    /// disconnects by itself.
    ///
    /// - Parameters:
    ///   - endpoint: the address of the server.
    ///   - configuration: the settings of the session; by default those of the endpoint.
    ///   - eventLoop: the event loop of the connection; by default one of the process.
    /// - Throws: ``STOMPClientError``, or `CancellationError`.
    public static func connect(
        to endpoint: Endpoint, configuration: ClientConfiguration? = nil,
        on eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
    ) async throws -> STOMPConnection {
        try await (configuration ?? ClientConfiguration(endpoint)).attempt { configuration, deadline in
            try await open(endpoint, configuration, on: eventLoop, until: deadline)
        }
    }

    private static func open(
        _ endpoint: Endpoint, _ configuration: ClientConfiguration, on eventLoop: any EventLoop,
        until deadline: NIODeadline
    ) async throws -> STOMPConnection {
        let timeout = STOMPClientError.timedOut(
            .connected(from: endpoint, accepting: configuration.session.versions), within: configuration.connectTimeout)
        let opening = eventLoop.makePromise(of: ConnectionCore.Opened.self)
        let stream: any TransportStream
        do {
            stream = try await TransportConnector(options: configuration.transport).connect(
                to: endpoint.target(sockJS: configuration.sockJSTransport), on: eventLoop, deadline: deadline
            ) { stream in
                let core = ConnectionCore(stream: stream, configuration: configuration, opening: opening)
                core.start(deadline: deadline, timeout: timeout)
                return core
            }
        } catch {
            // The stream may have opened, and CONNECT may have been sent, before the connection failed.
            opening.fail(error)
            throw (error as? TransportError).map(STOMPClientError.transport) ?? error
        }
        do {
            let opened = try await withTaskCancellationHandler {
                try await opening.futureResult.get()
            } onCancel: {
                opening.fail(CancellationError())
            }
            return STOMPConnection(opened, at: endpoint, stream: stream, configuration: configuration)
        } catch {
            stream.eventLoop.execute { stream.abort() }
            if endpoint.scheme == .stomp, (error as? STOMPClientError)?.isLoss == true,
                await TLSProbe.isAnswered(
                    by: endpoint, options: configuration.transport, on: eventLoop, deadline: deadline)
            {
                throw STOMPClientError.speaksTLS(endpoint)
            }
            throw error
        }
    }

    /// Opens a session, runs `body`, and disconnects when it returns or throws, even if the task was cancelled.
    ///
    /// - Parameters:
    ///   - endpoint: the address of the server.
    ///   - configuration: the settings of the session; by default those of the endpoint.
    ///   - eventLoop: the event loop of the connection; by default one of the process.
    ///   - body: uses the session.
    /// - Returns: what `body` returns.
    /// - Throws: ``STOMPClientError``, `CancellationError`, or what `body` throws.
    public static func withConnection<Result: Sendable>(
        to endpoint: Endpoint, configuration: ClientConfiguration? = nil,
        on eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next(),
        _ body: (STOMPConnection) async throws -> Result
    ) async throws -> Result {
        let connection = try await connect(to: endpoint, configuration: configuration, on: eventLoop)
        do {
            let result = try await body(connection)
            _ = try await connection.disconnect()
            return result
        } catch {
            _ = try? await connection.disconnect()
            throw error
        }
    }

    /// Sends DISCONNECT, waits until the server has processed everything, and closes (STOMP 1.2, "DISCONNECT").
    /// Message sequences end after the messages that were received before.
    ///
    /// Cancellation does not reach it: in a cancelled task too it sends DISCONNECT and returns when the connection is
    /// closed, at the latest after ``ClientConfiguration/receiptTimeout``. A second call has the result of the first.
    /// To close at once, use ``abort()``.
    ///
    /// - Returns: how the server responded.
    /// - Throws: ``STOMPClientError`` if the session had ended before or the server answers with ERROR.
    @discardableResult
    public func disconnect() async throws -> DisconnectOutcome {
        // Waiting for a future does not react to cancellation.
        try await core.disconnect().get()
    }

    /// Whether the session has ended.
    var isClosed: Bool { core.machine.closedReason != nil }

    /// Closes the connection at once, without DISCONNECT. All pending and later calls, and message sequences, fail
    /// with ``STOMPClientError/aborted``.
    public func abort() {
        core.fail(.aborted)
        core.stream.abort()
    }
}

/// Subscribing.
extension STOMPConnection {
    /// Creates a sequence for the messages of several subscriptions, in the order received.
    ///
    /// - Parameter includesUnclaimed: whether it also receives messages that belong to no subscription, such as
    ///   one created with ``send(raw:)``. It then lasts as long as the session, with or without
    ///   subscriptions. Default false.
    public func makeMessageSequence(includesUnclaimed: Bool = false) -> MessageSequence {
        MessageSequence(connection: self, inbox: core.makeInbox(includesUnclaimed: includesUnclaimed))
    }

    /// Sends SUBSCRIBE (STOMP 1.2, "SUBSCRIBE"). Messages are stored until they are read; if more than
    /// ``ClientConfiguration/undeliveredLimit`` bytes wait, the server is slowed down.
    ///
    /// - Parameters:
    ///   - destination: the destination.
    ///   - id: the subscription's id; default `sub-0`, `sub-1` and so on.
    ///   - ack: how its messages are acknowledged; `AckMode/auto` needs no ``ack(_:transaction:)``.
    ///   - headers: additional headers of SUBSCRIBE, such as `selector`.
    ///   - sequence: the sequence for its messages, shared with other subscriptions; by default a new one.
    /// - Returns: the subscription; ``confirmation(of:)`` waits until it is active.
    /// - Throws: ``STOMPClientError``.
    public func subscribe(
        to destination: String, id: String? = nil, ack: AckMode = .auto, headers: HeaderList = [:],
        into sequence: MessageSequence? = nil
    ) throws -> Subscription {
        let asksReceipt = handshake.answersReceipts && !headers.contains("receipt")
        let (subscription, receiptID) = try core.send { session throws(STOMPProtocolError) in
            let receipt = asksReceipt ? session.makeReceiptID() : nil
            let (id, frame) = try session.subscribe(
                to: destination, id: id, ack: ack, headers: headers, receipt: receipt)
            return ((id, receipt), [frame])
        }
        let receipt = receiptID.map { core.awaitReceipt($0) }
        let sequence = sequence ?? makeMessageSequence()
        core.inboxes.route(subscription, to: sequence.inbox)
        return Subscription(
            id: subscription, destination: destination, ack: ack, messages: sequence, receipt: receipt)
    }

    /// Waits until a subscription is active: for its receipt or, if the server sends no
    /// receipts, for ``ClientConfiguration/settleTime``.
    ///
    /// - Parameter subscription: a subscription of this connection.
    /// - Returns: how it is known that the subscription is active.
    /// - Throws: the ``STOMPClientError`` that ended the session meanwhile, or `CancellationError`.
    public func confirmation(of subscription: Subscription) async throws -> SubscriptionConfirmation {
        guard let receipt = subscription.receipt else {
            try await Task.sleep(for: configuration.settleTime)
            if case .failed(let error) = core.machine.closedReason { throw error }
            return .assumed
        }
        do {
            try await receipt.confirmation()
            return .confirmed
        } catch STOMPClientError.timedOut where !core.hasFailed {
            return .unconfirmed
        }
    }

    /// Sends UNSUBSCRIBE (STOMP 1.2, "UNSUBSCRIBE"). Its sequence ends after the last message was read, if no other
    /// subscription shares it.
    ///
    /// - Parameters:
    ///   - subscription: a subscription of this connection.
    ///   - headers: additional headers, such as `durable`. Default none.
    /// - Throws: ``STOMPClientError``.
    public func unsubscribe(_ subscription: Subscription, headers: HeaderList = [:]) throws {
        try unsubscribe(id: subscription.id, headers: headers)
    }

    /// Sends UNSUBSCRIBE for the subscription with this id, as ``unsubscribe(_:headers:)`` does.
    ///
    /// - Parameters:
    ///   - id: the id of a subscription.
    ///   - headers: additional headers, such as `durable`. Default none.
    /// - Throws: ``STOMPClientError``.
    public func unsubscribe(id: String, headers: HeaderList = [:]) throws {
        try core.send { session throws(STOMPProtocolError) in
            ((), [try session.unsubscribe(id, headers: headers)])
        }
        core.unroute(id)
    }

    func nextBatch(of inbox: Int) async throws -> [Message]? {
        switch core.next(of: inbox) {
        case .batch(let batch): return batch.messages
        case .end(let end):
            try end.get()
            return nil
        case .wait: break
        }
        let boundCore = boundCore
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { reader in
                core.wait(for: inbox, reader)
                if Task.isCancelled { core.cancelReader(of: inbox) }
            }
        } onCancel: {
            eventLoop.execute { boundCore.value.cancelReader(of: inbox) }
        }
    }
}

/// Access below the session, for testing a server.
extension STOMPConnection {
    /// Sends bytes unchanged. The session does not parse them: if they create a subscription, its messages go to a
    /// sequence that takes unclaimed ones (``makeMessageSequence(includesUnclaimed:)``).
    ///
    /// - Parameter bytes: one frame, from its command to its NUL, or any other bytes.
    /// - Throws: ``STOMPClientError``.
    public func send(raw bytes: ByteBuffer) async throws {
        try core.send(raw: bytes)
        try await core.writable()?.get()
    }

    /// Sends a WebSocket ping and waits for its pong (RFC 6455, section 5.5.2).
    ///
    /// - Parameter payload: at most 125 bytes.
    /// - Returns: the time until the pong was received.
    /// - Throws: ``STOMPClientError``: ``STOMPClientError/cannotSend(_:)`` if the session does not use a WebSocket,
    ///   ``STOMPClientError/timedOut(_:within:)`` if no pong was received for ``ClientConfiguration/receiptTimeout``.
    public func ping(_ payload: ByteBuffer = ByteBuffer()) async throws -> Duration {
        try core.machine.checkNotClosed()
        guard transport.kind == .webSocket else {
            throw STOMPClientError.cannotSend(.noPing(over: transport))
        }
        let start = eventLoop.now
        let (answer, id) = core.ping(payload)
        let time = configuration.receiptTimeout
        let timeout = eventLoop.scheduleTask(in: TimeAmount(time)) {
            answer.fail(STOMPClientError.timedOut(.pong, within: time))
        }
        defer {
            timeout.cancel()
            core.pings.remove(id)
        }
        try await withTaskCancellationHandler {
            try await answer.futureResult.get()
        } onCancel: {
            answer.fail(CancellationError())
        }
        return Duration(eventLoop.now - start)
    }

    /// Closes the WebSocket without DISCONNECT; the session then ends as if the server had closed it.
    ///
    /// - Parameters:
    ///   - code: the close code (RFC 6455, section 7.4).
    ///   - reason: at most 123 bytes; longer text is cut.
    /// - Throws: ``STOMPClientError``: ``STOMPClientError/cannotSend(_:)`` if the session does not use a WebSocket.
    public func close(code: Int, reason: String = "") throws {
        try core.machine.checkNotClosed()
        guard transport.keepsMessages else {
            throw STOMPClientError.cannotSend(.noCloseFrame(over: transport))
        }
        core.stream.request(.close(code: code, reason: reason))
    }
}
