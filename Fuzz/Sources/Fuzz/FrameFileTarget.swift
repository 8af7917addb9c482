import NIOCore
import STOMPCore
import STOMPTransport
import StomptapOutput

@testable import StomptapCommands

/// Fuzzes files that are sent: handwritten frames (`raw`), recordings and templates (`publish`). The first byte
/// selects how frames are read, the second the size of the pieces.
func fuzzFrameFiles(_ input: FuzzInput) {
    var input = input
    let choice = input.choice()
    let size = input.pieceSize()
    checkCutting(input, size) { pieces throws(InputFault) in
        var cutter = FrameCutter(
            hasEscapes: choice & 1 != 0, endsLinesWithCRLF: choice & 2 != 0, limit: choice & 4 == 0 ? 1 << 20 : 50)
        var frames: [FrameCutter.Piece] = []
        for piece in pieces { frames += try cutter.feed(piece) }
        if let last = try cutter.finish() { frames.append(last) }
        return frames
    }
    checkCutting(input, size) { pieces throws(InputFault) in
        var cutter = LineCutter(hasEscapes: choice & 1 != 0, limit: choice & 4 == 0 ? 1 << 20 : 50)
        var lines: [[UInt8]] = []
        for piece in pieces { lines += try cutter.feed(piece) }
        if let last = try cutter.finish() { lines.append(last) }
        return lines
    }
    checkTemplate(input, isReply: choice & 8 != 0)
    if let message = try? Recording(name: "file", needsTime: choice & 16 != 0).draft(
        input.buffer, line: 1, destination: choice & 32 == 0 ? nil : "/a")
    {
        check(message)
    }
}

/// Checks that input in pieces gives the same result as the whole input, or that both fail.
private func checkCutting<Result: Equatable>(
    _ input: FuzzInput, _ size: Int, _ cut: ([[UInt8]]) throws(InputFault) -> Result
) {
    let whole = try? cut([input.rest])
    let pieces = try? cut(input.pieces(of: size).map { Array($0.readableBytesView) })
    precondition(whole == pieces, "the result depends on how the text is split")
}

private func checkTemplate(_ input: FuzzInput, isReply: Bool) {
    // Do not read a file: it could be a device.
    guard !input.text.contains("file"), !input.text.contains("base64") else { return }
    let template = try? Template(input.buffer, of: "body", isReply: isReply) { name in name == "A" ? "a" : nil }
    guard let template else { return }
    _ = template.text(number: 1)
    if !input.text.contains("{{") {
        precondition(template.body(number: 1) == input.buffer, "a template without placeholders changes its text")
    }
}

/// Checks that a recorded message is unchanged after it is recorded again.
private func check(_ message: PendingMessage) {
    var headers = message.headers
    headers.append("destination", message.destination)
    guard let frame = try? FrameEncoder(version: .v12).frame(.message, headers, body: message.body) else { return }
    var out = OutputBuffer()
    var renderer = MessageRenderer(form: .json, style: OutputStyle(mask: .none))
    renderer.append(frame, at: Timestamp(nanoseconds: 1_795_230_202_118_453_000), to: &out)
    check(isHarmless: out.text, except: "\n")
    let line = ByteBuffer(string: String(out.text.dropLast()))
    guard let again = try? Recording(name: "again", needsTime: true).draft(line, line: 1, destination: nil) else {
        fatalError("a recorded message cannot be read")
    }
    precondition(
        again.body == message.body && again.destination == message.destination && again.headers == message.headers,
        "a recorded message is read differently")
}
