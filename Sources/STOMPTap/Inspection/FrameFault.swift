import NIOCore
import STOMPCore

/// A known reason why a frame is invalid or unfinished.
public enum FrameFault: Sendable, Hashable {
    /// Its `content-length` is the number of characters of its body, which has more bytes.
    case lengthInCharacters(Int, bytes: Int)
    /// Its `content-length` counts the NUL after its body.
    case lengthCountsNUL
    /// It ends with this text instead of its NUL: `\u0000`, `^@`.
    case textForNUL(String)
    /// An app has omitted only the NUL of a text message. Reported once per session.
    case missingNUL

    /// The texts that people write when they mean the byte 0.
    private static let textsForNUL = ["\\u0000", "\\u{0000}", "\\u{0}", "\\x00", "\\000", "\\0", "^@", "␀", "<NUL>"]

    /// - Parameter rest: the bytes from the start of the invalid frame on.
    init?(of error: STOMPProtocolError, in rest: ByteBuffer) {
        if let counted = LengthInCharacters(error, in: rest) {
            self = .lengthInCharacters(counted.length, bytes: counted.body.readableBytes)
        } else {
            self.init(textForNULIn: rest)
        }
    }

    init?(of frame: UnfinishedFrame, in bytes: ByteBuffer) {
        guard let bodyBytes = frame.bodyBytes else { return nil }
        if frame.contentLength == bodyBytes, bytes.readableBytesView.last == 0 {
            self = .lengthCountsNUL
        } else {
            self.init(textForNULIn: bytes)
        }
    }

    private init?(textForNULIn bytes: ByteBuffer) {
        var frame = bytes.readableBytesView
        while frame.last == 0x0A || frame.last == 0x0D { frame = frame.dropLast() }
        guard let text = Self.textsForNUL.first(where: { frame.suffix($0.utf8.count).elementsEqual($0.utf8) }) else {
            return nil
        }
        self = .textForNUL(text)
    }

    /// Removes the first line and returns it without its line end; nil if there is no complete line.
    fileprivate static func takeLine(_ rest: inout ByteBufferView) -> ByteBufferView? {
        guard let end = rest.firstIndex(of: 0x0A) else { return nil }
        let line = rest[..<end]
        rest = rest[(end + 1)...]
        return line.last == 0x0D ? line.dropLast() : line
    }
}

extension UnfinishedFrame {
    /// The destination of an unfinished frame, from the headers received so far.
    package static func destination(in frame: ByteBuffer) -> String? {
        var rest = frame.readableBytesView
        while let line = FrameFault.takeLine(&rest), !line.isEmpty {
            if line.starts(with: "destination:".utf8) {
                return String(decoding: line.dropFirst("destination:".utf8.count), as: UTF8.self)
            }
        }
        return nil
    }

    /// Whether its body is complete according to its headers, and only its NUL is missing.
    var lacksNULOnly: Bool {
        guard command != nil, let bodyBytes else { return false }
        return contentLength == nil || contentLength == bodyBytes
    }
}
