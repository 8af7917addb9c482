import NIOCore

@testable import STOMPTransport

/// Fuzzes SockJS frames. The first byte selects lines or events and the limit, the second the size of the pieces.
func fuzzSockJS(_ input: FuzzInput) {
    var input = input
    let choice = input.choice()
    let size = input.pieceSize()
    let whole = Envelopes([input.buffer], choice)
    precondition(Envelopes(input.pieces(of: size), choice) == whole, "the result depends on how the stream is split")

    for bytes in whole.frames + [input.buffer] { check(frame: bytes) }
    _ = try? SockJSInfo(input.buffer)
    input.buffer.withUnsafeReadableBytes { bytes in
        guard let messages = try? SockJSMessages(messageOrArray: bytes) else { return }
        check(messages)
    }
}

private struct Envelopes: Equatable {
    var frames: [ByteBuffer] = []
    var rest: ByteBuffer?
    var failed = false

    init(_ pieces: [ByteBuffer], _ choice: UInt8) {
        let limit = choice & 2 == 0 ? 1 << 16 : 20
        var decoder = choice & 1 == 0 ? SockJSFrameDecoder.lines(limit: limit) : .events(limit: limit)
        do throws(TransportError) {
            for piece in pieces {
                decoder.append(piece)
                while let frame = try decoder.next() {
                    precondition(frame.readableBytes <= limit, "a frame is longer than the limit")
                    frames.append(frame)
                }
            }
            rest = decoder.rest
        } catch {
            failed = true
        }
    }
}

private func check(frame bytes: ByteBuffer) {
    guard let frame = try? SockJSFrame(bytes) else { return }
    switch frame {
    case .open, .heartBeat, .prelude: break
    case .messages(let messages): check(messages)
    case .close(let code, let reason):
        precondition(
            (try? SockJSFrame(SockJSFrame.closing(code: code, reason: reason))) == frame, "a written close differs")
    }
}

private func check(_ messages: SockJSMessages) {
    // Text that is not UTF-8 is never sent.
    guard messages.isUTF8 else { return }
    let quoted = messages.texts.map { SockJSMessages.quoted($0) }
    precondition(
        (try? SockJSFrame(SockJSMessages.frame(of: quoted))) == .messages(messages), "written messages differ")
    for text in messages.texts {
        let pieces = SockJSMessages.quoted(text, limit: 40)
        precondition(pieces.allSatisfy { $0.readableBytes + 2 <= 40 }, "a piece is longer than the limit")
        let array = SockJSMessages.array(of: pieces)
        let again = array.withUnsafeReadableBytes { try? SockJSMessages($0) }
        var joined = ByteBuffer()
        for text in again?.texts ?? [] { joined.writeImmutableBuffer(text) }
        precondition(joined == text, "the joined pieces of a message differ")
    }
}
