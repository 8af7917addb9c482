import NIOCore
import STOMPCore
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import SystemC

/// The input that `raw` sends, typed or read from a file.
final class RawInput: Sendable {
    private enum Cutter: Sendable {
        case frames(FrameCutter)
        case lines(LineCutter, TransportMessageKind)
    }

    private let descriptor: Int32
    private let name: String
    private let cutter: Shared<Cutter>
    private let isAtEnd = Shared(false)

    /// - Throws: ``Failure`` if the file does not exist.
    private init(file: String?, _ cutter: Cutter) throws {
        let path = file ?? "-"
        name = path == "-" ? "stdin" : path
        descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(.noInput, "\(path): \(systemMessage(errno))") }
        self.cutter = Shared(cutter)
    }

    /// Hand-written frames.
    static func frames(_ file: String?, _ cutter: FrameCutter) throws -> RawInput {
        try RawInput(file: file, .frames(cutter))
    }

    /// A message for each line.
    static func lines(_ file: String?, _ cutter: LineCutter, as kind: TransportMessageKind) throws -> RawInput {
        try RawInput(file: file, .lines(cutter, kind))
    }

    /// The events from the next read, for this layer; nil at the end.
    func next(_ layer: WireEvent.Layer) async throws -> [TrafficEvent]? {
        guard !isAtEnd.value else { return nil }
        let chunk = try await BlockingThread.input.run { [self] in try InputFile.read(descriptor, name: name) }
        if chunk == nil { isAtEnd.update { $0 = true } }
        do {
            return try cut(chunk, layer)
        } catch let fault as InputFault {
            throw Failure(.badInput, "\(name): line \(fault.line): \(fault.message)")
        }
    }

    private func cut(_ chunk: [UInt8]?, _ layer: WireEvent.Layer) throws -> [TrafficEvent] {
        switch cutter.value {
        case .frames(var cutter):
            self.cutter.update { $0 = .frames(FrameCutter()) }
            var pieces = try chunk.map { try cutter.feed($0) } ?? []
            if chunk == nil, let rest = try cutter.finish() {
                pieces.append(rest)
                if rest.isUnterminated {
                    Diagnostics.note("\(name): the last frame does not end with ^@ or NUL; sent unchanged")
                }
            }
            self.cutter.update { [cutter] in $0 = .frames(cutter) }
            return pieces.map { .outgoingFrame(ByteBuffer(bytes: $0.bytes), layer) }
        case .lines(var cutter, let kind):
            self.cutter.update { $0 = .lines(LineCutter(hasEscapes: false, limit: 0), kind) }
            var lines = try chunk.map { try cutter.feed($0) } ?? []
            if chunk == nil, let last = try cutter.finish() { lines.append(last) }
            self.cutter.update { [cutter] in $0 = .lines(cutter, kind) }
            return lines.map {
                TrafficEvent(.outgoing, layer, .wire(.message(isText: kind != .binary), ByteBuffer(bytes: $0)))
            }
        }
    }
}

extension TrafficEvent {
    /// Hand-written data: a frame if it is a valid one, otherwise bytes.
    fileprivate static func outgoingFrame(_ bytes: ByteBuffer, _ layer: WireEvent.Layer) -> TrafficEvent {
        var decoder = FrameDecoder(limits: FrameLimits(frame: FrameLimits.largestFrame))
        decoder.feed(bytes)
        let first = try? decoder.next()
        switch first {
        case .heartBeat where decoder.bufferedBytes == 0:
            return TrafficEvent(.outgoing, .stomp, .wire(.observedHeartBeat, ByteBuffer(string: "\n")))
        case .frame(let frame) where frame.bytes == bytes: return TrafficEvent(.outgoing, .stomp, .frame(frame))
        default: return TrafficEvent(.outgoing, layer, .wire(.bytes, bytes))
        }
    }
}

/// Splits text into lines as it arrives, one message each; a value without I/O.
struct LineCutter: Sendable {
    private let hasEscapes: Bool
    private let limit: Int
    private var unread: [UInt8] = []
    private var searched = 0
    private var lineNumber = 1

    /// - Parameters:
    ///   - hasEscapes: whether escapes such as `\r`, `\x1b` and `\0` are decoded.
    ///   - limit: the maximum length of a line, in bytes.
    init(hasEscapes: Bool, limit: Int) {
        self.hasEscapes = hasEscapes
        self.limit = limit
    }

    /// Adds text and returns the complete lines, without their line ends.
    mutating func feed(_ text: [UInt8]) throws(InputFault) -> [[UInt8]] {
        unread += text
        var lines: [[UInt8]] = []
        var start = 0
        while let end = unread[max(start, searched)...].firstIndex(of: 0x0A) {
            let line = unread[start..<end]
            lines.append(try read(line.last == 0x0D ? line.dropLast() : line))
            start = end + 1
            lineNumber += 1
        }
        unread.removeFirst(start)
        searched = unread.count
        try check(unread.count)
        return lines
    }

    /// The last line, if it has no line end.
    mutating func finish() throws(InputFault) -> [UInt8]? {
        defer { unread = [] }
        return unread.isEmpty ? nil : try read(unread[...])
    }

    private func read(_ line: ArraySlice<UInt8>) throws(InputFault) -> [UInt8] {
        try check(line.count)
        return hasEscapes ? try EscapedText.unescaped(line, number: lineNumber) : Array(line)
    }

    private func check(_ size: Int) throws(InputFault) {
        guard size > limit else { return }
        throw InputFault(
            line: lineNumber, message: "longer than \(limit) bytes; raise the limit with --max-message")
    }
}

/// Escapes for bytes that cannot be typed: `\r`, `\n`, `\t`, `\0`, `\\` and `\xNN`.
enum EscapedText {
    /// The bytes of `line`, with escapes decoded.
    ///
    /// - Parameter number: the line number, for the error.
    /// - Throws: ``InputFault`` for a backslash that does not start a known escape.
    static func unescaped(_ line: some Sequence<UInt8>, number: Int) throws(InputFault) -> [UInt8] {
        var result: [UInt8] = []
        var bytes = line.makeIterator()
        while let byte = bytes.next() {
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                continue
            }
            switch bytes.next() {
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "0"): result.append(0)
            case UInt8(ascii: "\\"): result.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "x"):
                guard let high = digit(bytes.next()), let low = digit(bytes.next()) else {
                    throw InputFault(line: number, message: "\\x needs two hexadecimal digits")
                }
                result.append(high << 4 | low)
            case let other?:
                let character = String(decoding: [other], as: UTF8.self)
                throw InputFault(line: number, message: "unknown escape \\\(character); write a backslash as \\\\")
            case nil:
                throw InputFault(line: number, message: "backslash at the end of the line; write a backslash as \\\\")
            }
        }
        return result
    }

    private static func digit(_ byte: UInt8?) -> UInt8? {
        byte.flatMap(\.hexadecimalValue)
    }
}
