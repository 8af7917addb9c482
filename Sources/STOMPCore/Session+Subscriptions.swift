/// SUBSCRIBE and UNSUBSCRIBE.
extension Session {
    /// SUBSCRIBE, with an id of its own (`sub-0`, `sub-1`, ...) where none is given.
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

    /// Whether the subscription of a MESSAGE is open. A STOMP 1.0 server may name it by its destination alone.
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
        // STOMP 1.0 lets a server go by the destination alone.
        if version == .v10 { list.append("destination", destination) }
        list.append(contentsOf: headers)
        if let receipt { list["receipt"] = receipt }
        let frame = try encoder.frame(.unsubscribe, list)
        subscriptions[id] = nil
        return frame
    }
}
