import NIOCore

/// How a server speaks SockJS 0.3.3.
public struct SockJSServerOptions: Sendable, Hashable {
    /// Whether the transport `websocket` is offered. Default true.
    public var takesWebSocket = true
    /// Whether a plain WebSocket is taken at the base itself too, and not only at `/websocket` beneath it, where SockJS
    /// has it; 400 answers it there otherwise, as it does in Spring. Default true.
    public var takesWebSocketAtBase = true
    /// Whether each session is given a cookie `JSESSIONID`, which some load balancers want. Default false.
    public var setsCookie = false
    /// The bytes after which a streaming response ends, so that browsers can let go of it. Default 128 KiB.
    public var responseLimit = 128 << 10
    /// The silence after which a heart-beat goes out. Default 25 s.
    public var heartBeatInterval = TimeAmount.seconds(25)
    /// How long a session is kept while nobody receives. Default 5 s.
    public var receiverTimeout = SockJSSession.receiverTimeout
    /// The most sessions at a time; a client that wants one more is answered 503. Default 10,000.
    public var maximumSessions = 10_000

    public init() {}
}
