import NIOCore
import NIOPosix
import STOMPTransport

/// A relay between apps and their server, which passes everything on and reports what it sees.
///
/// Everything happens on one event loop, so that reports have one order.
public final class Tap: Sendable {
    /// The address that the tap listens on.
    public let host: String
    /// Its port, as chosen by the system if the configuration has 0.
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
    /// - Parameter observer: gets what is seen, in one call what came in one read. It is called on the event loop and should
    ///   not block, as the apps wait for it.
    /// - Throws: ``TransportError`` if the address cannot be listened on, or a file or a header of the options is invalid.
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

    /// Stops listening, ends all connections, and returns when they are over.
    public func shutdown() async {
        await listener.close()
        let tapServer = tapServer
        try? await tapServer.eventLoop.flatSubmit { tapServer.value.shutDown() }.get()
    }
}

/// The address of a tap, its servers, and how it behaves.
public struct TapConfiguration: Sendable {
    /// The address that apps connect to; the system chooses the port where it is 0.
    public var host: String
    /// Its port, 0 to 65535.
    public var port: Int
    /// With which certificate TLS is spoken with apps. Default none: no TLS.
    public var tls: TLSServerOptions?
    /// Names of the host that HTTP requests may be for, beside ``host`` and those that always are this machine's
    /// (``OwnHosts``). Others are answered 421. Default none.
    public var listenNames: [String] = []
    /// Where ``transport`` has a certificate, or it or ``connectionHeaders`` headers, origin or cookie for the requests, the origins of foreign pages
    /// whose requests are passed on, `*` for all; others are answered 403. Pages of loopback, of the tap and of the
    /// server are not foreign. Default none.
    public var allowedOrigins: [String] = []
    /// The servers that an app's connection is tried to be passed on to, in this order.
    public var servers: [Server]
    /// TLS, the limit of what is taken apart, and headers, origin and cookie of the requests to the server.
    public var transport = TransportOptions()
    /// Makes headers for the requests of a connection, before each that is made to a server over HTTP; they come after
    /// those of ``transport``. Where it throws, the app gets a 502. Default none.
    public var connectionHeaders: ConnectionHeaders?
    /// How long a connection to a server may take, and the making of its headers. Default 5 s.
    public var connectTimeout = TimeAmount.seconds(5)
    /// How the tap misbehaves on purpose. Default not at all.
    public var faults = TapFaults()
    /// Whether what passes below the messages is reported. Default no.
    public var tellsLayers = false

    /// - Parameter targets: the servers, none of them behind a proxy.
    public init(host: String, port: Int, targets: [TransportTarget]) {
        self.host = host
        self.port = port
        servers = targets.map { Server($0) }
    }

    /// Makes headers before a deadline.
    public typealias ConnectionHeaders =
        @Sendable (_ deadline: NIODeadline) async throws -> [(name: String, value: String)]

    /// A server, and the way to it.
    public struct Server: Sendable {
        /// Over ``TransportTarget/Kind/tcp`` it is STOMP; of all other kinds only host, port and TLS count, as HTTP
        /// requests keep their own path.
        public var target: TransportTarget
        /// Default none.
        public var proxy: ProxyTarget?

        /// A server at `target`, behind `proxy`.
        public init(_ target: TransportTarget, proxy: ProxyTarget? = nil) {
            self.target = target
            self.proxy = proxy
        }
    }
}
