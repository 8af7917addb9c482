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
