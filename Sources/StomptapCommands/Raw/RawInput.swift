import NIOCore
import STOMPCore
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import SystemC

/// What `raw` is to send, as it is typed or read.
final class RawInput: Sendable {
    private enum Cutter: Sendable {
        case frames(FrameCutter)
        case lines(LineCutter, TransportMessageKind)
    }

    private let descriptor: Int32
    private let name: String
    private let cutter: Shared<Cutter>
    private let isAtEnd = Shared(false)

    /// - Throws: ``Failure`` where the file is not there.
    private init(file: String?, _ cutter: Cutter) throws {
        let path = file ?? "-"
        name = path == "-" ? "stdin" : path
        descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(.noInput, "\(path): \(systemMessage(errno))") }
        self.cutter = Shared(cutter)
    }

    /// Frames as they are written.
    static func frames(_ file: String?, _ cutter: FrameCutter) throws -> RawInput {
        try RawInput(file: file, .frames(cutter))
    }

    /// A message for each line.
    static func lines(_ file: String?, _ cutter: LineCutter, as kind: TransportMessageKind) throws -> RawInput {
        try RawInput(file: file, .lines(cutter, kind))
    }

    /// What the next read brings, for this layer; nil at the end.
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
                    Diagnostics.note("\(name): the last frame ends in neither ^@ nor NUL: it is sent as it is")
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
    /// What was written by hand: a frame if it is one, and bytes otherwise.
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
