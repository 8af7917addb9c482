import NIOCore

/// The life of TLS on a connection, as a value: events come in, and what is returned the caller must do.
///
/// It knows neither a channel nor OpenSSL: ``TLSHandler`` performs, ``TLSEngine`` encrypts.
///
/// ```
/// waiting ─ start ─> handshaking ─ established ─> open ─ closeOutput ─> outputClosed
///    └───────────────────┴──────────── stop ────────┴────────────────────────┴─> closed
/// ```
struct TLSStateMachine: ~Copyable {
    private enum State: ~Copyable {
        case waiting(Opening)
        case handshaking(Opening)
        case open(HeldWrites, Input)
        /// Our close_notify has gone; the peer may still send.
        case outputClosed(Input)
        case closed
    }

    /// What is owed to the layers above until the handshake is made.
    private struct Opening {
        /// Whether they have yet to hear that the channel is active.
        var owesActive = false
        var owesRead = false
        /// What they wrote, which must not leave before the peer is verified.
        var held = HeldWrites()
    }

    /// The peer's side of an open connection.
    private struct Input {
        /// Whether anything came above TLS.
        var wasAnswered = false
        /// Whether a read was asked for, and nothing has come up since.
        var owesRead: Bool
        var end = InputEnd.none

        var reads: Bool { if case .none = end { true } else { false } }
    }

    private enum InputEnd {
        case none
        /// Told when everything that came before it has been passed on.
        case due(End)
        case passedOn
    }

    /// How the peer's side ended.
    enum End: Equatable {
        /// By close_notify (RFC 8446, section 6.1).
        case clean
        case failure(TransportError)
    }

    private var state = State.waiting(Opening())

    // MARK: - Handshake

    /// The channel is open.
    ///
    /// - Parameter owesActive: whether the layers above wait to hear of it.
    /// - Returns: whether the handshake is to start.
    mutating func start(owesActive: Bool) -> Bool {
        switch consume state {
        case .waiting(var opening):
            opening.owesActive = opening.owesActive || owesActive
            self = Self(state: .handshaking(opening))
            return true
        case .handshaking(var opening):
            opening.owesActive = opening.owesActive || owesActive
            self = Self(state: .handshaking(opening))
            return false
        case let other:
            self = Self(state: other)
            return false
        }
    }

    /// The handshake is made.
    ///
    /// - Returns: whether the layers above are to hear that the channel is active; nil where it came too late.
    mutating func established() -> Bool? {
        switch consume state {
        case .handshaking(let opening):
            self = Self(state: .open(opening.held, Input(owesRead: opening.owesRead)))
            return opening.owesActive
        case let other:
            self = Self(state: other)
            return nil
        }
    }

    // MARK: - Reading

    enum Received: Equatable {
        case ignore
        /// The bytes belong to the handshake.
        case handshake
        case decrypt
    }

    /// Bytes came from the socket.
    func received() -> Received {
        switch state {
        case .waiting: .ignore
        case .handshaking: .handshake
        // What nobody may send after the end is not kept.
        case .open(_, let input): input.reads ? .decrypt : .ignore
        case .outputClosed(let input): input.reads ? .decrypt : .ignore
        case .closed: .ignore
        }
    }

    /// Whether what came may be decrypted: not before the handshake is made, and not beyond the end.
    var reads: Bool {
        switch state {
        case .waiting: false
        case .handshaking: false
        case .open(_, let input): input.reads
        case .outputClosed(let input): input.reads
        case .closed: false
        }
    }

    /// Something was decrypted and is about to be passed on.
    mutating func decrypted() {
        updateInput { input in
            input.wasAnswered = true
            input.owesRead = false
        }
    }

    /// Nothing more can be decrypted: the peer ended its side, or the bytes are invalid.
    mutating func inputEnds(_ end: End) {
        updateInput { input in
            if input.reads { input.end = .due(end) }
        }
    }

    /// The layers above ask for a read; the caller passes it on to the socket.
    mutating func readRequested() {
        switch consume state {
        case .waiting(var opening):
            opening.owesRead = true
            self = Self(state: .waiting(opening))
        case .handshaking(var opening):
            opening.owesRead = true
            self = Self(state: .handshaking(opening))
        case let other:
            self = Self(state: other)
            updateInput { $0.owesRead = true }
        }
    }

    /// Whether the end of a read is passed on; before the handshake is made it is not, and the next read is asked for.
    var passesReadComplete: Bool {
        switch state {
        case .waiting: false
        case .handshaking: false
        default: true
        }
    }

    enum ReadCompleted: Equatable {
        case nothing
        /// A read was asked for and brought nothing for the layers above.
        case read
        case end(End)
    }

    /// The end of a read was passed on.
    mutating func readCompleted() -> ReadCompleted {
        var action = ReadCompleted.nothing
        updateInput { input in
            switch input.end {
            case .none: action = input.owesRead ? .read : .nothing
            case .due(let end):
                input.end = .passedOn
                action = .end(end)
            case .passedOn: break
            }
        }
        return action
    }

    /// Whether both sides are closed once the peer's end has been passed on, as of a socket whose two sides are closed.
    var closesAfterEnd: Bool {
        switch state {
        case .outputClosed: true
        default: false
        }
    }

    // MARK: - Writing

    /// Bytes with the promise of their writing.
    typealias Write = HeldWrites.Write

    enum Written {
        /// The output is closed.
        case refused
        case held
        /// In this order.
        case encrypt(Write?, Write?)
    }

