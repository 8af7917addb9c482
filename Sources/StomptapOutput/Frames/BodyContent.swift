import NIOCore
import STOMPCore
import STOMPTransport

/// How people are shown bodies.
package struct BodyStyle: Sendable, Equatable {
    /// The charset of bodies that are not UTF-8, whatever they say; nil is the one that each says.
    package var charset: String?
    /// How much of a body is shown, in bytes; nil is all of it, and ``HexDump/standardLimit`` of a dump.
    package var limit: Int?
    /// The most bytes that a body is inflated to.
    package var inflatedLimit: Int
    /// Whether ``OutputForm/json`` has bodies that are JSON as such, and not as a string.
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

/// What a body holds, as people are shown it: inflated, decoded, and what there is to say of that.
struct BodyContent {
    /// Something that a person must know to make sense of what is shown.
    enum Notice: Equatable {
        /// It says that it is compressed so, and is not.
        case notCompressed(String)
        case tooLarge(Compression, limit: Int)
        case truncated(Compression, size: Int)
        case broken(Compression, cause: String)
        /// So many bytes follow what is compressed.
        case followed(Compression, by: Int)
        /// iconv has no converter for this charset.
        case unknownCharset(String)
        /// The bytes are not of the charset that is said.
        case notOfCharset(String, offset: Int)
        /// They are of this one without a fault.
        case perhaps(charset: String)
    }

    enum Compression: String {
        case gzip, deflate
    }

    private let original: UnsafeRawBufferPointer
    private let style: BodyStyle
    /// What it was compressed by.
    private(set) var compression: Compression?
    private(set) var inflated: ByteBuffer?
    /// What it was decoded from.
    private(set) var charset: String?
    private(set) var decoded: [UInt8]?
    private(set) var notices: [Notice] = []
    /// Whether it reads as text, once it is inflated and decoded.
    private(set) var isText = true

    /// - Parameters:
    ///   - body: must stay where it is for as long as this is used.
    ///   - type: the header `content-type`.
    ///   - encoding: the header `content-encoding`.
    init(_ body: UnsafeRawBufferPointer, type: String?, encoding: String?, style: BodyStyle) {
        original = body
        self.style = style
        guard !body.isEmpty else { return }
        inflate(encoding)
        var said = style.charset ?? type.flatMap { MediaType($0).parameter("charset") }
        // Of several that come together, some may be UTF-8.
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
        // Without a head and a checksum text may pass for it.
        case (.deflate?, _) where original.isText:
            notices.append(.notCompressed("deflate"))
            return
        // Some leave out the head.
        case (.deflate?, _): format = .bare
        // Its head may be the beginning of a text.
        case (nil, .zlib?) where !original.isText: format = .zlib
        default: return
        }
        let compression: Compression = format == .gzip ? .gzip : .deflate
        let result = Zlib.inflated(original, from: format, limit: style.inflatedLimit)
        switch result.end {
        // Bytes that only begin so.
        case .whole where result.rest > 0 && named == nil && format == .zlib: break
        case .whole where result.rest > 0 && format == .bare: notices.append(.notCompressed("deflate"))
        case .whole:
            self.compression = compression
            inflated = result.bytes
            if result.rest > 0 { notices.append(.followed(compression, by: result.rest)) }
        // Bytes that only look so.
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

    /// Whether it is compressed and could not be inflated.
    private var isSealed: Bool { compression != nil && inflated == nil }

    // MARK: Decoding

    /// Whether a byte changes the meaning of those after it, in charsets of seven bits (ISO 2022).
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

    /// How much of a body is looked at to guess its charset.
    private static let guessedSize = 64 << 10

    /// The charset that bytes which are not UTF-8 may be of.
    private static func guess(_ bytes: UnsafeRawBufferPointer) -> String? {
        let start = UnsafeRawBufferPointer(rebasing: bytes.prefix(guessedSize))
        let hasMark = bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF])
        let name = hasMark ? "UTF-16" : "EUC-KR"
        guard case .text(let text) = CharsetDecoder.decode(start, from: name, mayBeCut: bytes.count > start.count),
            text.withUnsafeBytes(isPlain)
        else { return nil }
        return name
    }

    /// Whether text has nothing that is shown escaped, apart from line ends and tabs.
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

    /// `34 B`, or `gzip, 34 B, 51 B inflated, EUC-KR`.
    var size: String {
        var parts = ["\(original.count) B"]
        if let compression { parts.insert(compression.rawValue, at: 0) }
        if let inflated { parts.append("\(inflated.readableBytes) B inflated") }
        if let charset { parts.append(visible(charset)) }
        return parts.joined(separator: ", ")
    }
}

extension UnsafeRawBufferPointer {
    /// Whether this reads as text: UTF-8 without a NUL, as grep has it.
    package var isText: Bool { isUTF8 && !contains(0) }
}
