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

    /// The value for what goes this way, which is the one for its sender.
    subscript(direction: WireEvent.Direction) -> Value {
        get { self[direction.sender] }
        _modify { yield &self[direction.sender] }
    }
}

extension TapSide {
    static let both = [TapSide.app, .server]

    /// Which way it sends.
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
    /// Who sends that way.
    var sender: TapSide {
        switch self {
        case .outgoing: .app
        case .incoming: .server
        case .local: preconditionFailure("what is local has no sender")
        }
    }

    /// Who gets what goes that way.
    var receiver: TapSide { sender.other }
}

/// What a relay knows of one of its ends. A value without I/O: ``ChannelEnd`` reports its events and performs its commands.
struct RelayEnd {
    /// How far the connection with this end is. An app's is open from the start.
    enum State {
        case absent, connecting, open, gone
    }

    /// What comes from an end.
    enum Input {
        case open
        /// Nothing more comes, and what came before waits: it may be HTTP or not.
        case ending
        case closed
    }

    /// What happens at an end.
    enum Event {
        case bytes(ByteBuffer)
        /// The read that brought the last bytes is over.
        case readComplete
        case writable(Bool)
        /// The end sends nothing more.
        case inputClosed
        /// Nothing comes any more, and nothing can be sent: the last event. With an error where the connection broke.
        case gone((any Error)?)
    }

    /// What the tap does at an end.
    enum Command {
        case write(ByteBuffer)
        case flush
        /// Whether it is read from. It is not until the first such command.
        case read(Bool)
        /// Closes this half when all that was written has gone; the connection, where the other half is closed too.
        case closeOutput
        /// Closes the connection when all that was written has gone, or it does not go.
        case close
        /// Closes the connection as a reset, when all that was written has gone, or it does not go.
        case reset
    }

    var state: State
    /// The peer's address and port.
    var address: String
    /// Takes HTTP apart; nil if the bytes are not HTTP.
    var reader: HTTPReader?
    private var writer = HTTPWriter()
    var isReading = false
    var isWritable = true
    var input = Input.open
    var isOutputClosed = false
    /// Whether a timer is set that closes it if it is not gone by then.
    var hasCloseTimer = false

    init(_ state: State, address: String = "") {
        self.state = state
        self.address = address
    }

    var isGone: Bool { state == .gone }
    /// Whether so much is held that nothing more should be read.
    var isFull: Bool { reader?.isFull ?? false }

    /// Whether the other end may be read from, as far as this one is concerned.
    var takesMore: Bool {
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
    /// An element of HTTP as it passes, whatever is wrong with it.
    ///
    /// - Throws: a violation where the two sides of a tap might read a request in different ways.
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
