import NIOCore
import STOMPTransport

/// Where a tap stands, and how it behaves.
public struct TapConfiguration: Sendable {
    /// The address that apps connect to; the system chooses the port where it is 0.
    public var host: String
    public var port: Int
    /// With which certificate TLS is spoken with apps. Default none: no TLS.
    public var tls: TLSServerOptions?
    /// The servers that an app's connection is tried to be passed on to, in this order. Over
    /// ``TransportTarget/Kind/tcp`` it is STOMP; of all other kinds only host, port and TLS count, as HTTP requests keep
    /// their own path.
    public var targets: [TransportTarget]
    /// Proxy, TLS, the limit of what is taken apart, and headers, origin and cookie of the requests to the server.
    public var transport = TransportOptions()
    /// How long a connection to a server may take. Default 5 s.
    public var connectTimeout = TimeAmount.seconds(5)
    public var faults = TapFaults()
    /// Whether what passes below the messages is told. Default no.
    public var tellsLayers = false

    public init(host: String, port: Int, targets: [TransportTarget]) {
        self.host = host
        self.port = port
        self.targets = targets
    }
}
