import STOMPCore

/// What is listened to.
extension STOMPConnection {
    /// A sequence for the messages of several subscriptions, in the order in which they come.
    ///
    /// - Parameter takesUnclaimed: whether it also takes the messages that belong to no subscription, such as one that
    ///   ``send(raw:)`` has made. It then lasts as long as the session, with or without subscriptions. By default false.
    public func makeMessageSequence(takesUnclaimed: Bool = false) -> MessageSequence {
        let inbox = core.makeInbox()
        if takesUnclaimed { core.unclaimed = inbox }
        return MessageSequence(connection: self, inbox: inbox)
    }

    /// Sends SUBSCRIBE. Messages are kept from the first one on, until they are read.
    ///
    /// - Parameters:
    ///   - destination: what to listen to.
    ///   - id: the subscription's id; by default `sub-0`, `sub-1` and so on.
    ///   - ack: how its messages are acknowledged; `AckMode/auto` needs no ``ack(_:transaction:)``.
    ///   - headers: further headers of SUBSCRIBE, such as `selector`.
    ///   - sequence: where its messages go, together with those of other subscriptions; by default a sequence of its own.
    /// - Returns: the subscription, which ``standing(of:)`` tells more of.
    /// - Throws: ``STOMPClientError``.
    public func subscribe(
        to destination: String, id: String? = nil, ack: AckMode = .auto, headers: HeaderList = [:],
        into sequence: MessageSequence? = nil
    ) throws -> Subscription {
        let asksReceipt = handshake.answersReceipts && !headers.contains("receipt")
        let (subscription, receiptID) = try core.send { session throws(STOMPProtocolError) in
            let receipt = asksReceipt ? session.makeReceiptID() : nil
            let (id, frame) = try session.subscribe(
                to: destination, id: id, ack: ack, headers: headers, receipt: receipt)
            return ((id, receipt), [frame])
        }
        let receipt = receiptID.map { Receipt(id: $0, future: core.receipts.add($0)) }
        let sequence = sequence ?? makeMessageSequence()
        core.route(subscription, to: sequence.inbox)
        return Subscription(
            id: subscription, destination: destination, ack: ack, messages: sequence, receipt: receipt)
    }

    /// Waits until a subscription stands: by its receipt, or where the server answers none, after
    /// ``ClientConfiguration/settle``.
    ///
    /// - Throws: ``STOMPClientError`` that ended the session meanwhile, or `CancellationError`.
    public func standing(of subscription: Subscription) async throws -> SubscriptionStanding {
        guard let receipt = subscription.receipt else {
            try await Task.sleep(nanoseconds: UInt64(configuration.settle.nanoseconds))
            return .settled
        }
        do {
            try await receipt.arrives()
            return .confirmed
        } catch STOMPClientError.timedOut where core.failure == nil {
            return .unconfirmed
        }
    }

    /// Sends UNSUBSCRIBE. A sequence that no other subscription shares ends once it is read.
    ///
    /// - Throws: ``STOMPClientError``.
    public func unsubscribe(_ subscription: Subscription, headers: HeaderList = [:]) throws {
        try unsubscribe(id: subscription.id, headers: headers)
    }

    /// Sends UNSUBSCRIBE for the subscription of this id.
    ///
    /// - Throws: ``STOMPClientError``.
    public func unsubscribe(id: String, headers: HeaderList = [:]) throws {
        try core.send { session throws(STOMPProtocolError) in
            ((), [try session.unsubscribe(id, headers: headers)])
        }
        core.unroute(id)
    }

    func nextBatch(of inbox: Int) async throws -> [Message]? {
        if let next = try core.next(of: inbox) { return next.batch }
        let boundCore = boundCore
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { reader in
                core.wait(for: inbox, reader)
                if Task.isCancelled { core.cancelReader(of: inbox) }
            }
        } onCancel: {
            eventLoop.execute { boundCore.value.cancelReader(of: inbox) }
        }
    }
}
