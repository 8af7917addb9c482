import NIOCore
import NIOHTTP1

@testable import STOMPTransport

/// Fuzzes the HTTP reader and writer. The first byte selects requests or responses, the size limit of heads, and
/// the request methods; the second the size of the pieces.
func fuzzHTTP(_ input: FuzzInput) {
    var input = input
    let choice = input.choice()
    let size = input.pieceSize()
    let whole = Messages([input.buffer], choice)
    precondition(Messages(input.pieces(of: size), choice) == whole, "the result depends on how the stream is split")
    if whole.violation == nil {
        precondition(whole.bytes == input.rest, "the elements do not have the bytes of the input")
    }
    for head in whole.heads { check(head, choice) }
}

private struct Messages: Equatable {
    /// Each element as text, without the content of bodies, blanks and chunk framing.
    var elements: [String] = []
    /// All bytes of all elements, and the remaining ones.
    var bytes: [UInt8] = []
    var violation: HTTPReader.Violation?
    var heads: [HTTPRawHead] = []

    init(_ pieces: [ByteBuffer], _ choice: UInt8) {
        let limit = choice & 2 == 0 ? HTTPReader.headLimit : 100
        var reader = HTTPReader(choice & 1 == 0 ? .requests : .responses, headLimit: limit, informationalLimit: 300)
        for method in [.GET, .HEAD, .CONNECT, .POST] as [HTTPMethod] where choice & 4 != 0 {
            reader.expectAnswer(to: method)
        }
        do throws(HTTPReader.Violation) {
            for piece in pieces {
                reader.append(piece)
                repeat {
                    reader.proceed()
                    while let element = try reader.next() { append(element) }
                } while reader.isHolding
            }
            if let element = reader.finish() { append(element) }
            bytes += reader.rest.readableBytesView
        } catch {
            violation = error
        }
    }

    private mutating func append(_ element: HTTPElement) {
        switch element {
        case .blank(let blank): append("blank", blank)
        case .request(let head, let raw):
            elements.append("\(head) \(raw.framing) \(raw.faults.map { "\($0)" }.sorted())")
            bytes += raw.bytes.readableBytesView
            heads.append(raw)
        case .response(let head, let raw):
            elements.append("\(head) \(raw.framing) \(raw.faults.map { "\($0)" }.sorted())")
            bytes += raw.bytes.readableBytesView
            heads.append(raw)
        case .body(let body): append("body", body)
        case .chunkFraming(let framing, let faults):
            elements.append("framing \(faults.map { "\($0)" }.sorted())")
            bytes += framing.readableBytesView
        case .end(let trailers): elements.append("end \(trailers.map { "\($0)" } ?? "")")
        }
    }

    /// Blanks and bodies may be split into as many elements as there are pieces.
    private mutating func append(_ name: String, _ part: ByteBuffer) {
        precondition(part.readableBytes > 0, "an empty element")
        if elements.last != name { elements.append(name) }
        bytes += part.readableBytesView
    }

    static func == (one: Messages, other: Messages) -> Bool {
        // After a violation, the bytes of its head may have been returned or not.
        one.elements == other.elements && one.violation == other.violation
            && (one.violation != nil || one.bytes == other.bytes)
    }
}

private func check(_ head: HTTPRawHead, _ choice: UInt8) {
    precondition(head.bytes(with: head.headers) == head.bytes, "a head with its own headers differs")
    _ = CookieJar(head.headers.first(name: "Cookie"))
    var jar = CookieJar(nil)
    jar.store(head.headers)
    _ = WebSocketExtension.all(in: head.headers).map { PerMessageDeflate(answer: $0) }
    _ = PerMessageDeflate.accepted(among: WebSocketExtension.all(in: head.headers))
    if let origin = head.headers.first(name: "Origin") {
        _ = WebOrigin(origin)
        _ = OriginList(["https://a.example", "*"]).contains(origin)
    }
    guard head.faults.isEmpty, case .status(_, let code, let reason)? = head.startLine else { return }
    // A head without faults must read the same after it is written.
    let response = HTTPResponseHead(
        version: .http1_1, status: .custom(code: UInt(code), reasonPhrase: reason ?? ""), headers: head.headers)
    guard let again = try? HTTPRawHead(response.latin1Bytes) else { fatalError("a written head cannot be parsed") }
    precondition(again.faults.isEmpty && "\(again.headers)" == "\(head.headers)", "a written head differs")
}
