import NIOCore
import NIOHTTP1

/// A fault in a message that RFC 9112 forbids or asks recipients to reject, but that leaves the end of the message
/// clear.
package enum HTTPFault: Sendable, Hashable, CaseIterable {
    /// A line ends with LF only.
    case bareLineFeed
    /// The request line or the status line contains a control character.
    case controlInStartLine
    /// The target of a request contains a space or a non-ASCII byte, or has none of the forms of section 3.2.
    case invalidTarget
    /// A line has no colon, or no token before it. It is not included in the headers.
    case invalidField
    case controlInField
    /// The value of a header continues on the next line (section 5.2).
    case foldedField
    /// The length is given more than once, with the same value.
    case repeatedLength
    /// The coding `identity`, which RFC 7230 removed.
    case identityCoding
    /// A length, and a transfer coding other than chunked.
    case lengthAndCoding
    /// A length and chunked coding; chunked takes precedence (section 6.3).
    case lengthAndChunks
    /// Whitespace around the size of a chunk, or control characters in its extensions.
    case invalidChunkLine
}

/// The first line of a message (RFC 9112, sections 3 and 4), split at its spaces.
enum HTTPStartLine: Sendable, Hashable {
    case request(method: String, target: String, version: String)
    /// `reason` is nil if no space follows the code.
    case status(version: String, code: Int, reason: String?)

    /// - Parameter line: the line without its line ending.
    init?(_ line: some BidirectionalCollection<UInt8>) {
        if line.starts(with: "HTTP/".utf8) {
            let words = line.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false)
            // A status code has three digits and is at least 100 (RFC 9110, section 15).
            guard words.count > 1, words[1].count == 3, words[1].allSatisfy(\.isDigit),
                let code = Int(String(latin1: words[1])), code >= 100
            else { return nil }
            self = .status(
                version: String(latin1: words[0]), code: code, reason: words.count > 2 ? String(latin1: words[2]) : nil)
        } else {
            guard let first = line.firstIndex(of: 0x20), let last = line.lastIndex(of: 0x20), first < last else {
                return nil
            }
            self = .request(
                method: String(latin1: line[..<first]), target: String(latin1: line[line.index(after: first)..<last]),
                version: String(latin1: line[line.index(after: last)...]))
        }
    }
}

/// The head of a message as received: all its bytes, and the positions of its lines.
package struct HTTPRawHead: Sendable {
    /// All bytes, including the blank line at the end.
    package let bytes: ByteBuffer
    /// The faults in the head.
    package internal(set) var faults: Set<HTTPFault>
    /// How the end of the following body is determined.
    package internal(set) var framing = HTTPFraming.none
    let startLine: HTTPStartLine?
    private let startLineEnd: Int
    private let fields: HTTPFieldLines

    /// - Parameter bytes: the lines; the last one is blank.
    init(_ bytes: ByteBuffer) throws(HTTPReader.Violation) {
        self.bytes = bytes
        let view = bytes.readableBytesView
        let end = view.firstIndex(of: 0x0A) ?? view.endIndex
        var line = view[..<end]
        let hasReturn = line.last == 0x0D
        if hasReturn { line = line.dropLast() }
        startLineEnd = min(end + 1, view.endIndex)
        startLine = HTTPStartLine(line)
        fields = try HTTPFieldLines(bytes, from: startLineEnd)
        faults = fields.faults
        if !hasReturn { faults.insert(.bareLineFeed) }
        if line.contains(where: \.isControl) { faults.insert(.controlInStartLine) }
    }

    var headers: HTTPHeaders { fields.headers }

    /// Returns the head with its headers replaced by these. Headers that stay the same, and everything that is not
    /// a header, keep their exact bytes.
    package func bytes(with headers: HTTPHeaders) -> ByteBuffer {
        let view = bytes.readableBytesView
        var result = ByteBuffer()
        result.reserveCapacity(bytes.readableBytes)
        result.writeBytes(view[..<startLineEnd])
        var next = 0
        for (name, value) in headers {
            let rest = fields.lines[next...]
            let same = rest.firstIndex { $0.field?.name == name && $0.field?.value == value }
            // A header with a new value replaces the old one at the same position.
            let index = same ?? rest.firstIndex { $0.field?.name == name }
            for line in fields.lines[next..<(index ?? next)] where line.field == nil {
                result.writeBytes(view[line.range])
            }
            if same == nil { result.writeField(latin1: name, value) }
            guard let index else { continue }
            if same != nil { result.writeBytes(view[fields.lines[index].range]) }
            next = index + 1
        }
        for line in fields.lines[next...] where line.field == nil { result.writeBytes(view[line.range]) }
        result.writeBytes(view[fields.end...])
        return result
    }
}

