import NIOCore
import NIOHTTP1
import STOMPTransport

/// Looks at what passes through a relay, and says what of it passes.
protocol RelayProtocol: AnyObject {
    /// Whether bytes pass before they are looked at, as nothing of them can be lost.
    var looksLater: Bool { get }

    /// Takes what one end has sent, and gives what passes on.
    func receive(_ part: RelayPart, _ direction: WireEvent.Direction) -> [RelayPart]

    /// What was taken has been passed on.
    func passed()

    /// What both ends are told when the tap closes a session with this code.
    func farewell(_ code: Int, of session: TapSession) -> [(WireEvent.Direction, RelayPart)]
}

/// Carries STOMP over TCP.
final class StreamRelayProtocol: RelayProtocol {
    private let session: TapSession

    init(_ session: TapSession) { self.session = session }

    var looksLater: Bool { !session.inspector.isSifting }

    func receive(_ part: RelayPart, _ direction: WireEvent.Direction) -> [RelayPart] {
        let outcome: FrameFilter.Outcome
        switch part {
        case .bytes(let bytes): outcome = session.inspector.inspect(bytes, direction)
        case .inputClosed, .reset: outcome = session.inspector.finish(direction)
        default: return [part]
        }
        let isSifting = session.inspector.isSifting
        session.report(direction, outcome.seen)
        if case .bytes = part { return isSifting ? outcome.passed.map { .bytes($0) } : [part] }
        return outcome.passed.map { .bytes($0) } + [part]
    }

    func passed() { session.closeIfSpent() }
    func farewell(_ code: Int, of session: TapSession) -> [(WireEvent.Direction, RelayPart)] { [] }
}

/// Carries what nobody can take apart.
final class OpaqueRelayProtocol: RelayProtocol {
    var looksLater: Bool { true }
    func receive(_ part: RelayPart, _ direction: WireEvent.Direction) -> [RelayPart] { [part] }
    func passed() {}
    func farewell(_ code: Int, of session: TapSession) -> [(WireEvent.Direction, RelayPart)] { [] }
}

/// What passes from one end of a relay to the other.
enum RelayPart {
    case bytes(ByteBuffer)
    /// The head as it passes, and as it came; it came from nobody where the tap itself says it. The body's chunks pass as
    /// they came, or where `makesChunks` says so, new ones are made of it.
    case requestHead(HTTPRequestHead, HTTPRawHead?, makesChunks: Bool = false)
    case responseHead(HTTPResponseHead, HTTPRawHead?, makesChunks: Bool = false)
    case body(ByteBuffer)
    /// What stands around the chunks of a body, as it came.
    case chunkFraming(ByteBuffer)
    case end(HTTPHeaders?)
    /// The HTTP connection is a WebSocket from here on.
    case upgraded
    /// The end has nothing more to say.
    case inputClosed
    /// The end is gone, and not in an orderly way.
    case reset
    /// The tap breaks the connection off.
    case brokenOff

    /// In bytes; of heads and signs it does not matter.
    var size: Int {
        switch self {
        case .bytes(let bytes), .body(let bytes), .chunkFraming(let bytes): bytes.readableBytes
        default: 0
        }
    }

    /// The same in pieces of at most so many bytes.
    func pieces(of limit: Int) -> [RelayPart] {
        guard size > limit else { return [self] }
        return switch self {
        case .bytes(let bytes): Self.cut(bytes, into: limit).map { .bytes($0) }
        case .body(let bytes): Self.cut(bytes, into: limit).map { .body($0) }
        case .chunkFraming(let bytes): Self.cut(bytes, into: limit).map { .chunkFraming($0) }
        default: [self]
        }
    }

    private static func cut(_ bytes: ByteBuffer, into limit: Int) -> [ByteBuffer] {
        var rest = bytes
        var pieces: [ByteBuffer] = []
        while let piece = rest.readSlice(length: min(limit, rest.readableBytes)), piece.readableBytes > 0 {
            pieces.append(piece)
        }
        return pieces
    }
}
