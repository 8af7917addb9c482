import NIOCore
import STOMPCore
import STOMPTransport

/// One of the two that a tap stands between.
public enum TapSide: Sendable, Hashable {
    case app, server
}

/// What has begun.
public enum TapOpening: Sendable, Hashable {
    case tcp
    case webSocket(path: String)
    /// A SockJS session, by the last part of its first request's path, such as `xhr_streaming`, and by what comes before
    /// that.
    case sockJS(transport: String, session: String)
}

/// How a connection or a session has ended.
public enum TapEnding: Sendable, Hashable {
    case webSocketClosed(by: TapSide, WebSocketClose)
    case sockJSClosed(code: Int, reason: String)
    case connectionClosed(by: TapSide)
    case connectionReset(by: TapSide)
    /// The connection to that side broke.
    case connectionBroken(by: TapSide, TransportError)
    /// A fault that was asked for.
    case closedByTap
    case tapEnded
    case noConnectionToServer
    /// The server answered a request of a SockJS session otherwise than with 200.
    case answered(status: Int, reason: String)
    /// A SockJS session had no request for so long.
    case noRequest(within: TimeAmount)
    case over
}

/// A fault that was asked for, and strikes.
public enum TapFault: Sendable, Hashable {
    case connectionRefused
    /// Everything is held for so long, and passes at so many bytes a second, each way.
    case slowed(delay: TimeAmount, jitter: TimeAmount, rate: Int?)
    /// The connection is closed with this code; without one it breaks off.
    case closed(code: Int?)
    case frozen
    case droppedFrame(Command, destination: String?, bodySize: Int)
    case droppedHeartBeat
}

/// Something that a reader of what passes should know, such as why nothing more is shown of a connection.
public enum TapNote: Sendable, Hashable {
    case cannotConnect(TransportError)
    /// What a side sends is shown as it is from here on.
    case notSTOMP(STOMPProtocolError)
    case invalidSockJSFrame(TransportError)
    case invalidSockJSMessages(JSONFault)
    /// The request of a SockJS session is larger than the limit of ``TapConfiguration/transport``, and is not taken
    /// apart.
    case requestTooLarge
    case unsolicitedAnswer
    /// A request for a WebSocket was answered otherwise than with 101.
    case notUpgraded(path: String, status: Int, reason: String)
    /// The upgrade is to another protocol than WebSocket.
    case otherUpgrade(path: String)
    case notTakenApart(TransportError)
    case noLongerTakenApart(TransportError)
    case notHTTP(from: TapSide)
    case headTooLarge(from: TapSide)
    /// More requests are refused, and no longer told one by one.
    case moreRefusals
}

extension WireEvent.Direction {
    /// Who sends that way.
    var sender: TapSide { self == .outgoing ? .app : .server }
}
