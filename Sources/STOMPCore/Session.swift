/// The client's side of a STOMP session, from CONNECT to DISCONNECT.
///
/// A value without I/O and without a clock. Calls return the frame that the caller must send; ``receive(_:)`` returns
/// the meaning of a received frame. Frames are checked against the state and the version before anything is sent.
public struct Session: Sendable {
    /// The meaning of a frame from the server.
    public enum Reception: Sendable {
        /// The session is open.
        case connected(Handshake)
        /// A message for this subscription; nil if it belongs to no open subscription, for example because it was
        /// in transit when UNSUBSCRIBE was sent.
        case message(subscription: String?)
        /// The server has processed the frame that asked for this receipt.
        case receipt(id: String)
        /// The receipt of DISCONNECT: the server has processed everything that was sent.
        case disconnected
        /// An ERROR. Before CONNECTED it refuses the session. The server should close the connection now, but
        /// many do not.
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
    /// The destinations of the open subscriptions, by subscription id.
    var subscriptions: [String: String] = [:]
    var transactions: Set<String> = []
    var subscriptionsMade = 0
    var transactionsMade = 0
    private var receiptsMade = 0

    /// Creates a session that has sent nothing.
    public init() {}

    /// The negotiated version; nil before CONNECTED.
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

    // MARK: Connect and disconnect

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

    /// DISCONNECT, always with a receipt: the receipt confirms that the server has processed everything before it.
    public mutating func disconnect() throws(STOMPProtocolError) -> Frame {
        let handshake = try connected()
        let receipt = makeReceiptID()
        let frame = try encoder.frame(.disconnect, ["receipt": receipt])
        state = .disconnecting(handshake, receipt: receipt)
        return frame
    }

    /// Ends the session after the stream has ended; no more frames can be sent.
    public mutating func close() {
        state = .closed
    }

    // MARK: Frames from the server

