import NIOCore
import NIOPosix

/// Handwritten requests that a normal client does not send.
public enum RawExchange {
    /// Sends `request` to a port of 127.0.0.1 and returns everything received until the server closes; nil after a
    /// reset.
    ///
    /// - Parameter end: a text that ends the wait earlier, if the server keeps the connection open.
    /// - Throws: ``TestFailure`` after 240 seconds.
    public static func answer(to request: String, port: Int, until end: String? = nil) async throws -> String? {
        let client = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await withThrowingTaskGroup(of: String?.self) { group in
            group.addTask {
                try await client.executeThenClose { inbound, outbound in
                    try await outbound.write(ByteBuffer(string: request))
                    var answer = ByteBuffer()
                    do {
                        for try await var chunk in inbound {
                            answer.writeBuffer(&chunk)
                            if let end, String(buffer: answer).contains(end) { break }
                        }
                    } catch is IOError {
                        return nil
                    }
                    return String(buffer: answer)
                }
            }
            group.addTask {
                try await Task.sleep(for: .seconds(240))
                throw TestFailure("no whole answer to \(request.debugDescription)")
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    /// Returns the status line of the answer to a request with these headers; `PORT` in them is replaced by the port.
    public static func status(
        of line: String, _ headers: [String], body: String = "", port: Int
    ) async throws -> String? {
        let lines = [line] + headers + (body.isEmpty ? [] : ["Content-Length: \(body.utf8.count)"])
        let request = (lines.joined(separator: "\r\n") + "\r\n\r\n").replacing("PORT", with: "\(port)") + body
        return try await answer(to: request, port: port, until: "\r\n\r\n")?.split(separator: "\r\n").first.map(
            String.init)
    }

    /// The headers that a browser sends to open a WebSocket.
    public static let upgrade = [
        "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
}
