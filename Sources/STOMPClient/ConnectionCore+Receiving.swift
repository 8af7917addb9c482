import NIOCore
import STOMPCore
import STOMPTransport

/// What the stream brings.
extension ConnectionCore: TransportReceiver {
    func received(_ bytes: ByteBuffer) {
        guard !isOver else { return }
        decoder.feed(bytes)
        do throws(STOMPProtocolError) {
            while let element = try decoder.next() {
                switch element {
                case .heartBeat:
                    traceHeartBeat(.incoming)
                case .frame(let frame):
                    trace.record(.frames) {
                        WireEvent(
                            .stomp, .incoming, .frames, .frame(command: frame.command.rawValue), bytes: frame.bytes)
                    }
                    try handle(frame)
                    if isOver { return }
                }
            }
        } catch {
            end(explain(error, bytes))
        }
    }

    func receivedAll() {
        monitor?.received(at: .now())
        timeOfRead = nil
        deliverTouched()
        if isReading, leaving == nil, undelivered > configuration.undeliveredLimit {
            isReading = false
            stream.setReading(false)
        }
    }

    func happened(_ event: TransportEvent) {
        switch event {
        case .alive, .wire(.ping, _): monitor?.received(at: .now())
        case .wire(.pong, let payload):
            monitor?.received(at: .now())
            // A pong answers all pings before its own (RFC 6455, section 5.5.3).
            guard let last = pings.lastIndex(where: { $0.payload == payload }) else { return }
            for ping in pings[...last] { ping.answer.succeed() }
            pings.removeSubrange(...last)
        case .wire(.ended(let closure), _): self.closure = closure
        case .messages, .wire: break
        case .invalidUTF8:
            guard !warnedOfInvalidUTF8 else { return }
            warnedOfInvalidUTF8 = true
            configuration.logger.warning("a text message was no UTF-8: a browser would close with 1007")
        }
    }

    func writabilityChanged(_ isWritable: Bool) {
        guard isWritable else { return }
        for writer in writers { writer.succeed() }
        writers = []
    }

    func ended(_ error: TransportError?) {
        // RabbitMQ closes with 1000 instead of a receipt; another code tells of a failure.
        let isOrderly = closure?.code == nil || closure?.code == 1000
        if leaving != nil, isOrderly, error == nil || error?.kind == .connectionLost {
            return left(closure?.code == 1000 ? .closed : .ended)
        }
        if closure?.code == nil, let error { return end(.transport(error)) }
        let stage: STOMPClientError.ClosedStage =
            opening != nil ? .beforeConnected : decoder.bufferedBytes > 0 ? .insideFrame : .betweenFrames
        end(.closed(closure, stage))
    }

    private func handle(_ frame: Frame) throws(STOMPProtocolError) {
        switch try session.receive(frame) {
        case .connected(let handshake):
            decoder.version = handshake.version
            monitor = HeartBeatMonitor(handshake.heartBeat, now: .now())
            scheduleHeartBeat()
            opening?.succeed(Opened(core: NIOLoopBound(self, eventLoop: eventLoop), handshake: handshake))
            opening = nil
        case .message(let subscription):
            // What comes after DISCONNECT has no reader any more, and must not stand before its receipt.
            guard leaving == nil, let inbox = subscription.flatMap({ routes[$0] }) ?? unclaimed else { return }
            let message = Message(frame: frame, receivedAt: readTime())
            inboxes[inbox]?.append(message)
            undelivered += Inbox.cost(message)
            if touched.last != inbox { touched.append(inbox) }
        case .receipt(let id):
            receipts.arrived(id)
        case .goodbye:
            left(.confirmed)
        case .error:
            end(opening == nil ? .serverError(frame.detached()) : .refused(frame.detached()))
        }
    }

    private func readTime() -> Timestamp {
        let time = timeOfRead ?? .now()
        timeOfRead = time
        return time
    }

    func deliverTouched() {
        for inbox in touched {
            if let bytes = inboxes[inbox]?.deliver(), bytes > 0 { delivered(bytes) }
        }
        touched.removeAll(keepingCapacity: true)
    }

    /// Names the protocol that a peer speaks instead, where its first bytes tell.
    private func explain(_ error: STOMPProtocolError, _ bytes: ByteBuffer) -> STOMPClientError {
        guard case .unknownCommand = error.reason, opening != nil else {
            return .protocolViolation(error, foreign: nil)
        }
        return .protocolViolation(error, foreign: ForeignProtocol(firstBytes: bytes.readableBytesView))
    }
}
