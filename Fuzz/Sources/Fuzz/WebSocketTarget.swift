import NIOCore

@testable import STOMPTransport

/// Fuzzes the WebSocket frame reader, the message assembler and zlib. The first byte selects whether a client or a
/// server reads, whether messages may be compressed or have invalid UTF-8, and the limit; the second the size of
/// the pieces.
func fuzzWebSocket(_ input: FuzzInput) {
    var input = input
    let choice = input.choice()
    let size = input.pieceSize()
    let whole = Received([input.buffer], choice)
    precondition(Received(input.pieces(of: size), choice) == whole, "the result depends on how the stream is split")

    for frame in whole.frames {
        let again = Received([frame.bytes(maskedBy: whole.isServer ? 0x1234_5678 : nil)], choice)
        precondition(again.frames == [frame], "a written frame is parsed differently")
        guard frame.opcode == .close, let close = try? WebSocketClose(reading: frame.payload) else { continue }
        precondition((try? WebSocketClose(reading: close.body)) == close, "a written close is parsed differently")
    }
    for message in whole.messages {
        precondition(message.bytes.readableBytes <= whole.limit, "a message is larger than the limit")
        // An empty message is sent uncompressed.
        if message.bytes.readableBytes > 0 { compress(message.bytes, choice) }
    }
}

private struct Received: Equatable {
    let isServer: Bool
    let limit: Int
    var frames: [WebSocketFrame] = []
    var messages: [WebSocketMessageAssembler.Message] = []
    var violation: WebSocketViolation?

    init(_ pieces: [ByteBuffer], _ choice: UInt8) {
        isServer = choice & 1 != 0
        limit = choice & 8 == 0 ? 1 << 16 : 100
        let inflater = choice & 2 == 0 ? nil : try? Inflater(sender(choice))
        var reader = WebSocketFrameReader(isServer: isServer, isCompressed: inflater != nil, limit: limit)
        var assembler = WebSocketMessageAssembler(
            limit: limit, acceptsInvalidUTF8: choice & 4 != 0, inflater: inflater)
        do throws(WebSocketViolation) {
            for piece in pieces {
                reader.feed(piece)
                while let frame = try reader.next() {
                    frames.append(frame)
                    guard !frame.opcode.isControl, let message = try assembler.append(frame) else { continue }
                    messages.append(message)
                }
            }
        } catch {
            violation = error
        }
    }
}

private func sender(_ choice: UInt8) -> PerMessageDeflate.Sender {
    var sender = PerMessageDeflate.Sender()
    sender.keepsContext = choice & 16 == 0
    sender.windowBits = choice & 32 == 0 ? 15 : 9
    return sender
}

/// Checks that compressed data is unchanged after it is inflated, twice with the same context.
private func compress(_ bytes: ByteBuffer, _ choice: UInt8) {
    guard let deflater = try? Deflater(sender(choice)), let inflater = try? Inflater(sender(choice)) else { return }
    for _ in 0..<2 {
        var result = ByteBuffer()
        do {
            try inflater.inflate(deflater.deflate(bytes), onto: &result, limit: bytes.readableBytes)
            try inflater.finish(&result, limit: bytes.readableBytes)
        } catch {
            fatalError("compressed data cannot be inflated: \(error)")
        }
        precondition(result == bytes, "compressed data is inflated to other data")
    }
}
