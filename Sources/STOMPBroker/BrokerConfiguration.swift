import STOMPCore
import STOMPTransport

/// What a broker listens on, and how it behaves.
public struct BrokerConfiguration: Sendable {
    /// Where clients come in. A port of 0 is chosen by the system.
    public enum Listener: Sendable, Hashable {
        case tcp(host: String, port: Int)
        /// WebSocket at this path.
        case webSocket(host: String, port: Int, path: String = "/ws")
    }

    /// Default: TCP on a free port of 127.0.0.1.
    public var listeners: [Listener] = [.tcp(host: "127.0.0.1", port: 0)]
    /// The certificate of all listeners; nil, the default, is no TLS.
    public var tls: TLSServerOptions?
    /// Names of the host that HTTP requests may be for, beside those that always are this machine's (``OwnHosts``) and
    /// the host of the listener. Others are answered 421. Default none.
    public var listenNames: [String] = []
    /// The only values of `Origin` that HTTP requests may have, `*` for all of them; others are answered 403. Nil, the
    /// default, is the pages of this machine: from a loopback name or address, or from the host that the request is for,
    /// at any port.
    public var allowedOrigins: [String]?
    /// Told of each HTTP request that is refused for its host or its origin, on the broker's event loop; it must not
    /// block. Default nobody.
    public var refusalObserver: @Sendable (AdmissionRefusal) -> Void = { _ in }
    /// Passcodes by login; nil, the default, lets everybody in.
    public var logins: [String: String]?
    /// Headers that CONNECT must have, with these values, such as `Authorization`. Default none.
    public var connectHeaders: [String: String] = [:]
    /// What the broker offers and wants, in milliseconds. Default 10000,10000.
    public var heartBeat = HeartBeat(outgoing: 10_000, incoming: 10_000)
    public var manner = Manner.standard
    /// In the manner of Spring, how the destinations begin that its broker serves; others are met with silence, but for
    /// those of ``routes``. Default `/topic`, `/queue`, `/sub`.
    public var destinationPrefixes = ["/topic", "/queue", "/sub"]
    /// What CONNECTED names as the server, such as `stomptap/1.0`. Default `stomptap`.
    public var server = "stomptap"
    /// Whether `/topic/clock` gets a JSON tick each second. Default no.
    public var hasClock = false
    /// Whether what is sent to `/app/echo` comes back on `/topic/echo`. Default no.
    public var hasEcho = false
    /// Destinations whose messages go to another one, as an application would send them on:
    /// `["/pub/messages": "/sub/message"]`. Default none.
    public var routes: [String: String] = [:]
    public var limits = BrokerLimits()
    /// How the streams are shaped.
    public var transport = TransportOptions()
    /// Told what happens, on the broker's event loop; it must not block. Default nobody.
    public var observer: @Sendable (BrokerEvent) -> Void = { _ in }

    public init() {}

    var allRoutes: [String: String] {
        hasEcho ? routes.merging(["/app/echo": "/topic/echo"]) { route, _ in route } : routes
    }
}
