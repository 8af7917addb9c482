import NIOCore
import NIOPosix
import STOMPCore
import STOMPTransport
import SystemC

/// An in-memory STOMP broker for demonstrations, mocks and tests.
///
/// Destinations under `/queue/` deliver each message to one receiver, and store it while there is none. All other
/// destinations are topics, which deliver it to all current subscribers. Everything runs on one event loop.
public final class Broker: Sendable {
    /// Where a broker listens.
    public struct Address: Sendable, Hashable {
        /// The configured listener, with the actual port.
        public var listener: BrokerConfiguration.Listener
        /// The URL for clients: `stomp://127.0.0.1:61613`, `ws://127.0.0.1:15674/ws`, and in the profiles of Spring
        /// `http://127.0.0.1:15674/ws`, for SockJS.
        public var url: String
    }

    /// In the order of the configuration.
    public let addresses: [Address]
    private let listeners: [TransportListener]
    private let core: NIOLoopBound<BrokerCore>

    private init(addresses: [Address], listeners: [TransportListener], core: NIOLoopBound<BrokerCore>) {
        self.addresses = addresses
        self.listeners = listeners
        self.core = core
    }

    /// Starts a broker on one event loop of `group`, and returns when it listens.
    ///
    /// - Throws: ``TransportError`` if it cannot listen on an address; all listeners are then closed.
    public static func start(
        configuration: BrokerConfiguration, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws -> Broker {
        let eventLoop = group.next()
        let core = try await eventLoop.submit {
            NIOLoopBound(BrokerCore(configuration, eventLoop: eventLoop), eventLoop: eventLoop)
        }.get()
        var listeners: [TransportListener] = []
        var addresses: [Address] = []
        do {
            for listener in configuration.listeners {
                let opened = try await open(listener, configuration, on: eventLoop) { core.value.accept($0) }
                listeners.append(opened)
                addresses.append(Address(listener, configuration, port: opened.port))
            }
        } catch {
            await Broker(addresses: [], listeners: listeners, core: core).shutdown()
            throw error
        }
        return Broker(addresses: addresses, listeners: listeners, core: core)
    }

    private static func open(
        _ listener: BrokerConfiguration.Listener, _ configuration: BrokerConfiguration, on eventLoop: any EventLoop,
        accept: @escaping TransportReceiverFactory
    ) async throws -> TransportListener {
        switch listener {
        case .tcp(let host, let port):
            return try await .tcp(
                host: host, port: port, on: eventLoop, options: configuration.shapedTransport,
                tls: configuration.tls, accept: accept)
        case .webSocket(let host, let port, let path):
            var endpoint = WebSocketEndpoint(
                path: path, subprotocols: ["v12.stomp", "v11.stomp", "v10.stomp"],
                allowedOrigins: configuration.allowedOrigins ?? [], sockJS: SockJSServerOptions())
            endpoint.allowsOwnOrigins = configuration.allowedOrigins == nil
            endpoint.hosts = OwnHosts(configuration.listenNames + [host])
            endpoint.handshakeRefusal = configuration.handshakeRefusal
            configuration.serverProfile.shape(&endpoint, container: configuration.container)
            return try await .webSocket(
                host: host, port: port, on: eventLoop, endpoint: endpoint,
                options: configuration.serverProfile.shaped(
                    configuration.shapedTransport, container: configuration.container,
                    largestMessage: configuration.largestMessage),
                tls: configuration.tls, whenRefused: configuration.refusalObserver, accept: accept)
        }
    }

    /// Stops listening, closes all connections, and returns when they are closed. Queued messages are lost.
    public func shutdown() async {
        for listener in listeners { await listener.close() }
        let core = core
        try? await core.eventLoop.flatSubmit { core.value.shutDown() }.get()
    }
}

extension Broker.Address {
    init(_ listener: BrokerConfiguration.Listener, _ configuration: BrokerConfiguration, port: Int) {
        let isSecure = configuration.tls != nil
        switch listener {
        case .tcp(let host, _):
            let scheme = isSecure ? "stomps" : "stomp"
            self.init(listener: .tcp(host: host, port: port), url: "\(scheme)://\(bracketed(host)):\(port)")
        case .webSocket(let host, _, let path):
            let scheme = configuration.serverProfile.scheme(isSecure: isSecure)
            self.init(
                listener: .webSocket(host: host, port: port, path: path),
                url: "\(scheme)://\(bracketed(host)):\(port)\(path)")
        }
    }
}

extension BrokerConfiguration {
    fileprivate var shapedTransport: TransportOptions {
        var options = transport
        if let idleTimeout {
            options.idleTimeout = Duration(idleTimeout)
            options.idleObserver = idleObserver
        }
        return options
    }
}

/// A host as written in a URL.
private func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }

extension Message {
    /// The message of the clock on `/topic/clock`: `{"time":"2026-11-21T05:03:22Z","tick":1}`.
    ///
    /// - Parameters:
    ///   - tick: the number of the tick, counted from 1.
    ///   - time: the time of this tick.
    static func clock(tick: Int, time: Timestamp) throws(STOMPProtocolError) -> Message {
        let body = #"{"time":"\#(iso8601(time))","tick":\#(tick)}"#
        let frame = try FrameEncoder(version: .v12).frame(
            .send, ["content-type": "application/json"], body: ByteBuffer(string: body))
        return Message(destination: "/topic/clock", frame: frame)
    }
}

/// Formats a time in UTC as ISO 8601, to the second.
func iso8601(_ time: Timestamp) -> String {
    var seconds = time_t(time.nanoseconds / 1_000_000_000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func padded(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let date = "\(parts.tm_year + 1900)-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday))"
    return "\(date)T\(padded(parts.tm_hour)):\(padded(parts.tm_min)):\(padded(parts.tm_sec))Z"
}
