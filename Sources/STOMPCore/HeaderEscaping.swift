/// How header names and values are escaped, and whether leading spaces belong to a value (STOMP 1.2, "Value
/// Encoding"). STOMP 1.1 has no `\r`; 1.0 has no escapes.
public enum HeaderEscaping: Sendable, Hashable {
    /// No escapes: CONNECT and CONNECTED of every version.
    case none
    /// No escapes, and leading spaces do not belong to a value: the examples of STOMP 1.0 have one after each colon.
    case v10
    case v11
    case v12
    /// Before a version is negotiated: the escapes of 1.2 are decoded, all others stay unchanged.
    case lenient

    /// The escaping of the headers of a frame; `version` is nil before negotiation.
    public init(command: Command, version: STOMPVersion?) {
        switch (command, version) {
        case (.connect, _), (.stomp, _), (.connected, _): self = .none
        case (_, .v10): self = .v10
        case (_, .v11): self = .v11
        case (_, .v12): self = .v12
        case (_, nil): self = .lenient
        }
    }

    /// The byte that a backslash and `letter` encode; nil if this escaping does not define it.
    func unescaped(_ letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "n"): .lineFeed
        case UInt8(ascii: "c"): .colon
        case .backslash: .backslash
        case UInt8(ascii: "r") where self != .v11: .carriageReturn
        default: nil
        }
    }

    /// The letter that encodes `byte` after a backslash; nil if the byte is not escaped.
    func escaped(_ byte: UInt8) -> UInt8? {
        switch (self, byte) {
        case (.none, _), (.v10, _), (.lenient, _): nil
        case (_, .lineFeed): UInt8(ascii: "n")
        case (_, .colon): UInt8(ascii: "c")
        case (_, .backslash): .backslash
        case (.v12, .carriageReturn): UInt8(ascii: "r")
        default: nil
        }
    }

    /// Whether `bytes` may contain escapes.
    @inline(__always)
    func concerns(_ bytes: UnsafeRawBufferPointer) -> Bool {
        self != .none && self != .v10 && bytes.firstIndex(of: .backslash, in: 0..<bytes.count) != nil
    }

    /// The unescaped text. Bytes that are not UTF-8 become U+FFFD; the frame's bytes are not changed.
    func unescape(_ bytes: UnsafeRawBufferPointer) -> String {
        guard concerns(bytes) else { return String(decoding: bytes, as: UTF8.self) }
        return String(decoding: unescapedBytes(bytes), as: UTF8.self)
    }

    /// The unescaped bytes.
    func unescapedBytes(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var plain: [UInt8] = []
        plain.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if bytes[index] == .backslash, index + 1 < bytes.count, let byte = unescaped(bytes[index + 1]) {
                plain.append(byte)
                index += 2
            } else {
                plain.append(bytes[index])
                index += 1
            }
        }
        return plain
    }

    /// Whether the unescaped `bytes` are equal to `text`, byte by byte.
    @inline(__always)
    func matches(_ bytes: UnsafeRawBufferPointer, _ text: String) -> Bool {
        concerns(bytes) ? unescapedBytes(bytes).elementsEqual(text.utf8) : bytes.equals(text)
    }

    /// The range of the first backslash sequence that this escaping does not define; nil if all are defined.
    func undefinedEscape(in bytes: UnsafeRawBufferPointer) -> Range<Int>? {
        guard self == .v11 || self == .v12 else { return nil }
        var index = 0
        while let backslash = bytes.firstIndex(of: .backslash, in: index..<bytes.count) {
            index = Swift.min(backslash + 2, bytes.count)
            guard backslash + 1 < bytes.count, unescaped(bytes[backslash + 1]) != nil else {
                return backslash..<index
            }
        }
        return nil
    }
}

extension UInt8 {
    static let null: UInt8 = 0
    static let lineFeed = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let colon = UInt8(ascii: ":")
    static let backslash = UInt8(ascii: "\\")
}

/// Access to headers as bytes, for callers that must avoid a `String` for each.
extension FrameHeaders {
    /// Calls `body` with the unescaped bytes of each header's name and value, in the order of the frame.
    ///
    /// The bytes are not checked for UTF-8. They are valid only during the call.
    public func forEachBytes(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {
        frame.bytes.withUnsafeReadableBytes { bytes in
            var position = frame.headerBlock.lowerBound
            while let line = frame.headerLine(at: position, in: bytes) {
                frame.escaping.withUnescaped(bytes.slice(line.name)) { name in
                    frame.escaping.withUnescaped(bytes.slice(line.value)) { value in body(name, value) }
                }
                position = line.next
            }
        }
    }

    /// Calls `body` with the unescaped bytes of the first value of `name`, as ``forEachBytes(_:)`` does; does not
    /// call it if the header is missing.
    public func withBytes<Result>(of name: String, _ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
        withFirst(name) { value, escaping in escaping.withUnescaped(value, body) }
    }
}

extension HeaderEscaping {
    @inline(__always)
    fileprivate func withUnescaped<Result>(
        _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        guard concerns(bytes) else { return body(bytes) }
        return unescapedBytes(bytes).withUnsafeBytes(body)
    }
}
