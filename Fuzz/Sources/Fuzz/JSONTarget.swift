import NIOCore

@testable import STOMPTransport
@testable import StomptapOutput

/// Fuzzes the JSON reader, and the writers whose output it must read.
func fuzzJSON(_ input: FuzzInput) {
    let bytes = input.rest
    bytes.withUnsafeBytes { bytes in
        if let tokens = tokens(of: bytes), bytes.isUTF8 {
            precondition(JSONReader.accepts(bytes), "it has tokens, but is not accepted")
            checkSkipping(bytes)
            checkLayouts(bytes, tokens)
        } else {
            precondition(!JSONReader.accepts(bytes), "it is accepted, but has no tokens")
        }
        for path in [".", ".a", ".[0]", ".a.b[1]"] {
            guard let path = JSONPath(path) else { fatalError("invalid path") }
            guard case .json(let range)? = path.value(in: bytes) else { continue }
            precondition(JSONReader.accepts(UnsafeRawBufferPointer(rebasing: bytes[range])), "a value is not JSON")
        }
    }
    _ = JSONPath(input.text)
    checkString(input.text)
}

/// The text of each token; nil if the input is not JSON.
private func tokens(of bytes: UnsafeRawBufferPointer) -> [[UInt8]]? {
    var reader = JSONReader(bytes)
    var tokens: [[UInt8]] = []
    do {
        while let token = try reader.next() { tokens.append(Array(bytes[token.range])) }
    } catch {
        precondition(reader.position <= bytes.count && error.offset <= bytes.count, "a fault after the end")
        return nil
    }
    return tokens
}

private func checkSkipping(_ bytes: UnsafeRawBufferPointer) {
    var reader = JSONReader(bytes)
    do {
        try reader.skipValue()
        try reader.expectEnd()
    } catch {
        fatalError("a value cannot be skipped: \(error)")
    }
}

/// Checks that compact and indented output have the same tokens, and no terminal sequences.
private func checkLayouts(_ bytes: UnsafeRawBufferPointer, _ expected: [[UInt8]]) {
    var compact = OutputBuffer()
    compact.append(compactJSON: bytes)
    var indented = OutputBuffer()
    _ = JSONIndenter(indentation: 2, palette: .plain).write(bytes, to: &indented)
    for text in [compact.text, indented.text] {
        check(isHarmless: text, except: "\n")
        let again = Array(text.utf8).withUnsafeBytes { tokens(of: $0) }
        precondition(again?.count == expected.count, "the indented text has other tokens")
    }
}

/// Checks that a string is unchanged after it is written and read, however it is escaped.
private func checkString(_ text: String) {
    var shown = OutputBuffer()
    shown.append(jsonString: text)
    check(isHarmless: shown.text)
    let sent = SockJSMessages.quoted(ByteBuffer(string: text))
    for json in [Array(shown.text.utf8), Array(sent.readableBytesView)] {
        json.withUnsafeBytes { bytes in
            var reader = JSONReader(bytes)
            guard let again = try? reader.text(), (try? reader.expectEnd()) != nil else {
                fatalError("a written string cannot be parsed")
            }
            precondition(again.utf8.elementsEqual(text.utf8), "a written string is parsed differently")
        }
    }
}
