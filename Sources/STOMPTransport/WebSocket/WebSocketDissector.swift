import NIOCore
import NIOHTTP1

/// Takes apart what one side of a WebSocket sends, for somebody who stands between: nothing is answered, and only what
/// cannot be read is an error.
package struct WebSocketDissector {
    package enum Element {
        case message(ByteBuffer, isText: Bool)
        /// A ping, pong or close: the frame itself, and what it says.
        case control(Control, WireEvent.Content)
    }

    /// A control frame, to be passed on as another one that says the same.
    package struct Control {
        fileprivate let frame: WebSocketFrame

        package var payload: ByteBuffer { frame.payload }

        /// - Parameter isMasked: whether a client sends it.
        package func bytes(isMasked: Bool) -> ByteBuffer {
            frame.bytes(maskedBy: isMasked ? .random(in: .min ... .max) : nil)
        }
    }

    private var reader: WebSocketFrameReader
    private var assembler: WebSocketMessageAssembler

    /// - Parameters:
    ///   - isFromClient: whose frames come.
    ///   - answer: the head of the 101 that made the WebSocket.
    ///   - limit: the largest message that is taken apart, in bytes.
    /// - Throws: ``TransportError`` where the sides have agreed on an extension that is not known here.
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

    /// Takes what came, and tells what is whole.
    ///
    /// - Throws: ``TransportError`` where it is no WebSocket, or larger than the limit. There is nothing to be had after
    ///   that.
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

    /// A message in one frame.
    ///
    /// - Parameter isMasked: whether a client sends it.
    package static func message(_ bytes: ByteBuffer, isText: Bool, isMasked: Bool) -> ByteBuffer {
        WebSocketFrame(opcode: isText ? .text : .binary, payload: bytes)
            .bytes(maskedBy: isMasked ? .random(in: .min ... .max) : nil)
    }

    /// A close frame.
    package static func close(code: Int, reason: String, isMasked: Bool) -> ByteBuffer {
        WebSocketFrame(opcode: .close, payload: WebSocketClose(code: code, reason: reason).body)
            .bytes(maskedBy: isMasked ? .random(in: .min ... .max) : nil)
    }

    /// Takes those extensions out of a client's offer that could not be taken apart: all but permessage-deflate, and
    /// that one too where `andCompression` says so.
    ///
    /// - Returns: the names of what was withheld.
    package static func withhold(from headers: inout HTTPHeaders, andCompression: Bool) -> [String] {
        let offered = headers[canonicalForm: WebSocketExtension.header].filter { !$0.isEmpty }
        let kept = offered.filter { !andCompression && WebSocketExtension($0).name == PerMessageDeflate.name }
        guard kept.count < offered.count else { return [] }
        headers.remove(name: WebSocketExtension.header)
        if !kept.isEmpty { headers.add(name: WebSocketExtension.header, value: kept.joined(separator: ", ")) }
        return offered.map { WebSocketExtension($0).name }.filter { andCompression || $0 != PerMessageDeflate.name }
    }
}
