import NIOCore
import STOMPCore
import STOMPTransport

/// SEND frames that are encoded before they are sent, one after another: for load tests, whose messages differ in a
/// few bytes only.
public struct EncodedFrames: Sendable {
    /// The frames, one after another.
    public private(set) var bytes = ByteBuffer()
    /// The end offset of each frame in ``bytes``.
    public private(set) var ends: [Int] = []

    /// Creates an empty list.
    public init() {}

    /// Whether there are no frames.
    public var isEmpty: Bool { ends.isEmpty }

    /// Appends a frame that ``STOMPConnection/encode(_:)`` made.
    ///
    /// - Parameters:
    ///   - template: the frame.
    ///   - write: overwrites some of its bytes. The result must be a valid frame: header line ends and the body's
    ///     length must not change.
    @inline(__always)
    public mutating func append(_ template: ByteBuffer, _ write: (UnsafeMutableRawBufferPointer) -> Void) {
        let start = bytes.writerIndex
        bytes.writeImmutableBuffer(template)
        bytes.withUnsafeMutableReadableBytes { write(UnsafeMutableRawBufferPointer(rebasing: $0[start...])) }
        ends.append(bytes.writerIndex)
    }

    /// Removes all frames. Keeps the memory if no sent data still uses it.
    public mutating func removeAll() {
        bytes.clear()
        ends.removeAll(keepingCapacity: true)
    }
}

extension STOMPConnection {
    /// The bytes that ``send(_:)-(OutgoingMessage)`` would send for a message without a receipt; nothing is sent.
    ///
    /// - Throws: ``STOMPClientError``.
    public func encode(_ message: OutgoingMessage) throws -> ByteBuffer {
        do throws(STOMPProtocolError) {
            return try core.machine.session.send(
                to: message.destination, headers: message.headers, body: message.body,
                contentLength: message.contentLength, transaction: message.transaction
            ).bytes
        } catch {
            throw STOMPClientError.sending(error)
        }
    }

    /// Sends frames unchanged and unchecked. Returns when ``send(_:)-([OutgoingMessage])`` would.
    ///
    /// Over TCP they are one write; over other transports each frame is one message.
    ///
    /// - Throws: ``STOMPClientError``.
    public func send(_ frames: EncodedFrames) async throws {
        try core.send(frames)
        try await core.writable()?.get()
    }
}

extension ConnectionCore {
    fileprivate func send(_ frames: EncodedFrames) throws(STOMPClientError) {
        try machine.checkOpen()
        if stream.description.keepsMessages || trace.wants(.frames) {
            var start = 0
            for end in frames.ends {
                guard let frame = frames.bytes.getSlice(at: start, length: end - start) else { break }
                trace.record(.frames) {
                    WireEvent(.stomp, .outgoing, .frames, .frame(command: Command.send.rawValue), bytes: frame)
                }
                write(frame)
                start = end
            }
        } else {
            write(frames.bytes)
        }
        // Does not keep their buffer, because it is written to again.
        sentBefore.sent(.frame(.send, destination: nil, id: nil))
        heartBeats.sent(at: eventLoop.now)
        stream.flush()
    }
}
