import NIOCore
import NIOHTTP1

/// Decodes the frames that one side of a WebSocket sends, for a proxy between the two sides. It answers nothing,
/// and reports an error only if decoding is impossible.
package struct WebSocketDissector {
    package enum Element {
        case message(ByteBuffer, isText: Bool)
        /// A ping, pong or close: the frame and its content.
        case control(Control, WireEvent.Content)
    }

    /// A control frame, which can be forwarded as a new frame with the same content.
    package struct Control {
        fileprivate let frame: WebSocketFrame

        package var payload: ByteBuffer { frame.payload }

        /// - Parameter isMasked: whether the sender is a client.
        package func bytes(isMasked: Bool) -> ByteBuffer {
            frame.bytes(maskedBy: isMasked ? .random(in: .min ... .max) : nil)
        }
    }

    private var reader: WebSocketFrameReader
    private var assembler: WebSocketMessageAssembler

    /// - Parameters:
    ///   - isFromClient: whether the frames come from the client.
    ///   - answer: the head of the 101 response that opened the WebSocket.
    ///   - limit: the maximum size of a message that is decoded, in bytes.
    /// - Throws: ``TransportError`` if the sides have agreed on an unsupported extension.
    package init(isFromClient: Bool, answer: HTTPResponseHead, limit: Int) throws(TransportError) {
        let extensions = WebSocketExtension.all(in: answer.headers)
        let compression = extensions.first.flatMap { PerMessageDeflate(answer: $0) }
        guard extensions.isEmpty || compression != nil && extensions.count == 1 else {
            throw .webSocket(.unknownExtensions(extensions.map(\.name)))
        }
        reader = WebSocketFrameReader(isServer: isFromClient, isCompressed: compression != nil, limit: limit)
        assembler = WebSocketMessageAssembler(
            limit: limit, acceptsInvalidUTF8: true,
            inflater: try compression.map { (compression) throws(TransportError) in
                try Inflater(isFromClient ? compression.client : compression.server)
            })
    }

    /// Decodes received bytes and calls `body` for each complete element.
    ///
    /// - Throws: ``TransportError`` if the bytes are not valid WebSocket frames, or a message is larger than the
    ///   limit. Nothing can be decoded after an error.
    package mutating func append(_ bytes: ByteBuffer, _ body: (Element) -> Void) throws(TransportError) {
        reader.feed(bytes)
        do throws(WebSocketViolation) {
            while let frame = try reader.next() {
                if frame.opcode.isControl {
                    body(.control(Control(frame: frame), try content(of: frame)))
                } else if let message = try assembler.append(frame) {
                    body(.message(message.bytes, isText: message.isText))
                }
            }
        } catch {
            throw error.error(by: .otherSide)
        }
    }

    private func content(of frame: WebSocketFrame) throws(WebSocketViolation) -> WireEvent.Content {
        switch frame.opcode {
        case .close: .close(try WebSocketClose(reading: frame.payload))
        case .ping: .ping
        default: .pong
        }
    }

    /// The bytes of a message in one frame.
    ///
    /// - Parameter isMasked: whether the sender is a client.
    package static func message(_ bytes: ByteBuffer, isText: Bool, isMasked: Bool) -> ByteBuffer {
        WebSocketFrame(opcode: isText ? .text : .binary, payload: bytes)
            .bytes(maskedBy: isMasked ? .random(in: .min ... .max) : nil)
    }

    /// The bytes of a close frame.
    package static func close(code: Int, reason: String, isMasked: Bool) -> ByteBuffer {
        WebSocketFrame(opcode: .close, payload: WebSocketClose(code: code, reason: reason).body)
            .bytes(maskedBy: isMasked ? .random(in: .min ... .max) : nil)
    }

    /// Removes from a client's offer the extensions that cannot be decoded: all except permessage-deflate, and
    /// that one too if `andCompression` is true.
    ///
    /// - Returns: the names of the removed extensions.
    package static func withhold(from headers: inout HTTPHeaders, andCompression: Bool) -> [String] {
        let offered = headers[canonicalForm: WebSocketExtension.header].filter { !$0.isEmpty }
        let kept = offered.filter { !andCompression && WebSocketExtension($0).name == PerMessageDeflate.name }
        guard kept.count < offered.count else { return [] }
        headers.remove(name: WebSocketExtension.header)
        if !kept.isEmpty { headers.add(name: WebSocketExtension.header, value: kept.joined(separator: ", ")) }
        return offered.map { WebSocketExtension($0).name }.filter { andCompression || $0 != PerMessageDeflate.name }
    }
}
