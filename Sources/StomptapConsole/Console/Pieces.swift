/// Octets in pieces that end at line ends where they can, small enough for the keyboard to have its turn between them.
struct Pieces: Sequence, IteratorProtocol {
    static let size = 32 << 10

    private var rest: ArraySlice<UInt8>

    init(_ octets: [UInt8]) {
        rest = octets[...]
    }

    mutating func next() -> ArraySlice<UInt8>? {
        guard !rest.isEmpty else { return nil }
        let piece = rest[..<end]
        rest = rest[end...]
        return piece
    }

    private var end: Int {
        guard rest.count > Self.size else { return rest.endIndex }
        let most = rest.startIndex + Self.size
        if let lineEnd = rest[..<most].lastIndex(of: UInt8(ascii: "\n")) { return lineEnd + 1 }
        // Not in the middle of a character.
        return rest[(most - 3)...most].lastIndex { $0 & 0xC0 != 0x80 } ?? most
    }
}
