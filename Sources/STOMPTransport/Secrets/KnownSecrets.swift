import Synchronization

/// The secrets of this run that cannot be recognized by their context: the values that commands gave for headers,
/// and the names of these headers. They are hidden wherever they are sent, received or quoted.
package enum KnownSecrets {
    /// Shorter values are hidden only under their header's name: they would match inside ordinary words.
    private static let shortest = 8
    /// The maximum number of values; the oldest ones are dropped.
    private static let mostValues = 32

    private struct State {
        var names: [[UInt8]] = []
        var values: [[UInt8]] = []
    }

    private static let state = Mutex(State())
    /// Whether there are any. This is read for each header of each message.
    private static let areThere = Atomic(false)

    @inline(__always)
    package static var isEmpty: Bool { !areThere.load(ordering: .relaxed) }

    /// Hides the values of all headers of this name, ignoring case.
    package static func add(name: String) {
        let name = Array(name.lowercased().utf8)
        state.withLock { if !$0.names.contains(name) { $0.names.append(name) } }
        areThere.store(true, ordering: .relaxed)
    }

    /// Hides this value and each long word of it: a server may quote only the token of `Bearer TOKEN`.
    package static func add(value: String) {
        let words = value.split(separator: " ").map { Array($0.utf8) }
        state.withLock { state in
            for secret in [Array(value.utf8)] + words
            where secret.count >= shortest && !state.values.contains(secret) {
                state.values.append(secret)
            }
            state.values.removeFirst(max(0, state.values.count - mostValues))
        }
        areThere.store(true, ordering: .relaxed)
    }

    static func contains(name: UnsafeRawBufferPointer) -> Bool {
        state.withLock { state in
            state.names.contains { known in
                known.count == name.count
                    && zip(known, name).allSatisfy { $0 == $1 || (0x41...0x5A).contains($1) && $0 == $1 | 0x20 }
            }
        }
    }

    /// The length of the longest value in bytes, or 0.
    static var longest: Int { isEmpty ? 0 : state.withLock { $0.values.lazy.map(\.count).max() ?? 0 } }

    /// The number of bytes at the end that may be the start of a value, or 0.
    static func beginning(at end: UnsafeRawBufferPointer) -> Int {
        var longest = 0
        for value in state.withLock({ $0.values }) {
            var count = min(value.count - 1, end.count)
            // Fewer bytes prove nothing: they would match inside ordinary words.
            while count >= max(4, longest + 1), !end.suffix(count).elementsEqual(value.prefix(count)) { count -= 1 }
            if count >= 4 { longest = max(longest, count) }
        }
        return longest
    }

    /// The ranges of known values in `bytes`, in order and without overlap.
    package static func ranges(in bytes: UnsafeRawBufferPointer) -> [Range<Int>] {
        // Longest first, because a word is part of its value.
        let values = state.withLock { $0.values }.sorted { $0.count > $1.count }
        var found: [Range<Int>] = []
        var start = 0
        while start + shortest <= bytes.count {
            let value = values.first { value in
                bytes[start] == value[0] && bytes[start...].starts(with: value)
            }
            if let value { found.append(start..<start + value.count) }
            start += value?.count ?? 1
        }
        return found
    }
}

extension [Range<Int>] {
    /// These ranges and `others`, in order, with overlapping ranges merged.
    package func merged(with others: [Range<Int>]) -> [Range<Int>] {
        var merged: [Range<Int>] = []
        for range in (self + others).sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, range.lowerBound < last.upperBound {
                merged[merged.count - 1] = last.lowerBound..<Swift.max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        return merged
    }
}
