import NIOCore
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import SystemC

/// Text with placeholders, such as `publish --template` sends, compiled once.
///
/// `{{count}}` is the number of the message, `{{time}}` the time at which it is sent (ISO 8601, UTC), `{{uuid}}` a
/// random UUID (RFC 9562, version 4), `{{random A B}}` an integer from A to B, `{{env NAME}}` an environment
/// variable, `{{file FILE}}` the content of a file, and `{{base64 FILE}}` the same in base64 (RFC 4648, section 4).
/// A file name extends to the closing braces. `{{{{` is a literal `{{`; `}}` alone needs no escaping. Bytes that
/// are not UTF-8 are kept unchanged.
struct Template: Sendable, Equatable {
    enum Piece: Sendable, Equatable {
        case text(ByteBuffer)
        case count, time, uuid
        case random(ClosedRange<Int>)
        /// Parts of the message that is answered: its body, a value in it, a header.
        case requestBody, requestValue(JSONPath), requestHeader(String)
    }

    private static let known =
        "{{count}}, {{time}}, {{uuid}}, {{random A B}}, {{env NAME}}, {{file FILE}}, {{base64 FILE}}, and {{{{ for a literal {{"

    private static let knownOfReplies = "{{body}}, {{body .path}}, {{header NAME}}, "

    let pieces: [Piece]
    /// The text, if it is the same for every message.
    private let constant: String?

    /// - Parameters:
    ///   - bytes: the text to compile.
    ///   - name: what the text is for, used in errors.
    ///   - isReply: whether it answers a message, and may use parts of that message.
    ///   - environment: looks up an environment variable.
    /// - Throws: ``Failure`` with 65 for a placeholder that is unknown or incomplete; 66 if a file does not exist.
    init(
        _ bytes: ByteBuffer, of name: String, isReply: Bool = false,
        environment: (String) -> String? = { name in getenv(name).map { String(cString: $0) } }
    ) throws {
        let bytes = Array(bytes.readableBytesView)
        let open = Array("{{".utf8), close = Array("}}".utf8)
        var pieces: [Piece] = []
        var text = ByteBuffer()
        var rest = bytes[...]
        func wrong(_ message: String) -> Failure {
            let line = bytes[..<rest.startIndex].count { $0 == UInt8(ascii: "\n") } + 1
            return Failure(
                .badInput,
                "template: \(message) (\(name), line \(line)); available: \(isReply ? Self.knownOfReplies : "")\(Self.known)"
            )
        }
        while let start = rest.firstRange(of: open) {
            text.writeBytes(rest[..<start.lowerBound])
            rest = rest[start.upperBound...]
            if rest.starts(with: open) {
                text.writeBytes(open)
                rest = rest.dropFirst(open.count)
                continue
            }
            guard let end = rest.firstRange(of: close) else { throw wrong("missing }} after {{") }
            let words = String(decoding: rest[..<end.lowerBound], as: UTF8.self).split(separator: " ").map(String.init)
            var piece: Piece?
            switch (words.first, words.dropFirst()) {
            case ("count", []): piece = .count
            case ("time", []): piece = .time
            case ("uuid", []): piece = .uuid
            case ("random", let limits) where limits.count == 2:
                guard let low = Int(limits[1]), let high = Int(limits[2]), low <= high else {
                    throw wrong("{{random A B}} needs two integers, the smaller one first")
                }
                piece = .random(low...high)
            case ("env", let names) where names.count == 1:
                guard let value = environment(names[1]) else {
                    throw wrong("environment variable \(names[1]) is not set")
                }
                text.writeString(value)
            case ("body", []) where isReply: piece = .requestBody
            case ("body", let paths) where isReply && (paths.count == 1 || paths.contains { $0.contains("\"") }):
                guard let path = JSONPath(paths.joined(separator: " ")) else {
                    throw wrong("{{body .path}} needs a path such as .a.b[0]")
                }
                piece = .requestValue(path)
            case ("header", let names) where isReply && names.count == 1: piece = .requestHeader(names[1])
            case ("file", let names) where !names.isEmpty:
                text.writeBytes(try Self.content(of: rest[..<end.lowerBound]))
            case ("base64", let names) where !names.isEmpty:
                text.writeString(Base64.encode(try Self.content(of: rest[..<end.lowerBound])))
            default:
                throw wrong("unknown field {{\(words.joined(separator: " ").prefix(40))}}")
            }
            rest = rest[end.upperBound...]
            guard let piece else { continue }
            if text.readableBytes > 0 { pieces.append(.text(text)) }
            text = ByteBuffer()
            pieces.append(piece)
        }
        text.writeBytes(rest)
        if text.readableBytes > 0 { pieces.append(.text(text)) }
        self.pieces = pieces
        constant = nil
    }

    /// The content of the file named by the words after the first one.
    private static func content(of words: ArraySlice<UInt8>) throws -> [UInt8] {
        let blank = UInt8(ascii: " ")
        let name = words.drop(while: { $0 == blank })
        let path = name.drop(while: { $0 != blank }).drop(while: { $0 == blank })
        let end = path.lastIndex { $0 != blank }.map { $0 + 1 } ?? path.endIndex
        return try InputFile.read(
            String(decoding: path[..<end], as: UTF8.self), of: "template", limit: InputFile.largestBody)
    }

    /// Text without placeholders.
    init(literal text: String) {
        pieces = text.isEmpty ? [] : [.text(ByteBuffer(string: text))]
        constant = text
    }

    /// The text for a message, numbered from 1.
    func body(number: Int) -> ByteBuffer {
        if pieces.count == 1, case .text(let text) = pieces[0] { return text }
        var result = ByteBuffer()
        for piece in pieces { Self.write(piece, number: number, to: &result) }
        return result
    }

    /// Writes a piece that is allowed in every template; ignores any other.
    static func write(_ piece: Piece, number: Int, to result: inout ByteBuffer) {
        switch piece {
        case .text(let text): result.writeImmutableBuffer(text)
        case .count: result.writeString("\(number)")
        case .time:
            var time = ISOTime()
            time.advance(to: .now())
            result.writeBytes(time.text)
        case .uuid: result.writeBytes(uuid())
        case .random(let range): result.writeString("\(Int.random(in: range))")
        case .requestBody, .requestValue, .requestHeader: break
        }
    }

    func text(number: Int) -> String { constant ?? String(buffer: body(number: number)) }

    private static func uuid() -> [UInt8] {
        var bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
        // The version and the variant (RFC 9562, section 4).
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        var text: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text.append(UInt8(ascii: "-")) }
            text.append(hexadecimalDigit(byte >> 4))
            text.append(hexadecimalDigit(byte))
        }
        return text
    }
}
