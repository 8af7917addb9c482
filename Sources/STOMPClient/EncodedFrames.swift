import NIOCore
import STOMPCore
import STOMPTransport

/// SEND frames that were encoded before they are sent, one behind the other: for a load, whose messages differ in a few
/// bytes only.
public struct EncodedFrames: Sendable {
    public private(set) var bytes = ByteBuffer()
    /// Where each frame ends in ``bytes``.
    public private(set) var ends: [Int] = []

    public init() {}

    public var isEmpty: Bool { ends.isEmpty }

    /// Appends a frame that ``STOMPConnection/encode(_:)`` made.
    ///
    /// - Parameters:
    ///   - template: the frame.
    ///   - write: writes over some of its bytes. It must leave it a frame: neither headers' ends nor the body's length
    ///     may change.
    @inline(__always)
    public mutating func append(_ template: ByteBuffer, _ write: (UnsafeMutableRawBufferPointer) -> Void) {
        let start = bytes.writerIndex
        bytes.writeImmutableBuffer(template)
        bytes.withUnsafeMutableReadableBytes { write(UnsafeMutableRawBufferPointer(rebasing: $0[start...])) }
        ends.append(bytes.writerIndex)
    }

    /// Takes all frames away. The room stays, where nothing that was sent still waits in it.
    public mutating func removeAll() {
        bytes.clear()
        ends.removeAll(keepingCapacity: true)
    }
}

extension STOMPConnection {
    /// The bytes of a message as ``send(_:)-(OutgoingMessage)`` would write them, without sending it and without a
    /// receipt.
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

    /// Sends frames as they are, unchecked. Returns as ``send(_:)-([OutgoingMessage])`` does.
    ///
    /// Over TCP they go in one write; elsewhere each is a message of its own.
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
        // Their buffer is not kept: it is written to again.
        sentBefore.sent(.frame(.send, destination: nil, id: nil))
        heartBeats.sent(at: eventLoop.now)
        stream.flush()
    }
}
