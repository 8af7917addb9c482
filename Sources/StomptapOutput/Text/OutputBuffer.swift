/// A buffer for text that goes to a file descriptor. It writes when flushed, or when it holds enough bytes.
///
/// Memory stays bounded, however much is appended. A write error is kept until ``flush()`` throws it; until then,
/// appended text is dropped.
package struct OutputBuffer: Sendable {
    /// The number of bytes that are written without a flush.
    static let drainSize = 256 << 10

    /// The storage; its first `count` bytes are in use.
    private var storage: [UInt8]
    private var count = 0
    private let writer: Writer?
    private var failure: OutputError?

    /// A function that writes all of its input.
    package typealias Writer = @Sendable (UnsafeRawBufferPointer) throws(OutputError) -> Void

    /// - Parameter writer: the destination; nil keeps all bytes in the buffer.
    package init(to writer: DescriptorWriter? = nil) {
        self.init(into: writer?.write)
    }

    /// - Parameter writer: the destination; nil keeps all bytes in the buffer.
    package init(into writer: Writer?) {
        self.writer = writer
        storage = Array(repeating: 0, count: writer == nil ? 256 : Self.drainSize)
    }

    /// The bytes that have not been written yet.
    package var bytes: ArraySlice<UInt8> { storage[..<count] }

    /// The bytes that have not been written yet, as text.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Writes the buffered bytes.
    ///
    /// - Throws: the first write error so far; an output that failed stays failed.
    package mutating func flush() throws(OutputError) {
        drain()
        if let failure { throw failure }
    }

    private mutating func drain() {
        guard let writer, count > 0 else { return }
        let bytes = storage[..<count]
        count = 0
        bytes.withUnsafeBytes { write($0, to: writer) }
    }

    private mutating func write(_ bytes: UnsafeRawBufferPointer, to writer: Writer) {
        guard failure == nil else { return }
        do throws(OutputError) {
            try writer(bytes)
        } catch {
            failure = error
        }
    }

    @inline(never)
    private mutating func makeRoom(for needed: Int) {
        drain()
        let missing = count + needed - storage.count
        if missing > 0 { storage.append(contentsOf: repeatElement(0, count: max(missing, storage.count))) }
    }

    // MARK: Appending

    /// Lets `body` append up to `needed` bytes; it returns how many it wrote.
    @inline(__always)
    mutating func withRoom(for needed: Int, _ body: (UnsafeMutableRawPointer) -> Int) {
        if storage.count - count < needed { makeRoom(for: needed) }
        let start = count
        count += storage.withUnsafeMutableBytes { room in
            room.baseAddress.map { body($0 + start) } ?? 0
        }
    }

    @inline(__always)
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        if let writer, bytes.count > Self.drainSize / 2 {
            drain()
            write(bytes, to: writer)
            return
        }
        withRoom(for: bytes.count) { room in
            room.copyMemory(from: base, byteCount: bytes.count)
            return bytes.count
        }
    }

    package mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    @inline(__always)
    package mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Appends a literal, which is faster than a `String`.
    @inline(__always)
    package mutating func append(literal: StaticString) {
        append(UnsafeRawBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    @inline(__always)
    package mutating func append(_ byte: UInt8) {
        withRoom(for: 1) { room in
            room.storeBytes(of: byte, as: UInt8.self)
            return 1
        }
    }

    package mutating func append(_ number: Int) {
        append(String(number))
    }

    package mutating func append(spaces count: Int) {
        withRoom(for: count) { room in
            room.initializeMemory(as: UInt8.self, repeating: UInt8(ascii: " "), count: count)
            return count
        }
    }
}
