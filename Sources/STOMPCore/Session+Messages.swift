import NIOCore

/// SEND, ACK and NACK.
extension Session {
    /// SEND of a message (STOMP 1.2, "SEND").
    ///
    /// - Throws: ``STOMPProtocolError/Reason/unknownTransaction(_:)``, ``STOMPProtocolError/Reason/cannotSend(_:)``,
    ///   or an encoding error.
    public func send(
        to destination: String, headers: HeaderList = [:], body: ByteBuffer = ByteBuffer(),
        contentLength: FrameEncoder.ContentLength = .automatic, transaction: String? = nil, receipt: String? = nil
    ) throws(STOMPProtocolError) -> Frame {
        _ = try connected()
        var list: HeaderList = ["destination": destination]
        list.append(contentsOf: headers)
        try add(transaction, to: &list)
        // Set it here, not after the caller's headers: the first header of a name counts.
        if let receipt { list["receipt"] = receipt }
        return try encoder.frame(.send, list, body: body, contentLength: contentLength)
    }

    /// ACK of a message, with the headers that the version requires: 1.2 uses the message's `ack`, 1.1 its
    /// `subscription` and `message-id`, 1.0 its `message-id`.
    ///
    /// - Throws: ``STOMPProtocolError/Reason/missingHeader(_:of:)`` if the message lacks these headers,
    ///   ``STOMPProtocolError/Reason/unknownTransaction(_:)``, ``STOMPProtocolError/Reason/cannotSend(_:)``.
    public func ack(
        _ message: Frame, transaction: String? = nil, receipt: String? = nil
    ) throws(STOMPProtocolError) -> Frame {
        try acknowledge(.ack, message, transaction, receipt)
    }

    /// NACK of a message, as ``ack(_:transaction:receipt:)``; STOMP 1.0 has no NACK.
    public func nack(
        _ message: Frame, transaction: String? = nil, receipt: String? = nil
    ) throws(STOMPProtocolError) -> Frame {
        try acknowledge(.nack, message, transaction, receipt)
    }

    private func acknowledge(
        _ command: Command, _ message: Frame, _ transaction: String?, _ receipt: String?
    ) throws(STOMPProtocolError) -> Frame {
        var list = try message.acknowledgementHeaders(try connected().version)
        try add(transaction, to: &list)
        if let receipt { list.append("receipt", receipt) }
        return try encoder.frame(command, list)
    }
}

extension Frame {
    /// Whether ACK and NACK can identify this MESSAGE in a version: 1.2 by its `ack` header, 1.1 by `subscription`
    /// and `message-id`, 1.0 by `message-id`. Messages of Spring's simple broker have no `ack`.
    public func canBeAcknowledged(in version: STOMPVersion) -> Bool {
        version >= .v12
            ? headers.contains("ack")
            : headers.contains("message-id") && (version == .v10 || headers.contains("subscription"))
    }

    /// The headers that identify this MESSAGE in ACK and NACK.
    ///
    /// - Throws: ``STOMPProtocolError/Reason/missingHeader(_:of:)``.
    fileprivate func acknowledgementHeaders(_ version: STOMPVersion) throws(STOMPProtocolError) -> HeaderList {
        if version >= .v12 {
            guard let id = headers["ack"] else { throw .missing("ack", self) }
            return ["id": id]
        }
        var list: HeaderList = [:]
        if let subscription = headers["subscription"] {
            list.append("subscription", subscription)
        } else if version == .v11 {
            throw .missing("subscription", self)
        }
        guard let id = headers["message-id"] else { throw .missing("message-id", self) }
        list.append("message-id", id)
        return list
    }
}
