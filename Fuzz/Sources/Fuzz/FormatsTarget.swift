import NIOCore
import STOMPCore
import STOMPTransport

@testable import StomptapOutput

/// Fuzzes format templates and the other message forms for terminals. The first byte selects how bodies are shown;
/// then comes the template, up to the first NUL, and then frames.
func fuzzFormats(_ input: FuzzInput) {
    var input = input
    let choice = input.choice()
    let parts = input.rest.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    var forms: [OutputForm] = [.pretty, .json, .body(), .raw]
    var isHarmless = true
    do {
        let template = try FormatTemplate(String(decoding: parts.first ?? [], as: UTF8.self))
        forms.append(.format(template))
        // Text that the user wrote in a template is printed unchanged.
        isHarmless = template.pieces.allSatisfy { if case .text = $0 { false } else { true } }
    } catch {
        check(isHarmless: ErrorLine.text("\(error)"), except: "\n")
    }
    guard parts.count > 1 else { return }
    var decoder = FrameDecoder(version: .v12)
    decoder.feed(ByteBuffer(bytes: parts[1]))
    var frames: [Frame] = []
    while case .some(let element) = try? decoder.next() {
        if case .frame(let frame) = element { frames.append(frame) }
    }
    let charset = [nil, "utf-16", "euc-kr", "shift_jis"][Int(choice & 3)]
    let bodies = BodyStyle(
        charset: charset, limit: choice & 4 == 0 ? nil : 10, inflatedLimit: 1 << 16, hasJSON: choice & 8 != 0)
    let style = OutputStyle(isTerminal: true, bodies: bodies)
    for form in forms {
        if case .format = form, !isHarmless { continue }
        check(frames, as: form, style)
    }
}

private func check(_ frames: [Frame], as form: OutputForm, _ style: OutputStyle) {
    var out = OutputBuffer()
    var renderer = MessageRenderer(form: form, style: style, start: Timestamp(nanoseconds: 0))
    renderer.append(frames, at: Timestamp(nanoseconds: 1_795_230_202_118_453_000), to: &out)
    check(isHarmless: out.text, except: "\n\t")
    guard case .json = form else { return }
    for line in out.text.utf8.split(separator: 0x0A) {
        precondition(Array(line).withUnsafeBytes { JSONReader.accepts($0) }, "an object is not JSON")
    }
}
