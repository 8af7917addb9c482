import NIOCore
import Testing

@testable import STOMPCore

/// The decoder reads back what the encoder writes, however the stream is cut.
@Suite struct RoundTripTests {
    private struct Sample {
        var command: Command
        var headers: [Header]
        var body: [UInt8]
        var contentLength: FrameEncoder.ContentLength
    }

    private static let texts = [
        "a", "b", "destination", "content-typ", "/topic/", "1", " ", "\t", ":", "\\", "\\c", "\\n", "\\\\", "\n", "\r",
        "\r\n", "é", "e\u{301}", "한글", "👋", "\u{FEFF}", "\u{1}", "\u{7F}",
    ]

    private static func text(_ count: ClosedRange<Int>, using generator: inout SeededGenerator) -> String {
        (0..<Int.random(in: count, using: &generator)).map { _ in
            texts[Int.random(in: 0..<texts.count, using: &generator)]
        }.joined()
    }

    private static func sample(of version: STOMPVersion, using generator: inout SeededGenerator) -> Sample {
        let commands = Command.allCases.filter { version != .v10 || ($0 != .stomp && $0 != .nack) }
        let command = commands.randomElement(using: &generator) ?? .send
        let mayHaveBody = [Command.send, .message, .error].contains(command)
        let headers = (0..<Int.random(in: 0...5, using: &generator)).map { _ in
            Header(text(1...3, using: &generator), text(0...5, using: &generator))
        }
        let contentLength: FrameEncoder.ContentLength = Bool.random(using: &generator) ? .automatic : .omitted
        var body: [UInt8] = []
        if mayHaveBody {
            // Many NUL, LF and CR bytes.
            let least: UInt8 = contentLength == .automatic ? 0 : 1
            body = (0..<Int.random(in: 0...30, using: &generator)).map { _ in
                Bool.random(using: &generator)
                    ? .random(in: least...13, using: &generator) : .random(in: least...255, using: &generator)
            }
        }
        return Sample(command: command, headers: headers, body: body, contentLength: contentLength)
    }

    /// Whether this version can carry the headers, according to the specification and not to the encoder.
    private static func canCarry(_ sample: Sample, _ version: STOMPVersion) -> Bool {
        let escapes = version != .v10 && ![.connect, .stomp, .connected].contains(sample.command)
        return sample.headers.allSatisfy { header in
            let bytes = Array(header.name.utf8) + Array(header.value.utf8)
            if bytes.contains(13), !(escapes && version == .v12) { return false }
            return escapes || (!bytes.contains(10) && !header.name.utf8.contains(UInt8(ascii: ":")))
        }
    }

    @Test(arguments: [STOMPVersion.v10, .v11, .v12])
    func whatIsWrittenIsReadBack(version: STOMPVersion) throws {
        var generator = SeededGenerator(seed: UInt64(version.rawValue.utf8.last ?? 0))
        let encoder = FrameEncoder(version: version)
        var (carried, refused) = (0, 0)
        for _ in 0..<40 {
            var stream = ByteBuffer()
            var expected: [Content] = []
            for _ in 0..<100 {
                let sample = Self.sample(of: version, using: &generator)
                let before = stream
                do {
                    try encoder.encode(
                        sample.command, HeaderList(sample.headers), body: ByteBuffer(bytes: sample.body),
                        contentLength: sample.contentLength, into: &stream)
                    guard Self.canCarry(sample, version) else {
                        Issue.record("encoded what \(version) cannot carry: \(sample)")
                        continue
                    }
                    var content = Content(sample.command)
                    // CONNECT and CONNECTED are read before a version is agreed.
                    let isTrimmed = version == .v10 && ![.connect, .stomp, .connected].contains(sample.command)
                    content.headers = sample.headers.map { header in
                        [header.name, isTrimmed ? String(header.value.drop { $0 == " " }) : header.value]
                    }
                    content.body = sample.body
                    if sample.contentLength == .automatic, [.send, .message, .error].contains(sample.command) {
                        content.headers.append(["content-length", String(sample.body.count)])
                    }
                    expected.append(content)
                    carried += 1
                } catch {
                    if Self.canCarry(sample, version) { Issue.record("\(version) refused \(sample): \(error)") }
                    #expect(error.code == .cannotBeEncoded)
                    #expect(stream == before)
                    refused += 1
                }
                if Bool.random(using: &generator) {
                    stream.writeString(["\n", "\r\n", "\n\n"].randomElement(using: &generator) ?? "")
                }
            }
            let seen = outcome(of: Self.pieces(of: stream, using: &generator), version: version)
            #expect(seen.error == nil)
            guard seen.contents != expected else { continue }
            for (one, other) in zip(seen.contents, expected) where one != other {
                Issue.record("\(one) is not \(other)")
                return
            }
            Issue.record("\(seen.contents.count) frames instead of \(expected.count)")
        }
        // Check the sample: many frames can be carried, and enough of the others were refused.
        #expect(carried + refused == 4000)
        #expect(carried > 1000)
        #expect(version == .v12 ? refused > 100 : refused > 500)
    }

    /// Cuts at random positions, into pieces of one byte up to many thousand.
    private static func pieces(of stream: ByteBuffer, using generator: inout SeededGenerator) -> [ArraySlice<UInt8>] {
        let bytes = Array(stream.readableBytesView)
        let most = [1, 10, 100, 1000, 100_000].randomElement(using: &generator) ?? 1
        var pieces: [ArraySlice<UInt8>] = []
        var start = 0
        while start < bytes.count {
            let end = min(start + Int.random(in: 1...most, using: &generator), bytes.count)
            pieces.append(bytes[start..<end])
            start = end
        }
        return pieces
    }
}
