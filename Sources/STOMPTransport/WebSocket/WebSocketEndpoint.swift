/// Where a server takes WebSockets, and whose.
public struct WebSocketEndpoint: Sendable, Hashable {
    /// The path of the request target, such as `/ws`; a query behind it is not looked at.
    public var path: String
    /// The subprotocols that the server speaks: the first of the client's offer that is among them is chosen.
    /// Where the client offers none of them, none is chosen.
    public var subprotocols: [String]
    /// Whether the first of ``subprotocols`` that the client offers is chosen, in whichever order it offers them.
    public var choosesByOwnOrder = false
    /// Whether the answer goes without a reason phrase, as Tomcat's does: `HTTP/1.1 101 `.
    public var omitsReason = false
    /// Whether messages are compressed with clients that offer permessage-deflate (RFC 7692). Default no.
    public var compresses = false
    /// The values of `Host` that are let in; nil, the default, lets in all. A request without a `Host` is let in always.
    public var hosts: OwnHosts?
    /// The values of `Origin` that are let in, `*` for all; nil lets in all. A request without an `Origin` is let in
    /// always.
    public var allowedOrigins: [String]?
    /// Whether pages of this machine are let in beside ``allowedOrigins``: from a loopback name or address, or from the
    /// host that `Host` names, at any port. Default no.
    public var allowsOwnOrigins = false

    /// How SockJS is spoken at the same path; nil for not at all.
    public var sockJS: SockJSServerOptions?

    public init(
        path: String, subprotocols: [String] = [], allowedOrigins: [String]? = nil, sockJS: SockJSServerOptions? = nil
    ) {
        self.path = path
        self.subprotocols = subprotocols
        self.allowedOrigins = allowedOrigins
        self.sockJS = sockJS
    }
}
