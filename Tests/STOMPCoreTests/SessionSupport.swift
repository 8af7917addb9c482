import NIOCore
import Testing

@testable import STOMPCore

/// A frame as a server writes it in this version.
func served(
    _ command: Command, _ headers: HeaderList = [:], _ body: String = "", version: STOMPVersion? = .v12
) throws -> Frame {
    let bytes = try FrameEncoder(version: version).frame(command, headers, body: ByteBuffer(string: body)).bytes
    var decoder = FrameDecoder(version: version)
    decoder.feed(bytes)
    guard case .frame(let frame)? = try decoder.next() else { throw CancellationError() }
    return frame
}

/// An open session with this version.
func openSession(_ version: STOMPVersion = .v12) throws -> Session {
    var session = Session()
    _ = try session.connect(SessionConfiguration(virtualHost: "host"))
    _ = try session.receive(served(.connected, ["version": version.rawValue], version: nil))
    return session
}

func text(_ frame: Frame) -> String { String(buffer: frame.bytes) }

extension Session.Reception {
    /// A text form for comparison.
    var words: String {
        switch self {
        case .connected(let handshake): "connected \(handshake.version) \(handshake.heartBeat)"
        case .message(let subscription): "message \(subscription ?? "of none")"
        case .receipt(let id): "receipt \(id)"
        case .disconnected: "disconnected"
        case .error: "error"
        }
    }
}

/// Expects `body` to throw an error with this code.
func expectError<Result>(
    _ code: STOMPProtocolError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Result
) {
    let error = #expect(throws: STOMPProtocolError.self, sourceLocation: sourceLocation) { try body() }
    #expect(error?.code == code, "\(error?.description ?? "")", sourceLocation: sourceLocation)
}
