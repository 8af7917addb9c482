/// How headers carry octets that would end them (STOMP 1.2, "Value Encoding"; STOMP 1.1 has no `\r`; 1.0 has none).
public enum HeaderEscaping: Sendable, Hashable {
    /// STOMP 1.0, and CONNECT and CONNECTED of every version.
    case none
    case v11
    case v12
    /// Before a version is agreed: what 1.2 defines is understood, anything else is left as it stands.
    case lenient

    public init(command: Command, version: STOMPVersion?) {
        switch (command, version) {
        case (.connect, _), (.stomp, _), (.connected, _), (_, .v10): self = .none
        case (_, .v11): self = .v11
        case (_, .v12): self = .v12
        case (_, nil): self = .lenient
        }
    }

    /// The octet that a backslash and `letter` stand for; nil where this escaping does not define it.
    func unescaped(_ letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "n"): .lineFeed
        case UInt8(ascii: "c"): .colon
        case .backslash: .backslash
        case UInt8(ascii: "r") where self != .v11: .carriageReturn
        default: nil
        }
    }

    /// The letter that stands for `octet` behind a backslash; nil where the octet goes as it is.
    func escaped(_ octet: UInt8) -> UInt8? {
        switch (self, octet) {
        case (.none, _), (.lenient, _): nil
        case (_, .lineFeed): UInt8(ascii: "n")
        case (_, .colon): UInt8(ascii: "c")
        case (_, .backslash): .backslash
        case (.v12, .carriageReturn): UInt8(ascii: "r")
        default: nil
        }
    }

    /// Whether `octets` may stand for others.
    @inline(__always)
    func concerns(_ octets: UnsafeRawBufferPointer) -> Bool {
        self != .none && octets.firstIndex(of: .backslash, in: 0..<octets.count) != nil
    }

    /// The text that `octets` stand for. Octets that are no UTF-8 become U+FFFD; the frame's bytes still have them.
    func unescape(_ octets: UnsafeRawBufferPointer) -> String {
        guard concerns(octets) else { return String(decoding: octets, as: UTF8.self) }
        return String(decoding: unescapedOctets(octets), as: UTF8.self)
    }

    /// The octets that `octets` stand for.
    func unescapedOctets(_ octets: UnsafeRawBufferPointer) -> [UInt8] {
        var plain: [UInt8] = []
        plain.reserveCapacity(octets.count)
        var index = 0
        while index < octets.count {
            if octets[index] == .backslash, index + 1 < octets.count, let octet = unescaped(octets[index + 1]) {
                plain.append(octet)
                index += 2
            } else {
                plain.append(octets[index])
                index += 1
            }
        }
        return plain
    }

    /// Whether `octets` stand for `text`, octet by octet.
    @inline(__always)
    func matches(_ octets: UnsafeRawBufferPointer, _ text: String) -> Bool {
        concerns(octets) ? unescapedOctets(octets).elementsEqual(text.utf8) : octets.equals(text)
    }

    /// Where the first backslash sequence stands that this escaping does not define, if there is one.
    func undefinedEscape(in octets: UnsafeRawBufferPointer) -> Range<Int>? {
        guard self == .v11 || self == .v12 else { return nil }
        var index = 0
        while let backslash = octets.firstIndex(of: .backslash, in: index..<octets.count) {
            index = Swift.min(backslash + 2, octets.count)
            guard backslash + 1 < octets.count, unescaped(octets[backslash + 1]) != nil else {
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

/// Headers as octets, for readers that cannot afford a `String` for each.
extension FrameHeaders {
    /// Calls `body` with the octets of each header's name and value, escapes undone, in the order of the frame.
    ///
    /// The octets are those that came, UTF-8 or not. They may be used during the call only.
    public func forEachOctets(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {
        frame.bytes.withUnsafeReadableBytes { octets in
            var position = frame.headerBlock.lowerBound
            while let line = frame.headerLine(at: position, in: octets) {
                frame.escaping.withUnescaped(octets.slice(line.name)) { name in
                    frame.escaping.withUnescaped(octets.slice(line.value)) { value in body(name, value) }
                }
                position = line.next
            }
        }
    }

    /// Calls `body` with the octets of the first value of `name`, as ``forEachOctets(_:)`` has them; not at all where
    /// there is no such header.
    public func withOctets<Result>(of name: String, _ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
        withFirst(name) { value, escaping in escaping.withUnescaped(value, body) }
    }
}

extension HeaderEscaping {
    @inline(__always)
    fileprivate func withUnescaped<Result>(
        _ octets: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        guard concerns(octets) else { return body(octets) }
        return unescapedOctets(octets).withUnsafeBytes(body)
    }
}