/// The lines of a header or trailer section.
struct HTTPFieldLines: Sendable {
    struct Line: Sendable {
        /// The range in the buffer, including the line ending and continuation lines.
        var range: Range<Int>
        /// Nil if the line is not a header.
        var field: (name: String, value: String)?
    }

    private(set) var lines: [Line] = []
    private(set) var faults: Set<HTTPFault> = []
    /// The position of the blank line.
    private(set) var end: Int

    /// - Parameter start: the position of the first line; a blank line ends the section.
    /// - Throws: a violation if a line is not a header but may be intended to define the length of the body.
    init(_ bytes: ByteBuffer, from start: Int) throws(HTTPReader.Violation) {
        let view = bytes.readableBytesView
        end = start
        while end < view.endIndex {
            let lineEnd = view[end...].firstIndex(of: 0x0A) ?? view.endIndex
            var line = view[end..<lineEnd]
            if line.last == 0x0D { line = line.dropLast() } else { faults.insert(.bareLineFeed) }
            guard !line.isEmpty else { break }
            let range = end..<min(lineEnd + 1, view.endIndex)
            end = range.upperBound
            try append(line, range)
        }
    }

    var headers: HTTPHeaders { HTTPHeaders(lines.compactMap { $0.field.map { ($0.name, $0.value) } }) }

    private mutating func append(_ line: ByteBufferView, _ range: Range<Int>) throws(HTTPReader.Violation) {
        if line.contains(where: \.isControl) { faults.insert(.controlInField) }
        if line.first == 0x20 || line.first == 0x09, let last = lines.last {
            // The line continues the last value (RFC 9112, section 5.2).
            faults.insert(.foldedField)
            if let field = last.field {
                guard !field.name.namesFraming else { throw .notHTTP }
                lines[lines.count - 1].field = (field.name, field.value + " " + String(latin1: line.withoutBlanks))
            }
            lines[lines.count - 1].range = last.range.lowerBound..<range.upperBound
            return
        }
        let name = line.prefix { $0 != UInt8(ascii: ":") }
        guard name.endIndex < line.endIndex, !name.isEmpty, name.allSatisfy(\.isTokenByte) else {
            // Other recipients may accept `Content-Length : 1` as a length.
            guard !String(latin1: name.filter(\.isTokenByte)).namesFraming else { throw .notHTTP }
            faults.insert(.invalidField)
            return lines.append(Line(range: range))
        }
        let value = String(latin1: line[(name.endIndex + 1)...].withoutBlanks)
        lines.append(Line(range: range, field: (String(latin1: name), value)))
    }
}

extension String {
    fileprivate var namesFraming: Bool { ["content-length", "transfer-encoding"].contains(lowercased()) }
}

extension WireEvent.Content {
    /// The parsed first line of a request or a response, or the first line of bytes that are not a head.
    static func head(_ bytes: ByteBuffer) -> Self {
        let line = HTTPStartLine.text(of: bytes)
        let raw = try? HTTPRawHead(bytes)
        switch raw?.startLine {
        case .status(let version, let code, let reason):
            return .responseHead(version: version.decodingUTF8, status: code, reason: reason?.decodingUTF8)
        case .request(let method, let target, let version)
        where version.hasPrefix("HTTP/") && !method.isEmpty && !target.isEmpty && !target.contains(" "):
            return .requestHead(
                method: method.decodingUTF8, target: target.decodingUTF8, version: version.decodingUTF8,
                wantsWebSocket: raw?.headers.hasToken("websocket", in: "Upgrade") ?? false)
        default: return .unreadableHead(firstLine: line)
        }
    }
}

extension HTTPStartLine {
    /// Returns the first line of bytes that may not be a head, without its line ending.
    static func text(of bytes: ByteBuffer) -> String {
        String(decoding: bytes.readableBytesView.prefix { $0 != 0x0A && $0 != 0x0D }, as: Unicode.UTF8.self)
    }
}
