import NIOCore
import Testing

@testable import STOMPCore

/// A frame's content as plain values, read without the comparisons under test.
struct Content: Equatable, CustomStringConvertible {
    var command: String
    var headers: [[String]]
    var body: [UInt8]

    init(_ command: Command, _ headers: KeyValuePairs<String, String> = [:], _ body: String = "") {
        self.init(command, headers, Array(body.utf8))
    }

    init(_ command: Command, _ headers: KeyValuePairs<String, String>, _ body: [UInt8]) {
        self.command = command.rawValue
        self.headers = headers.map { [$0.key, $0.value] }
        self.body = body
    }

    init(_ frame: Frame) {
        command = frame.command.rawValue
        headers = frame.headers.map { [$0.name, $0.value] }
        body = Array(frame.body.readableBytesView)
    }

    var description: String { "\(command) \(headers) \(body)" }
}

/// The result of decoding a stream: its frames, and the error that ended it.
struct Outcome: Equatable {
    var contents: [Content] = []
    /// The bytes of each frame.
    var bytes: [[UInt8]] = []
    var error: STOMPProtocolError?
}

/// How a stream is fed.
enum Feeding: CaseIterable {
    /// Calls ``FrameDecoder/next()`` until it returns nil after each piece, which is the normal use.
    case draining
    /// Feeds all pieces before the first ``FrameDecoder/next()``.
    case atOnce
}

/// Decodes a stream that arrives in `pieces`. The content of the frames is read after all pieces were fed: later
/// input must not change a frame.
///
/// - Parameter adopts: whether the version in a CONNECTED frame applies to the frames after it.
func outcome(
    of pieces: [ArraySlice<UInt8>], version: STOMPVersion?, limits: FrameLimits = FrameLimits(), adopts: Bool = false,
    feeding: Feeding = .draining, finishing: Bool = true
) -> Outcome {
    var decoder = FrameDecoder(version: version, limits: limits)
    var outcome = Outcome()
    var frames: [Frame] = []
    func drain() throws(STOMPProtocolError) {
        while let element = try decoder.next() {
            guard case .frame(let frame) = element else { continue }
            frames.append(frame)
            if adopts, frame.command == .connected {
                decoder.version = frame.headers["version"].flatMap(STOMPVersion.init(rawValue:))
            }
        }
    }
    do throws(STOMPProtocolError) {
        for piece in pieces {
            decoder.feed(ByteBuffer(bytes: piece))
            if feeding == .draining { try drain() }
        }
        try drain()
        if finishing { try decoder.finish() }
    } catch {
        outcome.error = error
        expectStaysFailed(&decoder, error)
    }
    outcome.contents = frames.map(Content.init)
    outcome.bytes = frames.map { Array($0.bytes.readableBytesView) }
    return outcome
}

/// After a failure every call throws the same error, and further input is not stored.
private func expectStaysFailed(_ decoder: inout FrameDecoder, _ error: STOMPProtocolError) {
    // Only `finish()` reports a stream that ends inside a frame.
    guard error.code != .truncatedFrame else { return }
    decoder.feed(ByteBuffer(string: "RECEIPT\nreceipt-id:1\n\n\0"))
    #expect(throws: error) { try decoder.next() }
    #expect(throws: error) { try decoder.finish() }
    #expect(decoder.bufferedBytes == 0)
}

/// Decodes `stream` as a whole, byte by byte, in pieces of several sizes, and cut in two at every position.
/// Expects the same outcome each time: the frames `contents`, then the error with this code.
func expectDecoding(
    _ stream: String, _ version: STOMPVersion?, limits: FrameLimits = FrameLimits(), adopts: Bool = false,
    gives contents: [Content] = [], then code: STOMPProtocolError.Code? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    expectDecoding(
        Array(stream.utf8), version, limits: limits, adopts: adopts, gives: contents, then: code,
        sourceLocation: sourceLocation)
}

func expectDecoding(
    _ stream: [UInt8], _ version: STOMPVersion?, limits: FrameLimits = FrameLimits(), adopts: Bool = false,
    gives contents: [Content] = [], then code: STOMPProtocolError.Code? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let whole = outcome(of: [stream[...]], version: version, limits: limits, adopts: adopts)
    #expect(whole.contents == contents, sourceLocation: sourceLocation)
    #expect(whole.error?.code == code, "\(whole.error?.description ?? "no error")", sourceLocation: sourceLocation)
    for feeding in Feeding.allCases {
        for cut in stream.indices {
            let pieces = [stream[..<cut], stream[cut...]]
            let other = outcome(of: pieces, version: version, limits: limits, adopts: adopts, feeding: feeding)
            // Not `#expect`, which takes longer than the decoding itself.
            if other != whole { Issue.record("cut at \(cut), \(feeding): \(other)", sourceLocation: sourceLocation) }
        }
        for size in [1, 2, 3, 5, 7] {
            let pieces = stride(from: 0, to: stream.count, by: size).map { start in
                stream[start..<min(start + size, stream.count)]
            }
            let other = outcome(of: pieces, version: version, limits: limits, adopts: adopts, feeding: feeding)
            if other != whole { Issue.record("in \(size)s, \(feeding): \(other)", sourceLocation: sourceLocation) }
        }
    }
}

/// No version yet, and each version.
let anyVersion: [STOMPVersion?] = [nil, .v10, .v11, .v12]

/// The first frame of `stream`, fed whole.
func decodeOne(
    _ stream: String, _ version: STOMPVersion?, limits: FrameLimits = FrameLimits()
) throws(STOMPProtocolError) -> Frame? {
    var decoder = FrameDecoder(version: version, limits: limits)
    decoder.feed(ByteBuffer(string: stream))
    guard case .frame(let frame)? = try decoder.next() else { return nil }
    return frame
}
