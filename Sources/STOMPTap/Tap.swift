import NIOCore
import NIOPosix
import STOMPTransport

/// A proxy between apps and their server, which passes everything on and reports what it sees.
///
/// Everything runs on one event loop, so that the reports are in order.
public final class Tap: Sendable {
    /// The address that the tap listens on.
    public let host: String
    /// The port that the tap listens on; the system chooses it if the configured port is 0.
    public let port: Int
    private let listener: TransportListener
    let tapServer: NIOLoopBound<TapServer>

    private init(listener: TransportListener, tapServer: NIOLoopBound<TapServer>) {
        host = listener.host
        port = listener.port
        self.listener = listener
        self.tapServer = tapServer
    }

    /// Starts a tap on one event loop of `group`, and returns once it listens.
    ///
    /// - Parameter observer: receives the events; those of one read come in one call. It is called on the event
    ///   loop and should not block, because the apps wait for it.
    /// - Throws: ``TransportError`` if the tap cannot listen on the address, or a file or a header of the options
    ///   is invalid.
    public static func start(
        _ configuration: TapConfiguration, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        observer: @escaping @Sendable ([TapEvent]) -> Void
    ) async throws -> Tap {
        try HTTPSite.check(configuration.transport.httpHeaders)
        let eventLoop = group.next()
        let tapServer = try await eventLoop.submit {
            NIOLoopBound(TapServer(configuration, on: eventLoop, observer: observer), eventLoop: eventLoop)
        }.get()
        let listener = try await TransportListener.channels(
            host: configuration.host, port: configuration.port, on: eventLoop, options: configuration.transport,
            tls: configuration.tls
        ) { channel, _ in try tapServer.value.accept(channel) }
        return Tap(listener: listener, tapServer: tapServer)
    }

    /// Stops listening, ends all connections, and returns when they have ended.
    public func shutdown() async {
        await listener.close()
        let tapServer = tapServer
        try? await tapServer.eventLoop.flatSubmit { tapServer.value.shutDown() }.get()
    }
}

/// The configuration of a tap: its address, its servers, and its behavior.
public struct TapConfiguration: Sendable {
    /// The address that apps connect to.
    public var host: String
    /// The port that apps connect to, 0 to 65535; the system chooses one if it is 0.
    public var port: Int
    /// The TLS options for connections from apps. Default nil: no TLS.
    public var tls: TLSServerOptions?
    /// The host names that HTTP requests may be for, in addition to ``host`` and the names that always mean this
    /// machine (``OwnHosts``). Requests for other hosts are answered with 421. Default empty.
    public var listenNames: [String] = []
    /// The origins of foreign pages whose requests are passed on, `*` for all; requests of other foreign pages are
    /// answered with 403. This applies only if ``transport`` has a certificate, or if ``transport`` or
    /// ``connectionHeaders`` adds headers, an origin or a cookie to the requests. Pages of loopback, of the tap
    /// and of the server are not foreign. Default empty.
    public var allowedOrigins: [String] = []
    /// The servers that an app's connection is passed on to, tried in this order.
    public var servers: [Server]
    /// TLS, the size limit for decoding, and headers, origin and cookie of the requests to the server.
    public var transport = TransportOptions()
    /// Makes headers for the requests of a connection. It is called before each HTTP connection to a server; the
    /// headers come after those of ``transport``. If it throws, the app gets a 502. Default nil.
    public var connectionHeaders: ConnectionHeaders?
    /// The maximum time for connecting to a server, including making its headers. Default 5 s.
    public var connectTimeout = TimeAmount.seconds(5)
    /// The faults that the tap injects. Default none.
    public var faults = TapFaults()
    /// Whether the layers below the messages are reported. Default no.
    public var reportsLayers = false

    /// - Parameter targets: the servers, each reached without a proxy.
    public init(host: String, port: Int, targets: [TransportTarget]) {
        self.host = host
        self.port = port
        servers = targets.map { Server($0) }
    }

    /// Makes headers before a deadline.
    public typealias ConnectionHeaders =
        @Sendable (_ deadline: NIODeadline) async throws -> [(name: String, value: String)]

    /// A server, and the proxy to reach it.
    public struct Server: Sendable {
        /// With ``TransportTarget/Kind/tcp`` the server speaks STOMP; of all other kinds only host, port and TLS
        /// are used, because HTTP requests keep their own path.
        public var target: TransportTarget
        /// The proxy to connect through. Default nil: a direct connection.
        public var proxy: ProxyTarget?

        /// A server at `target`, reached through `proxy`.
        public init(_ target: TransportTarget, proxy: ProxyTarget? = nil) {
            self.target = target
            self.proxy = proxy
        }
    }
}
