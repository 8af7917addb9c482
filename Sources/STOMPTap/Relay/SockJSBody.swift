import NIOCore
import NIOHTTP1
import STOMPTransport

/// The frames in the body of an answer of SockJS, and how they stand in it.
final class SockJSBody {
    private let carriage: SockJSPath.Carriage
    private var decoder: SockJSFrameDecoder
    /// Why nothing can be taken out of it, until that is told.
    private var obstacle: TransportError?
    private var isOver = false

    /// - Parameter limit: the most octets of a frame. Nil comes of a request that only sends.
    init?(_ carriage: SockJSPath.Carriage, headers: HTTPHeaders, limit: Int) {
        self.carriage = carriage
        switch carriage {
        case .lines, .scripts: decoder = .lines(limit: limit)
        case .events: decoder = .events(limit: limit)
        case .websocket, .sending: return nil
        }
        let encodings = headers[canonicalForm: "Content-Encoding"].filter { $0.lowercased() != "identity" }
        if let encoding = encodings.first {
            obstacle = TransportError(
                .protocolViolation, .http, "the server has compressed the answer with \(printable(encoding))")
        }
    }

    /// Whether single frames can be taken out of it, and others put into it.
    var canSift: Bool { carriage != .scripts && obstacle == nil && !isOver }

    /// Takes a piece of the body, and gives the frames that are whole. Behind a failure nothing more comes.
    func take(_ octets: ByteBuffer) -> (frames: [ByteBuffer], failure: TransportError?) {
        guard !isOver else { return ([], nil) }
        if let obstacle {
            isOver = true
            return ([], obstacle)
        }
        decoder.append(octets)
        var frames: [ByteBuffer] = []
        do throws(TransportError) {
            while let next = try decoder.next() {
                if let frame = frame(in: next) { frames.append(frame) }
            }
            return (frames, nil)
        } catch {
            isOver = true
            return (frames, error)
        }
    }

    /// The frame whose end was left out.
    func finish() -> (frames: [ByteBuffer], failure: TransportError?) {
        guard !isOver, obstacle == nil, let frame = decoder.rest.flatMap({ frame(in: $0) }) else { return ([], nil) }
        return ([frame], nil)
    }

    /// Appends a frame as it stands in the body.
    func write(_ frame: ByteBuffer, to body: inout ByteBuffer) {
        guard carriage == .events else {
            body.writeImmutableBuffer(frame)
            body.writeString("\n")
            return
        }
        body.writeString("data: ")
        // Browsers undo percent-encoding.
        for (index, piece) in frame.readableBytesView.split(
            separator: UInt8(ascii: "%"), omittingEmptySubsequences: false
        ).enumerated() {
            if index > 0 { body.writeString("%25") }
            body.writeBytes(piece)
        }
        body.writeString("\r\n\r\n")
    }

    /// The frame that a line holds: of scripts, the string that is given to a function.
    private func frame(in line: ByteBuffer) -> ByteBuffer? {
        guard carriage == .scripts else { return line }
        let octets = line.readableBytesView
        guard let start = octets.firstIndex(of: UInt8(ascii: "(")),
            octets[start...].dropFirst().first == UInt8(ascii: "\""),
            let end = octets.lastIndex(of: UInt8(ascii: ")")), end > start
        else { return nil }
        let string = Self.json(octets[(start + 1)..<end])
        let messages = string.withUnsafeReadableBytes { try? SockJSMessages(messageOrArray: $0) }
        return messages?.texts.first
    }

    /// A string of JavaScript's as one of JSON's, which lacks an escape that Spring writes: `\'`.
    private static func json(_ string: ByteBufferView) -> ByteBuffer {
        var json = ByteBuffer()
        var isEscaped = false
        for octet in string {
            let isQuote = isEscaped && octet == UInt8(ascii: "'")
            if isEscaped, !isQuote { json.writeInteger(UInt8(ascii: "\\")) }
            isEscaped = !isEscaped && octet == UInt8(ascii: "\\")
            if !isEscaped { json.writeInteger(octet) }
        }
        return json
    }

    /// The array of messages that a request sends, freed of the form that `jsonp_send` may put around it.
    static func messages(in body: ByteBuffer, headers: HTTPHeaders) -> ByteBuffer {
        let isForm = headers.first(name: "Content-Type")?.lowercased().hasPrefix("application/x-www-form-urlencoded")
        let octets = body.readableBytesView
        guard isForm == true, octets.starts(with: "d=".utf8) else { return body }
        var result = ByteBuffer()
        var index = octets.startIndex + 2
        while index < octets.endIndex {
            let octet = octets[index]
            let digits = octets[index...].dropFirst().prefix(2)
            if octet == UInt8(ascii: "%"), digits.count == 2,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            {
                result.writeInteger(value)
                index += 3
            } else {
                result.writeInteger(octet == UInt8(ascii: "+") ? UInt8(ascii: " ") : octet)
                index += 1
            }
        }
        return result
    }
}
