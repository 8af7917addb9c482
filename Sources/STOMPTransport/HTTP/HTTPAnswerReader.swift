import NIOCore
import NIOHTTP1

/// Reads the responses to a client's requests: traces their heads, skips informational ones (1xx), and rejects
/// invalid ones.
struct HTTPAnswerReader {
    enum Part {
        case head(HTTPResponseHead, HTTPFraming)
        case body(ByteBuffer)
        case end
    }

    /// The maximum total size in bytes of informational responses before the final one.
    static let informationalLimit = 16 << 10

    private let trace: WireTrace
    private let layer: WireEvent.Layer
    private let refusesFaults: Bool
    private var reader: HTTPReader
    private var isInBody = false
    /// A head that was rejected.
    private var refused: ByteBuffer?

    /// - Parameters:
    ///   - layer: the layer on which heads are traced.
    ///   - refusesFaults: whether every part of a response must be valid, not only its first line. Bytes that are
    ///     not a response are then traced as well.
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

    /// The bytes that have not been parsed: the start of a head, an invalid head, or the bytes after the last
    /// response on a connection that no longer speaks HTTP.
    var rest: ByteBuffer { refused ?? reader.rest }

    /// Returns the next complete part; bodies are returned in the pieces in which they arrived.
    ///
    /// - Throws: a violation, once; after that it returns nothing.
    mutating func next() throws(HTTPReader.Violation) -> Part? {
        do throws(HTTPReader.Violation) {
            while let element = try reader.next() {
                switch element {
                case .blank, .request:
                    break
                case .response(let head, let raw):
                    trace.record(head: raw.bytes, .incoming, layer)
                    // Any byte is accepted in a reason phrase.
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

    /// Handles the end of the connection. Returns whether it is also the end of a response.
    mutating func finish() -> Bool {
        guard case .end? = reader.finish() else { return false }
        isInBody = false
        return true
    }

    /// Returns why the bytes from `url`, which are incomplete or invalid, are not a response.
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
    /// Traces the head of a request or a response.
    func record(head bytes: ByteBuffer, _ direction: WireEvent.Direction, _ layer: WireEvent.Layer = .http) {
        record(.layers) { WireEvent(layer, direction, .layers, .head(bytes), bytes: bytes) }
    }

    /// Traces the bytes received instead of a head, if they end like a head, with a blank line.
    func record(unreadableHead bytes: ByteBuffer, _ layer: WireEvent.Layer = .http) {
        guard let end = bytes.readableBytesView.firstRange(of: [13, 10, 13, 10])?.upperBound else { return }
        record(head: bytes.getSlice(at: bytes.readerIndex, length: end - bytes.readerIndex) ?? bytes, .incoming, layer)
    }
}
