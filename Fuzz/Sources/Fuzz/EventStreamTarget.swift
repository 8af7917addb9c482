import NIOCore
import STOMPTransport

/// Fuzzes the decoder of server-sent events. The first byte selects the limit, the second the size of the pieces.
func fuzzEventStream(_ input: FuzzInput) {
    var input = input
    let limit = input.choice() & 1 == 0 ? 1 << 16 : 20
    let size = input.pieceSize()
    let whole = Events([input.buffer], limit)
    precondition(Events(input.pieces(of: size), limit) == whole, "the result depends on how the stream is split")

    for event in whole.events {
        precondition(
            event.data.readableBytes + event.id.utf8.count <= limit, "an event is longer than the limit")
        precondition(
            Events([written(event)], 1 << 20).events == [event], "a written event is parsed differently")
    }
}

private struct Events: Equatable {
    var events: [ServerSentEvent] = []
    var retry: Int?
    var lastEventID = ""
    var failed = false

    init(_ pieces: [ByteBuffer], _ limit: Int) {
        var decoder = ServerSentEventDecoder(limit: limit)
        do throws(TransportError) {
            for piece in pieces {
                decoder.append(piece)
                while let event = try decoder.next() { events.append(event) }
            }
            // After a failure these values are not used.
            retry = decoder.retry
            lastEventID = decoder.lastEventID
        } catch {
            failed = true
        }
    }
}

private func written(_ event: ServerSentEvent) -> ByteBuffer {
    var bytes = ByteBuffer(string: "event: \(event.event)\nid: \(event.id)\n")
    for line in event.data.readableBytesView.split(separator: 0x0A, omittingEmptySubsequences: false) {
        bytes.writeString("data: ")
        bytes.writeBytes(line)
        bytes.writeString("\n")
    }
    bytes.writeString("\n")
    return bytes
}
