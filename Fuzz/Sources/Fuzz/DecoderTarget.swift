import NIOCore
import STOMPCore

/// Fuzzes the frame decoder and encoder. The first byte selects version and limits, the second the size of the
/// pieces into which the rest is split.
func fuzzDecoder(_ input: FuzzInput) {
    var input = input
    let choice = input.choice()
    let version: STOMPVersion? = [nil, .v10, .v11, .v12][Int(choice & 3)]
    let limits = choice & 4 == 0 ? FrameLimits() : FrameLimits(line: 40, headers: 4, frame: 200)
    let size = Int(input.choice()) + 1

    let whole = Outcome(of: [input.buffer], version, limits)
    precondition(
        Outcome(of: input.pieces(of: size), version, limits) == whole,
        "the result depends on how the stream is split")
    for frame in whole.frames {
        check(frame, version)
    }
}

private struct Outcome: Equatable {
    var frames: [Frame] = []
    var error: STOMPProtocolError?

    init(of pieces: [ByteBuffer], _ version: STOMPVersion?, _ limits: FrameLimits) {
        var decoder = FrameDecoder(version: version, limits: limits)
        do throws(STOMPProtocolError) {
            for piece in pieces {
                decoder.feed(piece)
                while let element = try decoder.next() {
                    guard case .frame(let frame) = element else { continue }
                    frames.append(frame)
                    if version == nil, frame.command == .connected {
                        decoder.version = frame.headers["version"].flatMap(STOMPVersion.init(rawValue:))
                    }
                }
                precondition(decoder.bufferedBytes < limits.frame, "the buffer exceeds the frame limit")
            }
            try decoder.finish()
        } catch {
            self.error = error
            if case .truncatedFrame = error.reason { return }
            precondition(decoder.bufferedBytes == 0, "the buffer keeps bytes that cannot be decoded")
        }
    }
}

private func check(_ frame: Frame, _ version: STOMPVersion?) {
    precondition(frame.bytes.readableBytesView.last == 0, "a frame does not end with NUL")
    precondition(frame.body.readableBytes == frame.bodySize, "the body size does not match")
    precondition(frame.detached() == frame, "the copy differs")
    for header in frame.headers {
        precondition(frame.headers.contains(header.name) || header.name.unicodeScalars.contains("\u{FFFD}"), "lost")
    }
    // If the frame can be encoded, the encoded frame must decode to the same.
    let encoder = FrameEncoder(version: version)
    guard
        let written = try? encoder.frame(
            frame.command, frame.headers.list, body: frame.body, contentLength: .omitted)
    else { return }
    var decoder = FrameDecoder(version: version, limits: FrameLimits(line: 1 << 20, headers: 10_000, frame: 1 << 25))
    decoder.feed(written.bytes)
    guard version != nil, case .frame(let read)? = try? decoder.next() else {
        precondition(version == nil, "an encoded frame cannot be decoded")
        return
    }
    precondition(read == frame && written == frame, "an encoded frame is decoded differently")
}
