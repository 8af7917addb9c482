import NIOCore
import NIOPosix
import STOMPClient
import STOMPCore
import STOMPTransport
import StomptapOutput
import StomptapRuntime

/// The protocol on a connection that `raw` opens.
enum RawMode: Sendable {
    /// STOMP frames as they are typed.
    case frames
    /// Messages of WebSocket or SockJS.
    case text
    /// The same, with each received message sent back.
    case echo
    /// Server-sent events.
    case events

    /// What cannot be reached at a server until it is connected.
    fileprivate func missing(at endpoint: Endpoint) -> String {
        if self == .events { return "HTTP: no event stream from" }
        switch endpoint.scheme {
        case .stomp, .stomps: return "TCP: no connection to"
        case .ws, .wss: return "WebSocket: no connection to"
        case .http, .https: return "HTTP: no connection to"
        }
    }
}

/// The state that a stream of server-sent events passes on to the next connection.
struct EventStreamMemory: Sendable {
    /// The value of `Last-Event-ID`; if empty, the header is not sent.
    var lastEventID = ""
    /// The reconnection time that the server has set, in milliseconds; nil if it has set none.
    var retry: Int?
}

/// A connection to a server, and its incoming and outgoing traffic.
struct RawConnection: Sendable {
    /// The traffic, one batch per read; ends with the connection.
    let events: AsyncStream<[TrafficEvent]>
    let stream: any TransportStream
    let endpoint: Endpoint
    private let receiver: NIOLoopBound<RawReceiver>
    let configuration: ClientConfiguration

    /// Connects to the first of the servers that can be reached.
    ///
    /// - Parameters:
    ///   - end: the deadline; nil if there is no limit.
    ///   - watch: is told of each attempt.
    /// - Throws: ``TransportError``, `STOMPClientError` if no server can be reached, ``Failure`` at the deadline,
    ///   or `CancellationError`.
    static func open(
        _ servers: [(endpoint: Endpoint, configuration: ClientConfiguration)], mode: RawMode,
        memory: Shared<EventStreamMemory> = Shared(EventStreamMemory()), until end: NIODeadline?,
        watch: SessionWatch = SessionWatch()
    ) async throws -> RawConnection {
        guard let end else { return try await openFirst(of: servers, mode: mode, memory: memory, watch: watch) }
        return try await withThrowingTaskGroup(of: RawConnection?.self) { group in
            group.addTask { try await openFirst(of: servers, mode: mode, memory: memory, watch: watch) }
            group.addTask {
                try await Task.sleep(nanoseconds: UInt64(max(0, (end - .now()).nanoseconds)))
                return nil
            }
            defer { group.cancelAll() }
            if let connection = try await group.next() ?? nil { return connection }
            // Read before the attempt is cancelled, because it may just have succeeded.
            if let absence = watch.absence() { throw absence }
            guard let connection = try await group.next() ?? nil else { throw CancellationError() }
            return connection
        }
    }

    private static func openFirst(
        of servers: [(endpoint: Endpoint, configuration: ClientConfiguration)], mode: RawMode,
        memory: Shared<EventStreamMemory>, watch: SessionWatch
    ) async throws -> RawConnection {
        var failure: TransportError?
        for (endpoint, configuration) in servers {
            watch.connecting("\(mode.missing(at: endpoint)) \(endpoint)")
            do {
                let connection = try await open(endpoint, configuration, mode: mode, memory: memory)
                watch.connected()
                return connection
            } catch let error as TransportError where [.cannotConnect, .nameNotFound, .timedOut].contains(error.kind) {
                failure = error
            }
        }
        if let failure { throw failure }
        throw STOMPClientError.noEndpoint
    }

    private static func open(
        _ endpoint: Endpoint, _ configuration: ClientConfiguration, mode: RawMode, memory: Shared<EventStreamMemory>
    ) async throws -> RawConnection {
        try await configuration.attempt { configuration, deadline in
            try await open(endpoint, configuration, mode: mode, memory: memory, until: deadline)
        }
    }

    private static func open(
        _ endpoint: Endpoint, _ configuration: ClientConfiguration, mode: RawMode, memory: Shared<EventStreamMemory>,
        until deadline: NIODeadline
    ) async throws -> RawConnection {
        let (events, continuation) = AsyncStream.makeStream(of: [TrafficEvent].self)
        let made = Shared<NIOLoopBound<RawReceiver>?>(nil)
        var target = endpoint.target(sockJS: configuration.sockJSTransport)
        if mode == .events { target.kind = .eventStream(requestTarget: endpoint.requestTarget) }
        let stream = try await TransportConnector(options: configuration.transport).connect(
            to: target,
            on: MultiThreadedEventLoopGroup.singleton.next(), deadline: deadline
        ) { stream in
            let receiver = RawReceiver(
                stream: stream, mode: mode, memory: memory, limits: configuration.limits,
                options: configuration.transport, events: continuation)
            made.update { $0 = NIOLoopBound(receiver, eventLoop: stream.eventLoop) }
            return receiver
        }
        guard let receiver = made.value else { throw CancellationError() }
        return RawConnection(
            events: events, stream: stream, endpoint: endpoint, receiver: receiver, configuration: configuration)
    }

