import NIOCore
import STOMPCore
import STOMPTransport

/// The state of a stream until the connection is closed: the session, the decoder, and how the peer closed the
/// stream, if it did.
struct OpenStream {
    var session = Session()
    var decoder: FrameDecoder
    /// How the peer closed the stream; more bytes may still arrive.
    var closure: TransportClosure?

    /// The bytes of one read of the socket, or one message.
    struct Input {
        /// Nil after they were passed to the decoder.
        var bytes: ByteBuffer?
        let time: Timestamp
        /// Whether frames and heart-beats are traced.
        let isTraced: Bool
        /// Whether the bytes are a complete message of the transport, not one read of a byte stream.
        let isMessage: Bool
    }

    /// Why ``read(_:_:into:)`` stopped.
    enum Stop {
        /// Everything was decoded.
        case needsBytes
        /// CONNECTED was received; more bytes may follow it.
        case connected(Handshake)
        /// The receipt of DISCONNECT was received.
        case disconnected
        /// An ERROR was received. The frame has its own buffer.
        case error(Frame)
        /// The bytes are not STOMP, or the frame is not allowed at this point.
        case violation(STOMPProtocolError, STOMPClientError.ViolationCause?)
    }

    /// Decodes received bytes up to a frame that changes the state of the connection.
    mutating func read<Opening, Leaving>(
        _ input: inout Input, _ actions: inout [ConnectionStateMachine<Opening, Leaving>.ReceiveAction],
        into messages: inout ReceivedMessages
    ) -> Stop {
        if let bytes = input.bytes.take() { decoder.feed(bytes) }
        do throws(STOMPProtocolError) {
            while let element = try decoder.next() {
                if input.isTraced { actions.append(.trace(element)) }
                // Consumed, because a copy of each frame would cost too much here.
                guard case .frame(let frame) = consume element else { continue }
                switch try session.receive(frame) {
                case .message(let subscription):
                    messages.append(Message(frame: frame, receivedAt: input.time), of: subscription)
                case .receipt(let id):
                    actions.append(.receipt(id))
                case .connected(let handshake):
                    decoder.version = handshake.version
                    return .connected(handshake)
                case .disconnected:
                    return .disconnected
                case .error:
                    return .error(frame.detached())
                }
            }
            if let error = decoder.hopelessBeginning, input.isMessage || decoder.bufferedBytes >= Self.conclusiveSize {
                return .violation(error, error.foreignProtocol.map { .speaks($0) })
            }
            return .needsBytes
        } catch {
            let cause = LengthInCharacters(error, in: decoder.rejected).map(
                STOMPClientError.ViolationCause.countsCharacters)
            return .violation(error, cause ?? error.foreignProtocol.map { .speaks($0) })
        }
    }

    /// The number of bytes that is enough to recognise a protocol.
    private static let conclusiveSize = 8

    /// The incomplete frame at the end of the received bytes.
    var unfinished: UnfinishedFrame? { decoder.unfinished }

    /// The session after the close, which sends no more frames.
    var closedSession: Session {
        var session = session
        session.close()
        return session
    }

    /// The error for a session that failed because the stream ended.
    ///
    /// - Parameter quiet: the time since data last passed in either direction, if no heart-beats were negotiated.
    func failure(_ error: TransportError?, isOpening: Bool, quiet: Duration? = nil) -> STOMPClientError {
        if let quiet, quiet >= Self.longQuiet, unfinished == nil, isPlainEnd(error) {
            return .closed(closure, .afterQuiet(quiet, error))
        }
        if closure?.code == nil, let error { return .transport(error) }
        guard let unfinished, !isOpening || unfinished.command != nil else {
            return .closed(closure, isOpening ? .beforeConnected : .betweenFrames)
        }
        return .closed(closure, .insideFrame(unfinished))
    }

    /// After this time a proxy may close a connection as idle.
    private static let longQuiet = Duration.seconds(5)

    /// Whether the peer ended the stream without reporting an error.
    private func isPlainEnd(_ error: TransportError?) -> Bool {
        guard closure?.code == nil || closure?.code == 1000, closure?.reason.isEmpty ?? true else { return false }
        switch error {
        case nil, .webSocket(.closedWithoutCloseFrame): return true
        default: return false
        }
    }

    /// The outcome of DISCONNECT if the stream ends before its receipt; nil if the session failed.
    func outcome(_ error: TransportError?) -> DisconnectOutcome? {
        // RabbitMQ closes with 1000 instead of a receipt; another code means a failure.
        let isOrderly = closure?.code == nil || closure?.code == 1000
        guard isOrderly, error == nil || error?.kind == .connectionLost else { return nil }
        return closure?.code == 1000 ? .closed : .ended
    }
}

/// Messages of the current read, in runs of the same subscription, so that a whole run is delivered in one step.
struct ReceivedMessages {
    struct Run {
        /// Nil if the messages belong to no open subscription.
        let subscription: String?
        var count: Int
        /// The memory cost of the messages, in bytes.
        var bytes: Int

        mutating func add(_ bytes: Int) {
            count += 1
            self.bytes += bytes
        }
    }

    private(set) var messages: [Message] = []
    private(set) var runs: [Run] = []
    /// The number of messages in the read before.
    private var expected = 0

    mutating func append(_ message: consuming Message, of subscription: String?) {
        let cost = message.cost
        if messages.isEmpty { messages.reserveCapacity(expected) }
        messages.append(message)
        if !runs.isEmpty, runs[runs.count - 1].subscription == subscription {
            runs[runs.count - 1].add(cost)
        } else {
            runs.append(Run(subscription: subscription, count: 1, bytes: cost))
        }
    }

    /// Removes all messages.
    mutating func removeAll() {
        expected = messages.count
        messages = []
        runs.removeAll(keepingCapacity: true)
    }
}

extension Message {
    /// The memory cost while the message waits for its reader, in bytes: its frame and the data stored with it.
    var cost: Int { frame.bytes.readableBytes + 256 }
}

extension Session {
    /// Converts the result or error of `make` to a value.
    mutating func result<Made>(
        of make: (inout Session) throws(STOMPProtocolError) -> Made
    ) -> Result<Made, STOMPProtocolError> {
        do throws(STOMPProtocolError) {
            return .success(try make(&self))
        } catch {
            return .failure(error)
        }
    }
}

extension STOMPProtocolError {
    /// The protocol that a peer uses instead of STOMP; nil if the error does not show it.
    package var foreignProtocol: ForeignProtocol? {
        switch reason {
        case .unknownCommand(let line): ForeignProtocol(firstBytes: line.bytes)
        case .unexpectedFrame(.connect, .beforeConnected), .unexpectedFrame(.stomp, .beforeConnected): .echo
        default: nil
        }
    }
}
