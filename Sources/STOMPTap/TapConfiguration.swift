import NIOCore
import STOMPTransport

/// Where a tap stands, and how it behaves.
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
    /// Where ``transport`` has a certificate, or headers, origin or cookie for the requests, the origins of foreign pages
    /// whose requests are passed on, `*` for all; others are answered 403. Pages of loopback, of the tap and of the
    /// server are not foreign. Default none.
    public var allowedOrigins: [String] = []
    /// The servers that an app's connection is tried to be passed on to, in this order.
    public var servers: [Server]
    /// TLS, the limit of what is taken apart, and headers, origin and cookie of the requests to the server.
    public var transport = TransportOptions()
    /// How long a connection to a server may take. Default 5 s.
    public var connectTimeout = TimeAmount.seconds(5)
    /// How the tap misbehaves on purpose. Default not at all.
    public var faults = TapFaults()
    /// Whether what passes below the messages is told. Default no.
    public var tellsLayers = false

    /// - Parameter targets: the servers, none of them behind a proxy.
    public init(host: String, port: Int, targets: [TransportTarget]) {
        self.host = host
        self.port = port
        servers = targets.map { Server($0) }
    }

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
