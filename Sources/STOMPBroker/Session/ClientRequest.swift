import STOMPCore

/// What a client's frame asks for in an open session, read and checked as far as a frame alone can be.
enum ClientRequest {
    case send(Message, transaction: String?)
    case subscribe(SubscriptionName, destination: String, AckMode)
    /// Subscribes to the messages that a selector picks.
    case select(SubscriptionName, destination: String, HeaderSelector)
    case unsubscribe(SubscriptionName)
    case acknowledge(Acknowledgement, transaction: String?)
    case begin(String)
    case commit(String)
    case abort(String)

    /// An ACK or a NACK.
    struct Acknowledgement {
        /// What named the message to the client.
        var delivery: Delivery.ID
        /// The subscription that the frame names beside it, as STOMP 1.1 does.
        var subscription: String?
        /// Whether it is a NACK: a queue takes the message back.
        var isNegative: Bool
    }

    /// - Parameter isStrict: whether the frame has to be by the book of its version. Otherwise a SUBSCRIBE of any version
    ///   may go without an id and have any ack mode, its selector is not looked at, and an ACK need not name the
    ///   subscription.
    /// - Returns: nil for a frame that is no request of an open session.
    /// - Throws: ``BrokerError`` for a header that is missing, or has a value it cannot have.
    init?(_ frame: Frame, version: STOMPVersion, isStrict: Bool = true) throws(BrokerError) {
        let headers = frame.headers
        switch frame.command {
        case .send:
            let message = Message(destination: try frame.required("destination"), frame: frame)
            self = .send(message, transaction: headers["transaction"])
        case .subscribe:
            guard !isStrict || !headers.contains("selector") else {
                throw .noSelectors
            }
            let destination = try frame.required("destination")
            let name = try frame.subscriptionName(isStrict ? version : .v10) ?? .destination(destination)
            self = .subscribe(name, destination: destination, try frame.ackMode(isStrict ? version : .v12))
        case .unsubscribe:
            if let name = try frame.subscriptionName(isStrict ? version : .v10) {
                self = .unsubscribe(name)
            } else {
                self = .unsubscribe(.destination(try frame.required("destination")))
            }
        case .ack, .nack:
            let acknowledgement = Acknowledgement(
                delivery: try frame.deliveryID(version),
                subscription: version == .v11 && isStrict ? try frame.required("subscription") : nil,
                isNegative: frame.command == .nack)
            self = .acknowledge(acknowledgement, transaction: headers["transaction"])
        case .begin: self = .begin(try frame.required("transaction"))
        case .commit: self = .commit(try frame.required("transaction"))
        case .abort: self = .abort(try frame.required("transaction"))
        case .connect, .stomp, .disconnect, .connected, .message, .receipt, .error: return nil
        }
    }
}

extension Frame {
    /// A header that this frame must have; an empty one names nothing.
    fileprivate func required(_ name: String) throws(BrokerError) -> String {
        guard let value = headers[name], !value.isEmpty else {
            throw .missingHeader(name, of: command)
        }
        return value
    }

    /// The name by `id`; nil where STOMP 1.0 goes by the destination.
    fileprivate func subscriptionName(_ version: STOMPVersion) throws(BrokerError) -> SubscriptionName? {
        if version == .v10 { return headers["id"].map { .id($0) } }
        return .id(try required("id"))
    }

    fileprivate func ackMode(_ version: STOMPVersion) throws(BrokerError) -> AckMode {
        guard let value = headers["ack"] else { return .auto }
        guard let mode = AckMode(rawValue: value), version > .v10 || mode != .clientIndividual else {
            throw .unknownAckMode(value, version)
        }
        return mode
    }

    /// 1.2 names a message by what its `ack` header said; before that, by its `message-id`.
    fileprivate func deliveryID(_ version: STOMPVersion) throws(BrokerError) -> Delivery.ID {
        guard let id = Delivery.ID(try required(version == .v12 ? "id" : "message-id")) else { throw .notWaiting }
        return id
    }
}