    /// A record has room for so many bytes (RFC 8446, section 5.1). Smaller writes wait for a flush, so that they share
    /// one.
    static let record = 16 << 10

    mutating func write(_ bytes: ByteBuffer, _ promise: EventLoopPromise<Void>?) -> Written {
        switch consume state {
        case .waiting(var opening):
            opening.held.add(bytes, promise)
            self = Self(state: .waiting(opening))
            return .held
        case .handshaking(var opening):
            opening.held.add(bytes, promise)
            self = Self(state: .handshaking(opening))
            return .held
        case .open(var held, let input):
            let action: Written
            if bytes.readableBytes >= Self.record {
                action = .encrypt(held.dequeue(), (bytes, promise))
            } else {
                held.add(bytes, promise)
                // From here on the channel counts them, so that a writer who never flushes sees it become unwritable.
                action = held.bytes.readableBytes >= Self.record ? .encrypt(held.dequeue(), nil) : .held
            }
            self = Self(state: .open(held, input))
            return action
        case .outputClosed(let input):
            self = Self(state: .outputClosed(input))
            return .refused
        case .closed:
            self = Self(state: .closed)
            return .refused
        }
    }

    /// What is to be encrypted now; nil where nothing waits, or may not leave.
    mutating func flush() -> Write? {
        switch consume state {
        case .open(var held, let input):
            let write = held.dequeue()
            self = Self(state: .open(held, input))
            return write
        case let other:
            self = Self(state: other)
            return nil
        }
    }

    /// Whether what is encrypted may leave.
    var isOpen: Bool {
        switch state {
        case .open: true
        default: false
        }
    }

    // MARK: - The end

    /// Ends our side. What is held must have been flushed.
    ///
    /// - Returns: whether a close_notify is to be sent.
    mutating func closeOutput() -> Bool {
        switch consume state {
        case .open(_, let input):
            self = Self(state: .outputClosed(input))
            return true
        case let other:
            self = Self(state: other)
            return false
        }
    }

    enum Lost: Equatable {
        case nothing
        /// The handshake will not be finished.
        case abandon
        /// The connection ended without close_notify.
        case cutOff(wasAnswered: Bool)
        /// The peer's side had failed before.
        case failed(TransportError)
        /// The socket's error is what the layers above are told.
        case passOn
    }

    /// The socket brings no more.
    func socketEnded() -> Lost {
        switch state {
        case .waiting: .abandon
        case .handshaking: .abandon
        case .open(_, let input): input.reads ? .cutOff(wasAnswered: input.wasAnswered) : .nothing
        case .outputClosed: .nothing
        case .closed: .nothing
        }
    }

    /// The socket has an error.
    ///
    /// - Parameter wantsCertificate: whether the server asked for a certificate and got none: with TLS 1.3 its refusal
    ///   may be seen as this error alone.
    func socketFailed(wantsCertificate: Bool) -> Lost {
        switch state {
        case .waiting: .abandon
        case .handshaking: .abandon
        case .open(_, let input):
            lost(of: input) ?? (wantsCertificate && !input.wasAnswered ? .cutOff(wasAnswered: false) : .passOn)
        case .outputClosed(let input): lost(of: input) ?? .passOn
        case .closed: .nothing
        }
    }

    /// What the peer said last, before the socket's error, and nobody has heard yet: one read may bring both an alert and
    /// a reset.
    private func lost(of input: borrowing Input) -> Lost? {
        switch input.end {
        case .due(.failure(let error)): .failed(error)
        case .due(.clean): .nothing
        case .none, .passedOn: nil
        }
    }

    /// Takes and gives nothing any more.
    ///
    /// - Returns: what was held and never leaves; nil where it had stopped already.
    mutating func stop() -> HeldWrites? {
        switch consume state {
        case .waiting(let opening):
            self = Self(state: .closed)
            return opening.held
        case .handshaking(let opening):
            self = Self(state: .closed)
            return opening.held
        case .open(let held, _):
            self = Self(state: .closed)
            return held
        case .outputClosed:
            self = Self(state: .closed)
            return HeldWrites()
        case .closed:
            self = Self(state: .closed)
            return nil
        }
    }

    var isClosed: Bool {
        switch state {
        case .closed: true
        default: false
        }
    }

    // MARK: -

    init() {}

    private init(state: consuming State) { self.state = state }

    private mutating func updateInput(_ body: (inout Input) -> Void) {
        switch consume state {
        case .open(let held, var input):
            body(&input)
            self = Self(state: .open(held, input))
        case .outputClosed(var input):
            body(&input)
            self = Self(state: .outputClosed(input))
        case let other: self = Self(state: other)
        }
    }
}

/// Small writes that wait to be encrypted together, with the promise of them all.
struct HeldWrites {
    typealias Write = (bytes: ByteBuffer, promise: EventLoopPromise<Void>?)

    private(set) var bytes = ByteBuffer()
    private var promise: EventLoopPromise<Void>?

    mutating func add(_ bytes: ByteBuffer, _ promise: EventLoopPromise<Void>?) {
        self.bytes.writeImmutableBuffer(bytes)
        guard let promise else { return }
        if let first = self.promise {
            first.futureResult.cascade(to: promise)
        } else {
            self.promise = promise
        }
    }

    /// All of them; nil where nothing waits, not even for the writing of no bytes.
    mutating func dequeue() -> Write? {
        guard bytes.readableBytes > 0 || promise != nil else { return nil }
        defer { self = HeldWrites() }
        return (bytes, promise)
    }

    mutating func drop(_ error: any Error) {
        dequeue()?.promise?.fail(error)
    }
}