    private func onLoop<Value: Sendable>(_ body: @escaping @Sendable (RawReceiver) throws -> Value) async throws
        -> Value
    {
        try await stream.eventLoop.submit { try body(receiver.value) }.get()
    }

    // MARK: Sending

    /// Writes bytes unchanged and waits until the system has accepted them.
    ///
    /// - Throws: ``Unsent`` if the connection has ended; ``Failure`` if the peer reads nothing for the receipt
    ///   timeout, or the transport cannot carry the data.
    func send(_ event: TrafficEvent) async throws {
        guard let bytes = event.bytes else { return }
        let written = stream.eventLoop.makePromise(of: Void.self)
        try await onLoop { receiver in
            guard !receiver.isOver else { return written.fail(Unsent()) }
            receiver.sent(event)
            stream.write(bytes, promise: written)
            stream.flush()
            watch(written)
        }
        do {
            try await written.futureResult.get()
        } catch let error as TransportError where error.kind == .badConfiguration {
            throw Failure(.badInput, Explanation(error).line)
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Unsent()
        }
    }

    /// The connection ended before everything was sent.
    struct Unsent: Error {}

    /// Fails the write if the server stops reading.
    private func watch(_ written: EventLoopPromise<Void>) {
        let time = configuration.receiptTimeout
        let watch = WriteWatch(every: TimeAmount(time), on: stream.eventLoop)
        watch.start(
            left: { stream.queuedBytes > 0 ? -stream.queuedBytes : nil },
            stalled: {
                written.fail(
                    Failure(
                        .timedOut,
                        "TCP: timed out after \(time.readable): the server does not read; \(stream.queuedBytes) bytes are not sent"
                    ))
            })
        written.futureResult.assumeIsolated().whenComplete { _ in watch.cancel() }
    }

    /// Sends CONNECT as configured, and waits for CONNECTED.
    func connect() async throws {
        var settings = configuration.session
        // Raw mode sends no heart-beats.
        settings.heartBeat = HeartBeat(outgoing: 0, incoming: settings.heartBeat.incoming)
        var session = Session()
        let frame = try session.connect(settings)
        let promise = stream.eventLoop.makePromise(of: Void.self)
        let time = configuration.connectTimeout
        let versions = settings.versions
        let timer = stream.eventLoop.scheduleTask(in: TimeAmount(time)) {
            promise.fail(STOMPClientError.timedOut(.connected(from: endpoint, accepting: versions), within: time))
        }
        defer { timer.cancel() }
        try await onLoop { [session] receiver in
            receiver.handshake = (session, promise)
            // The stream may already have ended.
            if receiver.isOver { promise.fail(Unsent()) }
        }
        try await send(TrafficEvent(.outgoing, .stomp, .frame(frame)))
        try await promise.futureResult.get()
    }

    // MARK: Closing

    /// Releases the queue space of events that are being printed.
    func delivered(_ events: [TrafficEvent]) {
        let cost = events.reduce(0) { $0 + $1.cost }
        stream.eventLoop.execute { receiver.value.delivered(cost) }
    }

    /// Starts the closing handshake; ``events`` end with it.
    func close() {
        stream.eventLoop.execute { stream.close() }
    }

    /// The outcome of the connection, as far as it is known now.
    struct Verdict: Sendable {
        /// The ERROR with which the server rejected CONNECT; nil if it did not.
        var refusal: STOMPClientError?
        /// The error that ended the connection.
        var failure: (any Error)?
        /// The first ERROR frame.
        var errorFrame: Frame?
        /// Whether CONNECT was sent and not answered.
        var isConnecting: Bool
        /// How the connection ended, in words.
        var ending: String
    }

    func verdict() async throws -> Verdict {
        try await onLoop { receiver in
            let closure = receiver.closure
            let layer = closure?.layer ?? .tcp
            return Verdict(
                refusal: receiver.refusal, failure: receiver.failure, errorFrame: receiver.errorFrame,
                isConnecting: receiver.isConnecting,
                ending: "\(layer.rawValue): \(closure?.description ?? "the connection ended")")
        }
    }
}
