/// What a server said in CONNECTED, and what was agreed by it.
public struct Handshake: Sendable {
    public let version: STOMPVersion
    /// What both sides keep from now on, this side's view.
    public let heartBeat: HeartBeat
    /// The frame itself.
    public let frame: Frame

    /// Name and version of the server, where it says.
    public var server: String? { frame.headers["server"] }
    /// The session's id, where the server gives one.
    public var session: String? { frame.headers["session"] }

    /// Whether the server can be expected to answer receipts. One that names neither itself nor the session is taken
    /// for Spring's simple broker, which answers only the receipt of DISCONNECT.
    public var answersReceipts: Bool { server != nil || session != nil }
}
