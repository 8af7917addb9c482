import NIOCore
import NIOPosix
import STOMPClient
import STOMPCore
import STOMPTransport
import StomptapOutput
import StomptapRuntime

/// What is spoken on a connection that `raw` opens.
enum RawMode: Sendable {
    /// STOMP frames as they are typed.
    case frames
    /// Messages of WebSocket or SockJS.
    case text
    /// The same, each sent back as it came.
    case echo
    /// Server-sent events.
    case events

    /// What is missing at a server until it is connected.
    fileprivate func missing(at endpoint: Endpoint) -> String {
        if self == .events { return "HTTP: no event stream from" }
        switch endpoint.scheme {
        case .stomp, .stomps: return "TCP: no connection to"
        case .ws, .wss: return "WebSocket: no connection to"
        case .http, .https: return "HTTP: no connection to"
        }
    }
}

/// What outlasts a stream of server-sent events, for the next one.
struct EventStreamMemory: Sendable {
    /// What is sent as `Last-Event-ID`; empty for nothing.
    var lastEventID = ""
    /// How long the server wants to be left alone, in milliseconds, where it has said so.
    var retry: Int?
}

/// A connection to a server, and what comes and goes on it.
struct RawConnection: Sendable {
    /// What came and went, a batch for each read; it ends with the connection.
    let events: AsyncStream<[TrafficEvent]>
    let stream: any TransportStream
    let endpoint: Endpoint
    private let receiver: NIOLoopBound<RawReceiver>
    let configuration: ClientConfiguration

    /// Connects to the first of the servers that can be reached.
    ///
    /// - Parameters:
    ///   - end: when the time is up, where there is a limit.
    ///   - watch: told of each attempt.
    /// - Throws: ``TransportError``, `STOMPClientError` where there is no server, ``Failure`` when the time is up, or `CancellationError`.
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
            // Asked before the attempt is given up. It may just have succeeded.
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

    /// Writes bytes as they are and waits until the system has taken them.
    ///
    /// - Throws: ``Unsent`` where the connection is over; ``Failure`` where the other side takes nothing for as long as a
    ///   receipt may take, or what is sent cannot be carried.
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

    /// The connection ended before all was sent.
    struct Unsent: Error {}

    /// Gives up on a server that takes nothing.
    private func watch(_ written: EventLoopPromise<Void>) {
        let time = configuration.receiptTimeout
        let watch = WriteWatch(every: time, on: stream.eventLoop)
        watch.start(
            left: { stream.queuedBytes > 0 ? -stream.queuedBytes : nil },
            stalled: {
                written.fail(
                    Failure(
                        .timedOut,
                        "the other side takes nothing: \(stream.queuedBytes) octets have waited for \(time.readable)"))
            })
        written.futureResult.assumeIsolated().whenComplete { _ in watch.cancel() }
    }

    /// Sends CONNECT as the options say, and waits for CONNECTED.
    func connect() async throws {
        var settings = configuration.session
        // None will be sent.
        settings.heartBeat = HeartBeat(outgoing: 0, incoming: settings.heartBeat.incoming)
        var session = Session()
        let frame = try session.connect(settings)
        let promise = stream.eventLoop.makePromise(of: Void.self)
        let time = configuration.connectTimeout
        let versions = settings.versions
        let timer = stream.eventLoop.scheduleTask(in: time) {
            promise.fail(STOMPClientError.timedOut(.connected(from: endpoint, accepting: versions), within: time))
        }
        defer { timer.cancel() }
        try await onLoop { [session] receiver in
            receiver.handshake = (session, promise)
            // It may have ended before.
            if receiver.isOver { promise.fail(Unsent()) }
        }
        try await send(TrafficEvent(.outgoing, .stomp, .frame(frame)))
        try await promise.futureResult.get()
    }

    // MARK: The end

    /// What is being printed makes room for more.
    func delivered(_ events: [TrafficEvent]) {
        let cost = events.reduce(0) { $0 + $1.cost }
        stream.eventLoop.execute { receiver.value.delivered(cost) }
    }

    /// Starts the closing handshake; ``events`` end with it.
    func close() {
        stream.eventLoop.execute { stream.close() }
    }

    /// How the connection fared, as far as it is known by now.
    struct Verdict: Sendable {
        /// What the server said to CONNECT, where that was an ERROR.
        var refusal: STOMPClientError?
        /// What went wrong.
        var failure: (any Error)?
        /// The first ERROR that came.
        var errorFrame: Frame?
        /// Whether CONNECT was sent and not answered.
        var isConnecting: Bool
        /// How it ended, in words.
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
