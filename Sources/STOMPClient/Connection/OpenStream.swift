import NIOCore
import STOMPCore
import STOMPTransport

/// What a connection knows of its stream until it is closed: where the session and the decoder are, and how the peer has
/// ended it, if it has.
struct OpenStream {
    var session = Session()
    var decoder: FrameDecoder
    /// How the peer ended the stream, which may still bring bytes.
    var closure: TransportClosure?

    /// What one read of the socket or one message brought.
    struct Input {
        /// Nil once the decoder has them.
        var bytes: ByteBuffer?
        let time: Timestamp
        /// Whether the trace wants to see frames and heart-beats.
        let isTraced: Bool
        /// Whether the bytes are a message, and not what one read of a stream brought.
        let isMessage: Bool
    }

    /// Why ``read(_:_:into:)`` stopped.
    enum Stop {
        /// All was decoded.
        case needsBytes
        /// CONNECTED came; more may have come after it.
        case connected(Handshake)
        /// The receipt of DISCONNECT came.
        case disconnected
        /// An ERROR came. It is a frame of its own buffer.
        case error(Frame)
        /// What came is not STOMP, or not at this point.
        case violation(STOMPProtocolError, STOMPClientError.ViolationCause?)
    }

    /// Decodes what came up to a frame that changes the state of the connection.
    mutating func read<Opening, Leaving>(
        _ input: inout Input, _ actions: inout [ConnectionStateMachine<Opening, Leaving>.ReceiveAction],
        into messages: inout ReceivedMessages
    ) -> Stop {
        if let bytes = input.bytes.take() { decoder.feed(bytes) }
        do throws(STOMPProtocolError) {
            while let element = try decoder.next() {
                if input.isTraced { actions.append(.trace(element)) }
                // Consumed, as a copy of each frame would count here.
                guard case .frame(let frame) = consume element else { continue }
                switch try session.receive(frame) {
                case .message(let subscription):
                    messages.append(Message(frame: frame, receivedAt: input.time), of: subscription)
                case .receipt(let id):
                    actions.append(.receipt(id))
                case .connected(let handshake):
                    decoder.version = handshake.version
                    return .connected(handshake)
                case .goodbye:
                    return .disconnected
                case .error:
                    return .error(frame.detached())
                }
            }
            if let error = decoder.hopelessBeginning, input.isMessage || decoder.bufferedBytes >= Self.tellingSize {
                return .violation(error, error.foreignProtocol.map { .speaks($0) })
            }
            return .needsBytes
        } catch {
            let cause = LengthInCharacters(error, in: decoder.rejected).map(
                STOMPClientError.ViolationCause.countsCharacters)
            return .violation(error, cause ?? error.foreignProtocol.map { .speaks($0) })
        }
    }

    /// As many bytes of a stream as tell protocols from each other.
    private static let tellingSize = 8

    /// The frame whose beginning came and whose rest did not.
    var unfinished: UnfinishedFrame? { decoder.unfinished }

    /// The session as it is once nothing can be sent any more.
    var closedSession: Session {
        var session = session
        session.close()
        return session
    }

    /// Why a session failed whose stream has ended so.
    ///
    /// - Parameter quiet: how long nothing had passed either way, where no heart-beats were agreed on.
    func failure(_ error: TransportError?, isOpening: Bool, quiet: TimeAmount? = nil) -> STOMPClientError {
        if let quiet, quiet >= Self.longQuiet, unfinished == nil, isPlainEnd(error) {
            return .closed(closure, .afterQuiet(quiet, error))
        }
        if closure?.code == nil, let error { return .transport(error) }
        guard let unfinished, !isOpening || unfinished.command != nil else {
            return .closed(closure, isOpening ? .beforeConnected : .betweenFrames)
        }
        return .closed(closure, .insideFrame(unfinished))
    }

    /// What a proxy may take for an idle connection.
    private static let longQuiet = TimeAmount.seconds(5)

    /// Whether the peer ended the stream without saying that something was wrong.
    private func isPlainEnd(_ error: TransportError?) -> Bool {
        guard closure?.code == nil || closure?.code == 1000, closure?.reason.isEmpty ?? true else { return false }
        switch error {
        case nil, .webSocket(.closedWithoutCloseFrame): return true
        default: return false
        }
    }

    /// What the end of the stream says of a DISCONNECT before it; nil where it says that the session failed.
    func outcome(_ error: TransportError?) -> DisconnectOutcome? {
        // RabbitMQ closes with 1000 instead of a receipt; another code is that of a failure.
        let isOrderly = closure?.code == nil || closure?.code == 1000
        guard isOrderly, error == nil || error?.kind == .connectionLost else { return nil }
        return closure?.code == 1000 ? .closed : .ended
    }
}

/// Messages that came, until the read is over: in runs of the same subscription, so that a whole run is passed on in one
/// step.
struct ReceivedMessages {
    struct Run {
        /// Nil where the messages belong to no open subscription.
        let subscription: String?
        var count: Int
        /// What the messages take, in bytes.
        var bytes: Int

        mutating func add(_ bytes: Int) {
            count += 1
            self.bytes += bytes
        }
    }

    private(set) var messages: [Message] = []
    private(set) var runs: [Run] = []
    /// How many came in the read before.
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

    /// Takes everything out.
    mutating func removeAll() {
        expected = messages.count
        messages = []
        runs.removeAll(keepingCapacity: true)
    }
}

extension Message {
    /// What it takes while it waits for its reader, in bytes: its frame, and what is kept next to it.
    var cost: Int { frame.bytes.readableBytes + 256 }
}

extension Session {
    /// What `make` returns or throws, as a value.
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
    /// The protocol that a peer speaks instead of STOMP, where this shows it.
    package var foreignProtocol: ForeignProtocol? {
        switch reason {
        case .unknownCommand(let line): ForeignProtocol(firstBytes: line.bytes)
        case .unexpectedFrame(.connect, .beforeConnected), .unexpectedFrame(.stomp, .beforeConnected): .echo
        default: nil
        }
    }
}
