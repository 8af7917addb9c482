/// What goes to the client.
extension BrokerConnection {
    /// Whether it is time to flush, even in the middle of a read.
    var isFull: Bool { output.isFull }

    /// Whether more waits for this client than should.
    var isCongested: Bool {
        !stream.isWritable && !hasEnded && stream.queuedBytes + output.count > limits.backlog
    }

    func deliver(_ delivery: Delivery, encoder: inout MessageEncoder) {
        touch()
        output.append(delivery, encoder: &encoder)
    }

    /// Lets a message wait that the stream would not take. A client for whom too much waits is dropped.
    func postpone(_ delivery: Delivery) {
        guard !isClosing else { return }
        waiting.append(delivery)
        guard waiting.octets > limits.waitingOctets else { return }
        drop(
            "it reads too slowly: \(waiting.octets) octets of messages wait for it, and at most "
                + "\(limits.waitingOctets) may")
    }

    func write(_ reply: ServerFrame) {
        touch()
        output.append(reply)
        if output.isFull { flush() }
        if isCongested { hub.hold(id, for: id) }
    }

    func touch() {
        if output.count == 0 { hub.touch(self) }
    }

    /// Sends what was written.
    func flush() {
        guard output.count > 0 else { return }
        for piece in output.take() {
            if piece.kind != kind {
                kind = piece.kind
                stream.request(.messages(as: kind))
            }
            stream.write(piece.octets, promise: nil)
        }
        stream.flush()
        monitor?.sent(at: .now())
        watchWriting()
    }
}
