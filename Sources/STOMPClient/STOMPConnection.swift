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
///         print(message.destination ?? "", String(buffer: message.body))
///     }
/// }
/// ```
///
/// The actor runs on the connection's event loop: what comes from the socket reaches a reader without a lock and with
/// one task switch for each read of the socket.
public actor STOMPConnection {
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        eventLoop.executor.asUnownedSerialExecutor()
    }

    /// What the server said in CONNECTED.
    public nonisolated let handshake: Handshake
    /// Where the server is.
    public nonisolated let endpoint: Endpoint
    /// What carries the session.
    public nonisolated let transport: TransportDescription
    public nonisolated let configuration: ClientConfiguration
    private nonisolated let eventLoop: any EventLoop
    private nonisolated let boundCore: NIOLoopBound<ConnectionCore>
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

    /// How long nothing at all has come from the server, heart-beats included.
    public var silence: TimeAmount { core.silence }

    // MARK: Beginning and end

    /// Opens a session, all the way to CONNECTED, within ``ClientConfiguration/connectTimeout``.
    ///
    /// Cancelling the task gives up and leaves nothing open. The session lasts until ``disconnect()`` is called or the
    /// server ends it; ``withConnection(to:configuration:on:_:)`` sees to the goodbye by itself.
    ///
    /// - Parameters:
    ///   - endpoint: where the server is.
    ///   - configuration: how the session is opened and kept; by default what the endpoint asks for.
    ///   - eventLoop: where the connection lives; by default one of the process's own.
    /// - Throws: ``STOMPClientError``, or `CancellationError`.
    public static func connect(
        to endpoint: Endpoint, configuration: ClientConfiguration? = nil,
        on eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
    ) async throws -> STOMPConnection {
        let configuration = (configuration ?? ClientConfiguration(endpoint)).ofOneConnection()
        let deadline = NIODeadline.now() + configuration.connectTimeout
        let opening = eventLoop.makePromise(of: ConnectionCore.Opened.self)
        let stream: any TransportStream
        do {
            stream = try await TransportConnector(options: configuration.transport).connect(
                to: endpoint.target(sockJS: configuration.sockJSTransport), on: eventLoop, deadline: deadline
            ) { stream in
                let core = ConnectionCore(stream: stream, configuration: configuration, opening: opening)
                core.start()
                return core
            }
        } catch {
            // The stream may have opened, and CONNECT may have been sent, before the way to it failed.
            opening.fail(error)
            throw (error as? TransportError).map(STOMPClientError.init) ?? error
        }
        let timeout = eventLoop.scheduleTask(deadline: deadline) {
            opening.fail(
                STOMPClientError(
                    .timedOut, "no CONNECTED from \(endpoint) within \(configuration.connectTimeout.readable)"))
        }
        defer { timeout.cancel() }
        do {
            let opened = try await withTaskCancellationHandler {
                try await opening.futureResult.get()
            } onCancel: {
                opening.fail(CancellationError())
            }
            return STOMPConnection(opened, at: endpoint, stream: stream, configuration: configuration)
        } catch {
            stream.eventLoop.execute { stream.abort() }
            if endpoint.scheme == .stomp, (error as? STOMPClientError)?.code == .connectionLost,
                await TLSProbe.isAnswered(
                    by: endpoint, options: configuration.transport, on: eventLoop, deadline: deadline)
            {
                throw STOMPClientError(
                    .protocolViolation, layer: "TCP",
                    "\(endpoint) closed the connection unanswered: this port speaks TLS",
                    remedy: "try stomps://", cause: error)
            }
            throw error
        }
    }

    /// Opens a session for as long as `body` runs, and says goodbye when it ends, however it ends.
    ///
    /// - Parameters:
    ///   - endpoint: where the server is.
    ///   - configuration: how the session is opened and kept; by default what the endpoint asks for.
    ///   - eventLoop: where the connection lives; by default one of the process's own.
    ///   - body: what to do with the session.
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
            // The goodbye is said also where the task was cancelled.
            _ = await Task { try await connection.disconnect() }.result
            throw error
        }
    }

    /// Says DISCONNECT, waits until the server has processed everything, and closes. Sequences of messages end.
    ///
    /// - Returns: how the server took it.
    /// - Throws: ``STOMPClientError``, where the session had ended before or the server answers ERROR.
    @discardableResult
    public func disconnect() async throws -> Goodbye {
        try await core.leave().get()
    }

    /// Closes without a goodbye.
    public func abort() {
        core.end(STOMPClientError(.connectionLost, "the session was given up"))
        core.stream.abort()
    }

    // MARK: Subscriptions

    /// A sequence for the messages of several subscriptions, in the order in which they come.
    ///
    /// - Parameter takesUnclaimed: whether it also takes the messages that belong to no subscription, such as one that
    ///   ``send(raw:)`` has made. It then lasts as long as the session, with or without subscriptions. By default false.
    public func makeMessageSequence(takesUnclaimed: Bool = false) -> MessageSequence {
        let inbox = core.makeInbox()
        if takesUnclaimed { core.unclaimed = inbox }
        return MessageSequence(connection: self, inbox: inbox)
    }

    /// Sends SUBSCRIBE. Messages are kept from the first one on, until they are read.
    ///
    /// - Parameters:
    ///   - destination: what to listen to.
    ///   - id: the subscription's id; by default `sub-0`, `sub-1` and so on.
    ///   - ack: how its messages are acknowledged; `AckMode/auto` needs no ``ack(_:transaction:)``.
    ///   - headers: further headers of SUBSCRIBE, such as `selector`.
    ///   - sequence: where its messages go, together with those of other subscriptions; by default a sequence of its own.
    /// - Returns: the subscription, which ``standing(of:)`` tells more of.
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
        let receipt = receiptID.map { Receipt(id: $0, future: core.receipts.add($0)) }
        let sequence = sequence ?? makeMessageSequence()
        core.route(subscription, to: sequence.inbox)
        return Subscription(
            id: subscription, destination: destination, ack: ack, messages: sequence, receipt: receipt)
    }

    /// Waits until a subscription stands: by its receipt, or where the server answers none, after
    /// ``ClientConfiguration/settle``.
    ///
    /// - Throws: ``STOMPClientError`` that ended the session meanwhile, or `CancellationError`.
    public func standing(of subscription: Subscription) async throws -> SubscriptionStanding {
        guard let receipt = subscription.receipt else {
            try await Task.sleep(nanoseconds: UInt64(configuration.settle.nanoseconds))
            return .settled
        }
        do {
            try await receipt.arrives()
            return .confirmed
        } catch let error as STOMPClientError where error.code == .timedOut && core.failure == nil {
            return .unconfirmed
        }
    }

    /// Sends UNSUBSCRIBE. A sequence that no other subscription shares ends once it is read.
    ///
    /// - Throws: ``STOMPClientError``.
    public func unsubscribe(_ subscription: Subscription, headers: HeaderList = [:]) throws {
        try unsubscribe(id: subscription.id, headers: headers)
    }

    /// Sends UNSUBSCRIBE for the subscription of this id.
    ///
    /// - Throws: ``STOMPClientError``.
    public func unsubscribe(id: String, headers: HeaderList = [:]) throws {
        try core.send { session throws(STOMPProtocolError) in
            ((), [try session.unsubscribe(id, headers: headers)])
        }
        core.unroute(id)
    }

    func nextBatch(of inbox: Int) async throws -> [Message]? {
        if let next = try core.next(of: inbox) { return next.batch }
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

    // MARK: Sending

    /// Sends messages in their order, all of them or, where one cannot be sent, none.
    ///
    /// Returns once they have left for the socket or little is queued before it: a caller that awaits each call is as
    /// fast as the server and keeps little in memory.
    ///
    /// - Parameter messages: what to send. They are all in memory at once.
    /// - Returns: the receipts of those messages that ask for one, in order.
    /// - Throws: ``STOMPClientError``; with ``STOMPClientError/Code/cannotSend`` nothing was sent.
    @discardableResult
    public func send(_ messages: [OutgoingMessage]) async throws -> [Receipt] {
        if transport.carriesOnlyText, !messages.allSatisfy(\.body.isUTF8) {
            throw STOMPClientError.notText("the body", over: transport)
        }
        let ids = try core.send { session throws(STOMPProtocolError) in
            var ids: [String] = []
            var frames: [Frame] = []
            frames.reserveCapacity(messages.count)
            for message in messages {
                let receipt = message.wantsReceipt ? session.makeReceiptID() : nil
                if let receipt { ids.append(receipt) }
                frames.append(
                    try session.send(
                        to: message.destination, headers: message.headers, body: message.body,
                        contentLength: message.contentLength, transaction: message.transaction, receipt: receipt))
            }
            return (ids, frames)
        }
        let receipts = ids.map { Receipt(id: $0, future: core.receipts.add($0)) }
        try await core.writable().get()
        return receipts
    }

    /// Sends one message.
    ///
    /// - Returns: its receipt, where it asks for one.
    /// - Throws: ``STOMPClientError``.
    @discardableResult
    public func send(_ message: OutgoingMessage) async throws -> Receipt? {
        try await send([message]).first
    }

    /// Acknowledges a message of a subscription whose mode is not `AckMode/auto`.
    ///
    /// - Throws: ``STOMPClientError``.
    public func ack(_ message: Message, transaction: String? = nil) async throws {
        try await acknowledge([message]) { session, message throws(STOMPProtocolError) in
            try session.ack(message, transaction: transaction)
        }
    }

    /// Acknowledges messages one by one, in one go.
    ///
    /// - Throws: ``STOMPClientError``.
    public func ack(_ messages: [Message]) async throws {
        try await acknowledge(messages) { session, message throws(STOMPProtocolError) in try session.ack(message) }
    }

    /// Tells that a message was not taken. STOMP 1.0 has no way to say so.
    ///
    /// - Throws: ``STOMPClientError``.
    public func nack(_ message: Message, transaction: String? = nil) async throws {
        try await acknowledge([message]) { session, message throws(STOMPProtocolError) in
            try session.nack(message, transaction: transaction)
        }
    }

    private func acknowledge(
        _ messages: [Message], _ make: (Session, Frame) throws(STOMPProtocolError) -> Frame
    ) async throws {
        try core.send { session throws(STOMPProtocolError) in
            var frames: [Frame] = []
            for message in messages { frames.append(try make(session, message.frame)) }
            return ((), frames)
        }
        try await core.writable().get()
    }

    // MARK: Transactions

    /// Opens a transaction.
    ///
    /// - Parameter id: its id; by default `tx-0`, `tx-1` and so on.
    /// - Returns: the id, for ``OutgoingMessage/transaction``, ``commit(_:)`` and ``abort(_:)``.
    /// - Throws: ``STOMPClientError``.
    public func begin(_ id: String? = nil) throws -> String {
        try core.send { session throws(STOMPProtocolError) in
            let (id, frame) = try session.begin(id)
            return (id, [frame])
        }
    }

    /// Makes everything in a transaction happen.
    ///
    /// - Returns: the receipt of COMMIT.
    /// - Throws: ``STOMPClientError``.
    @discardableResult
    public func commit(_ transaction: String) throws -> Receipt {
        let id = try core.send { session throws(STOMPProtocolError) in
            let receipt = session.makeReceiptID()
            return (receipt, [try session.commit(transaction, receipt: receipt)])
        }
        return Receipt(id: id, future: core.receipts.add(id))
    }

    /// Forgets everything in a transaction.
    ///
    /// - Throws: ``STOMPClientError``.
    public func abort(_ transaction: String) throws {
        try core.send { session throws(STOMPProtocolError) in ((), [try session.abort(transaction)]) }
    }
}
