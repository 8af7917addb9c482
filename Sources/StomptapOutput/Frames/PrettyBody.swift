import STOMPTransport

/// A body formatted for users: JSON and XML indented, other text unchanged, anything else as a hex dump.
struct PrettyBody {
    let content: BodyContent
    /// The header `content-type`.
    let type: String?
    let style: OutputStyle
    /// The number of spaces before each line.
    let indentation: Int

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private var limit: Int { style.bodies.limit ?? .max }

    func write(to out: inout OutputBuffer) {
        content.withBytes { bytes in
            if content.isText {
                out.append(spaces: indentation)
                let mark = bytes.starts(with: Self.byteOrderMark) ? Self.byteOrderMark.count : 0
                out.append(UnsafeRawBufferPointer(rebasing: bytes[..<mark]), visible: .line)
                write(text: UnsafeRawBufferPointer(rebasing: bytes[mark...]), to: &out)
            } else {
                // If the decoded body is not text, the original was not text either.
                content.withInflated { bytes in
                    out.append(
                        dump: bytes, indentation: indentation, width: style.width,
                        limit: style.bodies.limit ?? HexDump.standardLimit, style.palette)
                }
            }
        }
        for notice in content.notices {
            out.append(spaces: indentation)
            out.paint(.aside, style.palette) { $0.append("[\(notice.sentence)]", visible: .line) }
            out.append("\n")
        }
    }

    private func write(text bytes: UnsafeRawBufferPointer, to out: inout OutputBuffer) {
        let shown: Int
        if isJSON(bytes) {
            shown = JSONIndenter(indentation: indentation, palette: style.palette).write(
                bytes, limit: limit, to: &out)
        } else if let xml = XMLIndenter(bytes) {
            shown = xml.write(indentation: indentation, limit: limit, to: &out)
        } else {
            let text = bytes.last == UInt8(ascii: "\n") ? bytes.count - 1 : bytes.count
            let range = bytes.prefix(of: 0..<text, upTo: limit)
            out.append(UnsafeRawBufferPointer(rebasing: bytes[range]), visible: .lines(indentation: indentation))
            shown = range.count == text ? bytes.count : range.count
        }
        out.append("\n")
        if shown < bytes.count {
            out.append(shown: shown, of: bytes.count, indentation: indentation, style.palette)
        }
    }

    /// Whether the body is a JSON object or array, whatever its type, or another JSON value with a JSON type.
    private func isJSON(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if JSONReader.acceptsObjectOrArray(bytes) { return true }
        return MediaType(type ?? "").isJSON && JSONReader.accepts(bytes)
    }
}

extension BodyContent.Notice {
    /// The largest part of a charset's name that is shown, as it may be anything.
    private static let longestName = 40

    var sentence: String {
        switch self {
        case .notCompressed(let encoding): "not \(encoding), despite its content-encoding"
        case .tooLarge(let compression, let limit):
            "\(compression.rawValue): not inflated: more than \(limit) B; use a larger --max-message"
        case .truncated(let compression, let size):
            "\(compression.rawValue): not inflated: ends early, after \(size) B inflated"
        case .broken(let compression, let cause): "\(compression.rawValue): not inflated: \(cause)"
        case .followed(let compression, let size): "\(compression.rawValue): \(size) B after its end are not shown"
        case .unknownCharset(let name):
            "charset \(name.prefix(Self.longestName)): unknown to iconv on this machine; use --charset NAME"
        case .notOfCharset(let name, let offset):
            "not \(name.prefix(Self.longestName)): invalid at byte \(offset)"
        case .perhaps(let charset): "perhaps \(charset): try --charset \(charset)"
        }
    }
}