    /// - Throws: ``STOMPProtocolError`` if the frame violates the protocol at this point.
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
            if case .disconnecting(_, id) = state { return .disconnected }
            return .receipt(id: id)
        case (.connecting, _), (.connected, _), (.disconnecting, _), (.idle, _), (.closed, _):
            throw STOMPProtocolError(.peer, .unexpectedFrame(frame.command, stage))
        }
    }

    private mutating func open(
        _ frame: Frame, offered: [STOMPVersion], heartBeat: HeartBeat
    ) throws(STOMPProtocolError) -> Handshake {
        // A server that supports only 1.0 sends no version.
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

/// SUBSCRIBE and UNSUBSCRIBE.
extension Session {
    /// SUBSCRIBE; without an id, the session generates one (`sub-0`, `sub-1`, ...).
    ///
    /// - Throws: ``STOMPProtocolError/Reason/duplicateSubscription(_:)``,
    ///   ``STOMPProtocolError/Reason/cannotSend(_:)``, or an encoding error.
    public mutating func subscribe(
        to destination: String, id: String? = nil, ack: AckMode = .auto, headers: HeaderList = [:],
        receipt: String? = nil
    ) throws(STOMPProtocolError) -> (id: String, frame: Frame) {
        _ = try connected()
        let id = id ?? freeSubscriptionID()
        guard subscriptions[id] == nil else {
            throw STOMPProtocolError(.local, .duplicateSubscription(id))
        }
        var list: HeaderList = ["id": id, "destination": destination]
        if ack != .auto { list.append("ack", ack.rawValue) }
        list.append(contentsOf: headers)
        if let receipt { list["receipt"] = receipt }
        let frame = try encoder.frame(.subscribe, list)
        subscriptions[id] = destination
        return (id, frame)
    }

    /// Whether the subscription of a MESSAGE is open. A STOMP 1.0 server may identify it by its destination only.
    public func isSubscribed(to message: Frame) -> Bool {
        if let id = message.headers["subscription"] { return subscriptions[id] != nil }
        return subscriptions.values.contains { message.headers.has("destination", $0) }
    }

    private mutating func freeSubscriptionID() -> String {
        while true {
            let id = "sub-\(subscriptionsMade)"
            subscriptionsMade += 1
            if subscriptions[id] == nil { return id }
        }
    }

    /// - Throws: ``STOMPProtocolError/Reason/unknownSubscription(_:)``, ``STOMPProtocolError/Reason/cannotSend(_:)``,
    ///   or an encoding error.
    public mutating func unsubscribe(
        _ id: String, headers: HeaderList = [:], receipt: String? = nil
    ) throws(STOMPProtocolError) -> Frame {
        _ = try connected()
        guard let destination = subscriptions[id] else {
            throw STOMPProtocolError(.local, .unknownSubscription(id))
        }
        var list: HeaderList = ["id": id]
        // In STOMP 1.0 a server may identify the subscription by its destination only.
        if version == .v10 { list.append("destination", destination) }
        list.append(contentsOf: headers)
        if let receipt { list["receipt"] = receipt }
        let frame = try encoder.frame(.unsubscribe, list)
        subscriptions[id] = nil
        return frame
    }
}

/// BEGIN, COMMIT and ABORT.
extension Session {
    /// BEGIN; without an id, the session generates one (`tx-0`, `tx-1`, ...).
    ///
    /// - Throws: ``STOMPProtocolError/Reason/duplicateTransaction(_:)``, ``STOMPProtocolError/Reason/cannotSend(_:)``,
    ///   or an encoding error.
    public mutating func begin(
        _ id: String? = nil, receipt: String? = nil
    ) throws(STOMPProtocolError) -> (id: String, frame: Frame) {
        _ = try connected()
        let id = id ?? freeTransactionID()
        guard !transactions.contains(id) else {
            throw STOMPProtocolError(.local, .duplicateTransaction(id))
        }
        let frame = try transactionFrame(.begin, id, receipt)
        transactions.insert(id)
        return (id, frame)
    }

    /// - Throws: ``STOMPProtocolError/Reason/unknownTransaction(_:)``, ``STOMPProtocolError/Reason/cannotSend(_:)``.
    public mutating func commit(_ id: String, receipt: String? = nil) throws(STOMPProtocolError) -> Frame {
        try end(.commit, id, receipt)
    }

    /// - Throws: ``STOMPProtocolError/Reason/unknownTransaction(_:)``, ``STOMPProtocolError/Reason/cannotSend(_:)``.
    public mutating func abort(_ id: String, receipt: String? = nil) throws(STOMPProtocolError) -> Frame {
        try end(.abort, id, receipt)
    }

    private mutating func end(
        _ command: Command, _ id: String, _ receipt: String?
    ) throws(STOMPProtocolError) -> Frame {
        _ = try connected()
        try checkOpen(id)
        let frame = try transactionFrame(command, id, receipt)
        transactions.remove(id)
        return frame
    }

    private func transactionFrame(
        _ command: Command, _ id: String, _ receipt: String?
    ) throws(STOMPProtocolError) -> Frame {
        var list: HeaderList = ["transaction": id]
        if let receipt { list.append("receipt", receipt) }
        return try encoder.frame(command, list)
    }

    private mutating func freeTransactionID() -> String {
        while true {
            let id = "tx-\(transactionsMade)"
            transactionsMade += 1
            if !transactions.contains(id) { return id }
        }
    }

    /// Adds the `transaction` header to a frame, if a transaction is given; it must be open.
    func add(_ transaction: String?, to headers: inout HeaderList) throws(STOMPProtocolError) {
        guard let transaction else { return }
        try checkOpen(transaction)
        headers["transaction"] = transaction
    }

    private func checkOpen(_ transaction: String) throws(STOMPProtocolError) {
        guard transactions.contains(transaction) else {
            throw STOMPProtocolError(.local, .unknownTransaction(transaction))
        }
    }
}
