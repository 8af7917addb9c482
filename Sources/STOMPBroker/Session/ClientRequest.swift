import STOMPCore

/// A client's request in an open session, parsed from a frame and checked as far as the frame alone allows.
enum ClientRequest {
    case send(Message, transaction: String?)
    case subscribe(SubscriptionName, destination: String, AckMode)
    /// Subscribes to the messages that a selector matches.
    case select(SubscriptionName, destination: String, HeaderSelector)
    case unsubscribe(SubscriptionName)
    case acknowledge(Acknowledgement, transaction: String?)
    case begin(String)
    case commit(String)
    case abort(String)

    /// An ACK or a NACK.
    struct Acknowledgement {
        /// The delivery that the frame acknowledges.
        var delivery: Delivery.ID
        /// The subscription that the frame also contains, in STOMP 1.1.
        var subscription: String?
        /// Whether it is a NACK: the message is requeued.
        var isNegative: Bool
    }

    /// - Parameter isStrict: whether the frame must follow the specification of its version. Otherwise a
    ///   SUBSCRIBE of any version may lack an id and have any ack mode, its selector is ignored, and an ACK may
    ///   lack the subscription.
    /// - Returns: nil if the frame is not a request of an open session.
    /// - Throws: ``BrokerError`` if a header is missing or has an invalid value.
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
    /// The value of a required header; an empty value counts as missing.
    fileprivate func required(_ name: String) throws(BrokerError) -> String {
        guard let value = headers[name], !value.isEmpty else {
            throw .missingHeader(name, of: command)
        }
        return value
    }

    /// The name by `id`; nil if a STOMP 1.0 frame identifies the subscription by its destination.
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

    /// The delivery that an ACK or NACK names: in 1.2 by the value of the message's `ack` header, before 1.2
    /// by its `message-id`.
    fileprivate func deliveryID(_ version: STOMPVersion) throws(BrokerError) -> Delivery.ID {
        guard let id = Delivery.ID(try required(version == .v12 ? "id" : "message-id")) else { throw .notWaiting }
        return id
    }
}
