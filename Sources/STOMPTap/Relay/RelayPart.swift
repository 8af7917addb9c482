import NIOCore
import NIOHTTP1

/// What passes from one end of a relay to the other.
enum RelayPart {
    case octets(ByteBuffer)
    case requestHead(HTTPRequestHead, HTTPFraming)
    case responseHead(HTTPResponseHead, HTTPFraming)
    case body(ByteBuffer)
    case end(HTTPHeaders?)
    /// The HTTP connection is a WebSocket from here on.
    case upgraded
    /// The end has nothing more to say.
    case inputClosed
    /// The end is gone, and not in an orderly way.
    case reset

    /// In octets; of heads and signs it does not matter.
    var size: Int {
        switch self {
        case .octets(let octets), .body(let octets): octets.readableBytes
        default: 0
        }
    }

    /// The same in pieces of at most so many octets.
    func pieces(of limit: Int) -> [RelayPart] {
        guard size > limit else { return [self] }
        var pieces: [RelayPart] = []
        switch self {
        case .octets(var octets):
            while let piece = octets.readSlice(length: min(limit, octets.readableBytes)), piece.readableBytes > 0 {
                pieces.append(.octets(piece))
            }
        case .body(var octets):
            while let piece = octets.readSlice(length: min(limit, octets.readableBytes)), piece.readableBytes > 0 {
                pieces.append(.body(piece))
            }
        default: break
        }
        return pieces
    }
}
