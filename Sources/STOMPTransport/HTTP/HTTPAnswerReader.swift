import NIOCore
import NIOHTTP1

/// Reads the answers to requests that are made here: shows their heads in the trace, passes over informational ones
/// (1xx), and refuses what is wrong.
struct HTTPAnswerReader {
    enum Part {
        case head(HTTPResponseHead, HTTPFraming)
        case body(ByteBuffer)
        case end
    }

    /// The most bytes that informational answers may have in all before the final one.
    static let informationalLimit = 16 << 10

    private let trace: WireTrace
    private let layer: WireEvent.Layer
    private let refusesFaults: Bool
    private var reader: HTTPReader
    private var isInBody = false
    /// A head that is refused.
    private var refused: ByteBuffer?

    /// - Parameters:
    ///   - layer: the one that heads are shown on.
    ///   - refusesFaults: whether an answer has to be right in all its parts, and not only its first line; what is not an
    ///     answer is shown then, too.
    init(
        trace: WireTrace, layer: WireEvent.Layer = .http, headLimit: Int = HTTPReader.headLimit,
        refusesFaults: Bool = true
    ) {
        self.trace = trace
        self.layer = layer
        self.refusesFaults = refusesFaults
        reader = HTTPReader(.responses, headLimit: headLimit, informationalLimit: Self.informationalLimit)
    }

    mutating func expectAnswer(to method: HTTPMethod) { reader.expectAnswer(to: method) }
    mutating func append(_ bytes: ByteBuffer) { reader.append(bytes) }
    mutating func stop() { reader.stop() }

    /// What has come and is not read: the beginning of a head, what cannot be one, or what follows the last answer of a
    /// connection that is not HTTP any more.
    var rest: ByteBuffer { refused ?? reader.rest }

    /// The next part that is whole; bodies are handed on in the pieces that came.
    ///
    /// - Throws: a violation once; nothing comes after it.
    mutating func next() throws(HTTPReader.Violation) -> Part? {
        do throws(HTTPReader.Violation) {
            while let element = try reader.next() {
                switch element {
                case .blank, .request:
                    break
                case .response(let head, let raw):
                    trace.record(head: raw.bytes, .incoming, layer)
                    // A reason phrase may be anything.
                    try check(raw.faults.subtracting([.controlInStartLine]), of: raw.bytes)
                    guard !head.isInformational else { continue }
                    isInBody = true
                    return .head(head.decodingUTF8, raw.framing)
                case .body(let bytes):
                    return .body(bytes)
                case .chunkFraming(_, let faults):
                    try check(faults)
                case .end:
                    isInBody = false
                    return .end
                }
            }
            return nil
        } catch {
            if refusesFaults, !isInBody, refused == nil { trace.record(unreadableHead: reader.rest, layer) }
            throw error
        }
    }

    private mutating func check(
        _ faults: Set<HTTPFault>, of head: ByteBuffer? = nil
    ) throws(HTTPReader.Violation) {
        guard refusesFaults, !faults.isEmpty else { return }
        refused = head
        reader.stop()
        throw .notHTTP
    }

    /// Whether the end of the connection is the end of an answer.
    mutating func finish() -> Bool {
        guard case .end? = reader.finish() else { return false }
        isInBody = false
        return true
    }

    /// Why what came from `url`, and is not whole or cannot be read, is not an answer.
    func failure(of url: String) -> HTTPFailure {
        let line = HTTPStartLine.text(of: rest)
        guard !isInBody, !line.hasPrefix("HTTP/") else { return .malformedAnswer(of: url) }
        let spoken = ForeignProtocol(insteadOfHTTP: rest.readableBytesView)
        return .notHTTP(from: url, firstLine: line, protocol: spoken)
    }

    /// - Parameter peer: the address of the server.
    func failure(_ violation: HTTPReader.Violation, of url: String, from peer: String) -> HTTPFailure {
        switch violation {
        case .notHTTP: failure(of: url)
        case .headTooLarge: .headTooLarge(of: url)
        case .tooManyInformationalAnswers:
            .tooManyInformationalAnswers(from: peer, limit: Self.informationalLimit)
        }
    }
}

extension WireTrace {
    /// Shows the head of a request or of an answer.
    func record(head bytes: ByteBuffer, _ direction: WireEvent.Direction, _ layer: WireEvent.Layer = .http) {
        record(.layers) { WireEvent(layer, direction, .layers, .head(bytes), bytes: bytes) }
    }

    /// Shows what came in place of a head, where it is as whole as one.
    func record(unreadableHead bytes: ByteBuffer, _ layer: WireEvent.Layer = .http) {
        guard let end = bytes.readableBytesView.firstRange(of: [13, 10, 13, 10])?.upperBound else { return }
        record(head: bytes.getSlice(at: bytes.readerIndex, length: end - bytes.readerIndex) ?? bytes, .incoming, layer)
    }
}
