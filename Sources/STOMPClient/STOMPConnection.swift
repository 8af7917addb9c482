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
            throw (error as? TransportError).map(STOMPClientError.transport) ?? error
        }
        let timeout = eventLoop.scheduleTask(deadline: deadline) {
            opening.fail(
                STOMPClientError.timedOut(
                    .connected(from: endpoint, accepting: configuration.session.versions),
                    within: configuration.connectTimeout))
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
            if endpoint.scheme == .stomp, (error as? STOMPClientError)?.isLoss == true,
                await TLSProbe.isAnswered(
                    by: endpoint, options: configuration.transport, on: eventLoop, deadline: deadline)
            {
                throw STOMPClientError.speaksTLS(endpoint)
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
        core.end(.abandoned)
        core.stream.abort()
    }
}
