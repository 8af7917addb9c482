import NIOCore
import STOMPCore
import STOMPTransport

/// The settings for printing bodies to users.
package struct BodyStyle: Sendable, Equatable {
    /// The charset of bodies that are not UTF-8, overriding their headers; nil uses each body's own charset.
    package var charset: String?
    /// The largest part of a body that is shown, in bytes; nil shows all of it, or ``HexDump/standardLimit`` bytes
    /// of a dump.
    package var limit: Int?
    /// The largest size that a body is inflated to, in bytes.
    package var inflatedLimit: Int
    /// Whether ``OutputForm/json`` embeds JSON bodies as JSON values instead of strings.
    package var hasJSON: Bool

    package init(
        charset: String? = nil, limit: Int? = nil, inflatedLimit: Int = 16 << 20, hasJSON: Bool = false
    ) {
        self.charset = charset
        self.limit = limit
        self.inflatedLimit = inflatedLimit
        self.hasJSON = hasJSON
    }
}

/// The content of a body for display: inflated, decoded, with notices about problems.
struct BodyContent {
    /// Something that a user must know to understand what is shown.
    enum Notice: Equatable {
        /// The body claims this compression and is not compressed.
        case notCompressed(String)
        case tooLarge(Compression, limit: Int)
        case truncated(Compression, size: Int)
        case broken(Compression, cause: String)
        /// This many bytes follow the compressed data.
        case followed(Compression, by: Int)
        /// iconv has no converter for this charset.
        case unknownCharset(String)
        /// The bytes are not valid in the declared charset.
        case notOfCharset(String, offset: Int)
        /// All bytes are valid in this charset, which is a guess.
        case perhaps(charset: String)
    }

    enum Compression: String {
        case gzip, deflate
    }

    private let original: UnsafeRawBufferPointer
    private let style: BodyStyle
    /// The compression of the body, if any.
    private(set) var compression: Compression?
    private(set) var inflated: ByteBuffer?
    /// The charset that the body was decoded from.
    private(set) var charset: String?
    private(set) var decoded: [UInt8]?
    private(set) var notices: [Notice] = []
    /// Whether the body is text, after inflating and decoding.
    private(set) var isText = true

    /// - Parameters:
    ///   - body: must stay valid for the lifetime of this value.
    ///   - type: the header `content-type`.
    ///   - encoding: the header `content-encoding`.
    init(_ body: UnsafeRawBufferPointer, type: String?, encoding: String?, style: BodyStyle) {
        original = body
        self.style = style
        guard !body.isEmpty else { return }
        inflate(encoding)
        var said = style.charset ?? type.flatMap { MediaType($0).parameter("charset") }
        // The option applies to all bodies, and some of them may be UTF-8.
        if style.charset != nil, withInflated({ $0.isText && !$0.contains(where: Self.shifts) }) { said = nil }
        if !isSealed { decode(from: said) }
        isText = withBytes(\.isText)
        if !isText, decoded == nil, !isSealed, said.map(CharsetDecoder.isUTF8) ?? true,
            let guess = withInflated(Self.guess)
        {
            notices.append(.perhaps(charset: guess))
        }
    }

    // MARK: Inflating

