import NIOCore
import STOMPTransport

/// One value for each side of a tap: for the app and for the server, or for what either of them sends.
struct Pair<Value> {
    var app: Value
    var server: Value

    init(app: Value, server: Value) {
        self.app = app
        self.server = server
    }

    /// Makes the value for each side in the same way.
    init(_ make: (TapSide) throws -> Value) rethrows {
        app = try make(.app)
        server = try make(.server)
    }

    subscript(side: TapSide) -> Value {
        get {
            switch side {
            case .app: app
            case .server: server
            }
        }
        _modify {
            switch side {
            case .app: yield &app
            case .server: yield &server
            }
        }
    }

    /// The value for this direction, which is that of its sender.
    subscript(direction: WireEvent.Direction) -> Value {
        get { self[direction.sender] }
        _modify { yield &self[direction.sender] }
    }
}

extension TapSide {
    static let both = [TapSide.app, .server]

    /// The direction in which this side sends.
    var direction: WireEvent.Direction {
        switch self {
        case .app: .outgoing
        case .server: .incoming
        }
    }

    var other: TapSide {
        switch self {
        case .app: .server
        case .server: .app
        }
    }
}

extension WireEvent.Direction {
    /// The side that sends in this direction.
    var sender: TapSide {
        switch self {
        case .outgoing: .app
        case .incoming: .server
        case .local: preconditionFailure("a local event has no sender")
        }
    }

    /// The side that receives in this direction.
    var receiver: TapSide { sender.other }
}

/// The state of one end of a relay. A value without I/O: ``ChannelEnd`` reports its events and performs its
/// commands.
struct RelayEnd {
    /// The state of the connection to this end. That of an app is open from the start.
    enum State {
        case absent, connecting, open, gone
    }

    /// The state of the input from an end.
    enum Input {
        case open
        /// The input has ended, but earlier bytes still wait: they may be HTTP or not.
        case ending
        case closed
    }

    /// An event at an end.
    enum Event {
        case bytes(ByteBuffer)
        /// The read that delivered the last bytes is complete.
        case readComplete
        case writable(Bool)
        /// The end sends nothing more.
        case inputClosed
        /// The connection is closed in both directions: the last event. It has an error if the connection broke.
        case gone((any Error)?)
    }

    /// A command to an end.
    enum Command {
        case write(ByteBuffer)
        case flush
        /// Whether to read from the end. It is not read from until the first such command.
        case read(Bool)
        /// Closes the sending half after everything written is sent; closes the connection if the receiving half
        /// is closed too.
        case closeOutput
        /// Closes the connection after everything written is sent, or after a timeout.
        case close
        /// Resets the connection after everything written is sent, or after a timeout.
        case reset
    }

    var state: State
    /// The peer's address and port.
    var address: String
    /// Decodes HTTP; nil if the bytes are not HTTP.
    var reader: HTTPReader?
    private var writer = HTTPWriter()
    var isReading = false
    var isWritable = true
    var input = Input.open
    var isOutputClosed = false
    /// Whether a timer is set that closes the end if it is still open by then.
    var hasCloseTimer = false

    init(_ state: State, address: String = "") {
        self.state = state
        self.address = address
    }

    var isGone: Bool { state == .gone }
    /// Whether the reader holds so much that no more should be read.
    var isFull: Bool { reader?.isFull ?? false }

    /// Whether this end allows reading from the other end.
    var acceptsMore: Bool {
        switch state {
        case .absent, .gone: true
        case .connecting: false
        case .open: isWritable
        }
    }

    /// The bytes of a part that passes to this end.
    mutating func encode(_ part: RelayPart) -> [ByteBuffer] {
        switch part {
        case .bytes(let bytes):
            return [bytes]
        case .requestHead(let head, let raw, let makesChunks):
            reader?.expectAnswer(to: head.method)
            writer.makesChunks = makesChunks
            return [raw?.bytes(with: head.headers) ?? ByteBuffer()]
        case .responseHead(let head, let raw, let makesChunks):
            writer.makesChunks = makesChunks
            return [raw?.bytes(with: head.headers) ?? head.latin1Bytes]
        case .body(let body):
            return writer.bytes(ofBody: body)
        case .chunkFraming(let bytes):
            return writer.makesChunks ? [] : [bytes]
        case .end(let trailers):
            return writer.bytesOfEnd(trailers).map { [$0] } ?? []
        case .upgraded, .inputClosed, .reset, .brokenOff:
            return []
        }
    }
}

extension RelayPart {
    /// The part for an HTTP element, even if the element is invalid.
    ///
    /// - Throws: a violation if the two sides of a tap might read a request in different ways.
    init(_ element: HTTPElement) throws(HTTPReader.Violation) {
        switch element {
        case .blank(let bytes): self = .bytes(bytes)
        case .request(let head, let raw):
            guard raw.faults.isDisjoint(with: [.lengthAndChunks, .controlInStartLine]) else { throw .notHTTP }
            self = .requestHead(head, raw)
        case .response(let head, let raw): self = .responseHead(head, raw)
        case .body(let bytes): self = .body(bytes)
        case .chunkFraming(let bytes, _): self = .chunkFraming(bytes)
        case .end(let trailers): self = .end(trailers)
        }
    }
}
