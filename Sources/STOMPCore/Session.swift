/// The client's side of a STOMP session, from CONNECT to DISCONNECT.
///
/// A value without I/O and without a clock. Calls return the frame that the caller must send; ``receive(_:)`` tells
/// what a frame that came means. Frames are checked against the state and the version before anything is sent.
public struct Session: Sendable {
    /// What a frame from the server means.
    public enum Reception: Sendable {
        /// The session is open.
        case connected(Handshake)
        /// A message for this subscription; nil where it belongs to none that is open, such as one that was on its way
        /// when UNSUBSCRIBE was sent.
        case message(subscription: String?)
        /// The server has processed the frame that asked for this receipt.
        case receipt(id: String)
        /// The receipt of DISCONNECT: the server has processed all that was sent.
        case goodbye
        /// An ERROR. Before CONNECTED it refuses the session. The server should close now, and many do not.
        case error
    }

    private enum State: Sendable {
        case idle
        case connecting(offered: [STOMPVersion], HeartBeat)
        case connected(Handshake)
        case disconnecting(Handshake, receipt: String)
        case closed
    }

    private var state = State.idle
    var encoder = FrameEncoder()
    /// The destinations of the open subscriptions, by their ids.
    var subscriptions: [String: String] = [:]
    var transactions: Set<String> = []
    var subscriptionsMade = 0
    var transactionsMade = 0
    private var receiptsMade = 0

    public init() {}

    /// The version that was agreed on; nil before CONNECTED.
    public var version: STOMPVersion? { encoder.version }

    /// Whether frames may be sent.
    public var isConnected: Bool {
        if case .connected = state { true } else { false }
    }

    /// A receipt id that this session has not used.
    public mutating func makeReceiptID() -> String {
        receiptsMade += 1
        return "receipt-\(receiptsMade)"
    }

    // MARK: Beginning and end

    /// - Throws: ``STOMPProtocolError/Reason/connectAlreadySent``, or an encoding error for a header
    ///   that CONNECT cannot carry.
    public mutating func connect(_ configuration: SessionConfiguration) throws(STOMPProtocolError) -> Frame {
        guard case .idle = state else { throw STOMPProtocolError(.local, .connectAlreadySent) }
        let headers = configuration.connectHeaders
        let offered = STOMPVersion.allCases.filter { version in
            STOMPVersion.negotiate(offered: headers["accept-version"], supported: [version]) != nil
        }
        let heartBeat = try HeartBeat(header: headers["heart-beat"], from: .local)
        let frame = try encoder.frame(.connect, headers)
        state = .connecting(offered: offered, heartBeat)
        return frame
    }

    /// DISCONNECT, always with a receipt: it tells that the server has processed everything before it.
    public mutating func disconnect() throws(STOMPProtocolError) -> Frame {
        let handshake = try connected()
        let receipt = makeReceiptID()
        let frame = try encoder.frame(.disconnect, ["receipt": receipt])
        state = .disconnecting(handshake, receipt: receipt)
        return frame
    }

    /// The stream is over; nothing more can be sent.
    public mutating func close() {
        state = .closed
    }

    // MARK: What the server says

    /// - Throws: ``STOMPProtocolError`` where the frame breaks the protocol at this point.
    public mutating func receive(_ frame: Frame) throws(STOMPProtocolError) -> Reception {
        switch (state, frame.command) {
        case (.connecting(let offered, let heartBeat), .connected):
            return .connected(try open(frame, offered: offered, heartBeat: heartBeat))
        case (.connecting, .error), (.connected, .error), (.disconnecting, .error):
            return .error
        case (.connected, .message), (.disconnecting, .message):
            return .message(subscription: try subscription(of: frame))
        case (.connected, .receipt), (.disconnecting, .receipt):
            guard let id = frame.headers["receipt-id"] else { throw .missing("receipt-id", frame) }
            if case .disconnecting(_, id) = state { return .goodbye }
            return .receipt(id: id)
        case (.connecting, _), (.connected, _), (.disconnecting, _), (.idle, _), (.closed, _):
            throw STOMPProtocolError(.peer, .unexpectedFrame(frame.command, stage))
        }
    }

    private mutating func open(
        _ frame: Frame, offered: [STOMPVersion], heartBeat: HeartBeat
    ) throws(STOMPProtocolError) -> Handshake {
        // A server that knows only 1.0 names no version.
        let name = frame.headers["version"] ?? STOMPVersion.v10.rawValue
        guard let version = STOMPVersion(rawValue: name), offered.contains(version) else {
            throw STOMPProtocolError(.peer, .versionMismatch(chosen: name, offered: offered))
        }
        var agreed = HeartBeat.none
        if version != .v10 {
            agreed = heartBeat.negotiated(with: try HeartBeat(header: frame.headers["heart-beat"]))
        }
        encoder.version = version
        let handshake = Handshake(version: version, heartBeat: agreed, frame: frame.detached())
        state = .connected(handshake)
        return handshake
    }

    /// Which open subscription a MESSAGE belongs to. STOMP 1.0 servers may leave the id out.
    private func subscription(of frame: Frame) throws(STOMPProtocolError) -> String? {
        if subscriptions.count == 1, let only = subscriptions.keys.first, frame.headers.has("subscription", only) {
            return only
        }
        if let id = frame.headers["subscription"] { return subscriptions[id] == nil ? nil : id }
        guard version == .v10 else { throw .missing("subscription", frame) }
        let destination = frame.headers["destination"]
        let matching = subscriptions.first { $0.value == destination }
        return matching?.key ?? (subscriptions.count == 1 ? subscriptions.keys.first : nil)
    }

    // MARK: State

    func connected() throws(STOMPProtocolError) -> Handshake {
        guard case .connected(let handshake) = state else {
            throw STOMPProtocolError(.local, .cannotSend(stage))
        }
        return handshake
    }

    private var stage: SessionStage {
        switch state {
        case .idle: .beforeConnect
        case .connecting: .beforeConnected
        case .connected: .open
        case .disconnecting: .afterDisconnect
        case .closed: .over
        }
    }
}