    private mutating func inflate(_ encoding: String?) {
        let named: Compression? =
            switch encoding.map({ MediaType($0).essence }) {
            case "gzip"?, "x-gzip"?: .gzip
            case "deflate"?: .deflate
            default: nil
            }
        let seen = Zlib.Format(firstBytes: original)
        let format: Zlib.Format
        switch (named, seen) {
        case (nil, .gzip?), (.gzip?, .gzip?): format = .gzip
        case (.gzip?, _):
            notices.append(.notCompressed("gzip"))
            return
        case (.deflate?, .zlib?): format = .zlib
        // Raw deflate has no header and no checksum, so text could be mistaken for it.
        case (.deflate?, _) where original.isText:
            notices.append(.notCompressed("deflate"))
            return
        // Some senders omit the zlib header.
        case (.deflate?, _): format = .bare
        // The two bytes of a zlib header can also be the beginning of a text.
        case (nil, .zlib?) where !original.isText: format = .zlib
        default: return
        }
        let compression: Compression = format == .gzip ? .gzip : .deflate
        let result = Zlib.inflated(original, from: format, limit: style.inflatedLimit)
        switch result.end {
        // Bytes that only begin like zlib data.
        case .whole where result.rest > 0 && named == nil && format == .zlib: break
        case .whole where result.rest > 0 && format == .bare: notices.append(.notCompressed("deflate"))
        case .whole:
            self.compression = compression
            inflated = result.bytes
            if result.rest > 0 { notices.append(.followed(compression, by: result.rest)) }
        // Bytes that only look like zlib data.
        case _ where named == nil && format == .zlib: break
        case .tooLarge: fail(compression, .tooLarge(compression, limit: style.inflatedLimit))
        case .truncated: fail(compression, .truncated(compression, size: result.bytes.readableBytes))
        case .broken where format == .bare: notices.append(.notCompressed("deflate"))
        case .broken(let cause): fail(compression, .broken(compression, cause: cause))
        }
    }

    private mutating func fail(_ compression: Compression, _ notice: Notice) {
        self.compression = compression
        notices.append(notice)
    }

    /// Whether the body is compressed and could not be inflated.
    private var isSealed: Bool { compression != nil && inflated == nil }

    // MARK: Decoding

    /// Whether the byte changes the meaning of the following bytes, as in 7-bit charsets (ISO 2022).
    private static func shifts(_ byte: UInt8) -> Bool { byte == 0x1B || byte == 0x0E }

    private mutating func decode(from said: String?) {
        guard let said, !CharsetDecoder.isUTF8(said) else { return }
        switch withInflated({ CharsetDecoder.decode($0, from: said) }) {
        case .text(let text):
            charset = said
            decoded = text
        case .fault(let offset): notices.append(.notOfCharset(said, offset: offset))
        case .unknown: notices.append(.unknownCharset(said))
        }
    }

    /// The largest part of a body that is inspected to guess its charset, in bytes.
    private static let guessedSize = 64 << 10

    /// Guesses the charset of bytes that are not UTF-8.
    private static func guess(_ bytes: UnsafeRawBufferPointer) -> String? {
        let start = UnsafeRawBufferPointer(rebasing: bytes.prefix(guessedSize))
        let hasMark = bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF])
        let name = hasMark ? "UTF-16" : "EUC-KR"
        guard case .text(let text) = CharsetDecoder.decode(start, from: name, mayBeCut: bytes.count > start.count),
            text.withUnsafeBytes(isPlain)
        else { return nil }
        return name
    }

    /// Whether the text has no characters that are shown escaped, except line ends and tabs.
    private static func isPlain(_ text: UnsafeRawBufferPointer) -> Bool {
        var start = 0
        while let hidden = DisplayEscaping.firstHidden(in: text, from: start) {
            guard let scalar = hidden.scalar, [0x09, 0x0A, 0x0D].contains(scalar) else { return false }
            start = hidden.index + hidden.length
        }
        return true
    }

    // MARK: What is shown

    func withInflated<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        if let inflated { inflated.withUnsafeReadableBytes(body) } else { body(original) }
    }

    /// The bytes that are shown.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        if let decoded { decoded.withUnsafeBytes(body) } else { withInflated(body) }
    }

    /// The size and encoding: `34 B`, or `gzip, 34 B, 51 B inflated, EUC-KR`.
    var size: String {
        var parts = ["\(original.count) B"]
        if let compression { parts.insert(compression.rawValue, at: 0) }
        if let inflated { parts.append("\(inflated.readableBytes) B inflated") }
        if let charset { parts.append(visible(charset)) }
        return parts.joined(separator: ", ")
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes are text: UTF-8 without a NUL, the same rule as grep's.
    package var isText: Bool { isUTF8 && !contains(0) }
}
