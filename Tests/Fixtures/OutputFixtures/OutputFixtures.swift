import NIOCore
import STOMPCore
import STOMPTransport
import StomptapOutput
import Testing

/// 2026-11-21T05:03:22.118453Z and 789 ns.
package let sampleTime = Timestamp(nanoseconds: 1_795_237_402_118_453_789)

/// Creates a MESSAGE with these header lines and this body, as a server would send it.
package func makeMessage(_ headers: [String] = [], body: some Sequence<UInt8>, command: String = "MESSAGE") throws
    -> Frame
{
    let body = Array(body)
    return try makeFrame(
        Array("\(command)\n".utf8) + headers.flatMap { Array("\($0)\n".utf8) }
            + (body.contains(0) ? Array("content-length:\(body.count)\n".utf8) : []) + [10] + body + [0])
}

package func makeMessage(_ headers: [String] = [], _ body: String = "") throws -> Frame {
    try makeMessage(headers, body: body.utf8)
}

package func makeFrame(_ bytes: [UInt8], _ version: STOMPVersion? = .v12) throws -> Frame {
    var decoder = FrameDecoder(version: version)
    decoder.feed(ByteBuffer(bytes: bytes))
    guard case .frame(let frame) = try #require(try decoder.next()) else { throw NoFrame() }
    return frame
}

private struct NoFrame: Error {}

/// Renders frames in UTC, or as `style` specifies.
package func renderedBytes(
    _ form: OutputForm, _ frames: Frame..., style: (inout OutputStyle) -> Void = { _ in },
    _ direction: WireEvent.Direction = .incoming
) -> [UInt8] {
    var outputStyle = OutputStyle()
    outputStyle.timestamps = .utc
    style(&outputStyle)
    var renderer = MessageRenderer(form: form, style: outputStyle, start: sampleTime)
    var out = OutputBuffer()
    renderer.append(frames, direction, at: sampleTime, to: &out)
    return Array(out.bytes)
}

package func rendered(
    _ form: OutputForm, _ frame: Frame, style: (inout OutputStyle) -> Void = { _ in },
    _ direction: WireEvent.Direction = .incoming
) -> String {
    String(decoding: renderedBytes(form, frame, style: style, direction), as: UTF8.self)
}

/// Returns the text that `append` appends to a buffer.
package func appended(_ append: (inout OutputBuffer) -> Void) -> String {
    var out = OutputBuffer()
    append(&out)
    return out.text
}

package func withBytes<Result>(_ text: String, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    Array(text.utf8).withUnsafeBytes(body)
}
