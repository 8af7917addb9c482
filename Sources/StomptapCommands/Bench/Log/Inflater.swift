/// Undoes DEFLATE (RFC 1951).
struct Inflater {
    private let octets: ArraySlice<UInt8>
    private let limit: Int
    /// Where the next octet stands that no bit was taken of.
    private(set) var position: Int
    private var bits: UInt32 = 0
    private var bitCount = 0
    private var output: [UInt8] = []

    /// - Parameter limit: the most octets that are made.
    init(octets: ArraySlice<UInt8>, limit: Int) {
        self.octets = octets
        self.limit = limit
        position = octets.startIndex
    }

    /// All blocks up to the last one; nil where they are broken or would be too much.
    mutating func run() -> [UInt8]? {
        var isLast = false
        while !isLast {
            guard let last = take(1), let kind = take(2) else { return nil }
            isLast = last == 1
            let isGood =
                switch kind {
                case 0: copyStored()
                case 1: inflate(literals: .fixedLiterals, distances: .fixedDistances)
                case 2: inflateDynamic()
                default: false
                }
            guard isGood else { return nil }
        }
        return output
    }

    private mutating func take(_ count: Int) -> Int? {
        while bitCount < count {
            guard position < octets.endIndex else { return nil }
            bits |= UInt32(octets[position]) << UInt32(bitCount)
            position += 1
            bitCount += 8
        }
        defer {
            bits >>= UInt32(count)
            bitCount -= count
        }
        return Int(bits & (1 << UInt32(count) - 1))
    }

    private mutating func copyStored() -> Bool {
        bits = 0
        bitCount = 0
        guard octets.endIndex - position >= 4 else { return false }
        let length = Int(octets[position]) | Int(octets[position + 1]) << 8
        let check = Int(octets[position + 2]) | Int(octets[position + 3]) << 8
        position += 4
        guard length ^ check == 0xFFFF, octets.endIndex - position >= length, output.count + length <= limit else {
            return false
        }
        output += octets[position..<(position + length)]
        position += length
        return true
    }

    // MARK: Compressed blocks

    private static let lengthBases = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227,
        258,
    ]
    private static let lengthBits = [
        0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
    ]
    /// In which order the lengths of the codes for lengths come (section 3.2.7).
    private static let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

    private mutating func symbol(_ code: HuffmanCode) -> Int? {
        var value = 0
        var first = 0
        var index = 0
        for length in 1...HuffmanCode.longest {
            guard let bit = take(1) else { return nil }
            value |= bit
            let count = code.counts[length]
            if value - count < first { return code.symbols[index + value - first] }
            index += count
            first = (first + count) << 1
            value <<= 1
        }
        return nil
    }

    private mutating func inflate(literals: HuffmanCode, distances: HuffmanCode) -> Bool {
        while let symbol = symbol(literals) {
            switch symbol {
            case 0..<256:
                guard output.count < limit else { return false }
                output.append(UInt8(symbol))
            case 256:
                return true
            case 257..<286:
                guard let extra = take(Self.lengthBits[symbol - 257]),
                    copy(Self.lengthBases[symbol - 257] + extra, distances)
                else { return false }
            default:
                return false
            }
        }
        return false
    }

    private mutating func copy(_ length: Int, _ distances: HuffmanCode) -> Bool {
        guard let symbol = symbol(distances), symbol < 30 else { return false }
        let bits = max(0, symbol / 2 - 1)
        let base = symbol < 4 ? symbol + 1 : (2 + symbol % 2) << bits + 1
        guard let extra = take(bits), base + extra <= output.count, output.count + length <= limit else { return false }
        for _ in 0..<length { output.append(output[output.count - base - extra]) }
        return true
    }

    private mutating func inflateDynamic() -> Bool {
        guard let literals = take(5), let distances = take(5), let codes = take(4) else { return false }
        var lengths = Array(repeating: 0, count: 19)
        for index in 0..<(codes + 4) {
            guard let length = take(3) else { return false }
            lengths[Self.order[index]] = length
        }
        guard let lengthCode = HuffmanCode(lengths) else { return false }
        let wanted = literals + 257 + distances + 1
        lengths = []
        while lengths.count < wanted {
            guard let symbol = symbol(lengthCode) else { return false }
            switch symbol {
            case 0..<16: lengths.append(symbol)
            case 16:
                guard let last = lengths.last, let times = take(2) else { return false }
                lengths += Array(repeating: last, count: times + 3)
            case 17:
                guard let times = take(3) else { return false }
                lengths += Array(repeating: 0, count: times + 3)
            default:
                guard let times = take(7) else { return false }
                lengths += Array(repeating: 0, count: times + 11)
            }
        }
        guard lengths.count == wanted, let literalCode = HuffmanCode(Array(lengths[..<(literals + 257)])),
            let distanceCode = HuffmanCode(Array(lengths[(literals + 257)...]))
        else { return false }
        return inflate(literals: literalCode, distances: distanceCode)
    }
}

/// A canonical Huffman code (RFC 1951, section 3.2.2).
struct HuffmanCode {
    static let longest = 15
    /// How many codes there are of each length.
    let counts: [Int]
    /// The symbols in the order of their codes.
    let symbols: [Int]

    /// Nil where the lengths promise more codes than there can be.
    init?(_ lengths: [Int]) {
        var counts = Array(repeating: 0, count: Self.longest + 1)
        for length in lengths { counts[length] += 1 }
        counts[0] = 0
        var left = 1
        for length in 1...Self.longest {
            left = left * 2 - counts[length]
            guard left >= 0 else { return nil }
        }
        self.counts = counts
        symbols = lengths.indices.filter { lengths[$0] > 0 }.sorted { (lengths[$0], $0) < (lengths[$1], $1) }
    }

    private init(known lengths: [Int]) {
        var counts = Array(repeating: 0, count: Self.longest + 1)
        for length in lengths { counts[length] += 1 }
        self.counts = counts
        symbols = lengths.indices.sorted { (lengths[$0], $0) < (lengths[$1], $1) }
    }

    static let fixedLiterals = HuffmanCode(
        known: (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 })
    static let fixedDistances = HuffmanCode(known: Array(repeating: 5, count: 30))
}
