import NIOCore

/// The state of TLS on a connection, as a value: the caller reports events and performs the returned actions.
///
/// It uses neither a channel nor OpenSSL: ``TLSHandler`` does the I/O, and ``TLSEngine`` encrypts.
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
        /// We sent close_notify; the peer may still send.
        case outputClosed(Input)
        case closed
    }

    /// What the handlers above wait for until the handshake is complete.
    private struct Opening {
        /// Whether channelActive still has to be passed to them.
        var owesActive = false
        var owesRead = false
        /// Their writes, which must not be sent before the peer is verified.
        var held = HeldWrites()
    }

    /// The peer's side of an open connection.
    private struct Input {
        /// Whether the peer has sent application data.
        var wasAnswered = false
        /// Whether a read was requested and nothing has been passed up since.
        var owesRead: Bool
        var end = InputEnd.none

        var reads: Bool { if case .none = end { true } else { false } }
    }

    private enum InputEnd {
        case none
        /// To be passed on after everything that arrived before it.
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
    /// - Parameter owesActive: whether channelActive still has to be passed to the handlers above.
    /// - Returns: whether to start the handshake.
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

    /// The handshake is complete.
    ///
    /// - Returns: whether to pass channelActive to the handlers above; nil if the connection was already stopped.
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

    /// Bytes arrived from the socket.
    func received() -> Received {
        switch state {
        case .waiting: .ignore
        case .handshaking: .handshake
        // Bytes after the peer's end are invalid, and are not kept.
        case .open(_, let input): input.reads ? .decrypt : .ignore
        case .outputClosed(let input): input.reads ? .decrypt : .ignore
        case .closed: .ignore
        }
    }

    /// Whether received bytes may be decrypted: only after the handshake, and not after the peer's end.
    var reads: Bool {
        switch state {
        case .waiting: false
        case .handshaking: false
        case .open(_, let input): input.reads
        case .outputClosed(let input): input.reads
        case .closed: false
        }
    }

    /// Bytes were decrypted and are about to be passed on.
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

    /// The handlers above requested a read; the caller passes it on to the socket.
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

    /// Whether to pass channelReadComplete on. Before the handshake is complete it is not passed on, and another
    /// read is requested instead.
    var passesReadComplete: Bool {
        switch state {
        case .waiting: false
        case .handshaking: false
        default: true
        }
    }

    enum ReadCompleted: Equatable {
        case nothing
        /// A read was requested, but nothing has been passed up since.
        case read
        case end(End)
    }

    /// channelReadComplete was passed on.
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

    /// Whether to close the channel once the peer's end has been passed on: our own side is then already closed.
    var closesAfterEnd: Bool {
        switch state {
        case .outputClosed: true
        default: false
        }
    }

    // MARK: - Writing

    /// Bytes, with the promise for their write.
    typealias Write = HeldWrites.Write

    enum Written {
        /// The output is closed.
        case refused
        case held
        /// Encrypt both, in this order.
        case encrypt(Write?, Write?)
    }

    /// The maximum size of a record's content, in bytes (RFC 8446, section 5.1). Smaller writes wait for a flush,
    /// so that they share a record.
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
                // Once encrypted, the channel counts these bytes, so a writer that never flushes sees it become
                // unwritable.
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

    /// Returns the bytes to encrypt now; nil if there are none, or if they may not be sent.
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

    /// Whether encrypted bytes may be sent.
    var isOpen: Bool {
        switch state {
        case .open: true
        default: false
        }
    }

    // MARK: - Closing

    /// Closes our side. Held writes must have been flushed before.
    ///
    /// - Returns: whether to send close_notify.
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
        /// The handshake will not be completed.
        case abandon
        /// The connection ended without close_notify.
        case cutOff(wasAnswered: Bool)
        /// The peer's side had already failed.
        case failed(TransportError)
        /// Pass the socket's error to the handlers above.
        case passOn
    }

    /// The peer closed its side of the socket, or the socket closed.
    func socketEnded() -> Lost {
        switch state {
        case .waiting: .abandon
        case .handshaking: .abandon
        case .open(_, let input): input.reads ? .cutOff(wasAnswered: input.wasAnswered) : .nothing
        case .outputClosed: .nothing
        case .closed: .nothing
        }
    }

    /// The socket reported an error.
    ///
    /// - Parameter wantsCertificate: whether the server asked for a certificate and got none. With TLS 1.3 this
    ///   error may be the only sign of its rejection.
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

    /// Returns the peer's end that came before the socket's error and has not been passed on: one read may bring
    /// both an alert and a reset.
    private func lost(of input: borrowing Input) -> Lost? {
        switch input.end {
        case .due(.failure(let error)): .failed(error)
        case .due(.clean): .nothing
        case .none, .passedOn: nil
        }
    }

    /// Stops: all later input and output is ignored.
    ///
    /// - Returns: the held writes, which will never be sent; nil if it had already stopped.
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

/// Small writes that wait to be encrypted together, with one promise for all of them.
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

    /// Removes and returns all of them; nil if nothing waits, not even an empty write.
    mutating func dequeue() -> Write? {
        guard bytes.readableBytes > 0 || promise != nil else { return nil }
        defer { self = HeldWrites() }
        return (bytes, promise)
    }

    mutating func drop(_ error: any Error) {
        dequeue()?.promise?.fail(error)
    }
}
