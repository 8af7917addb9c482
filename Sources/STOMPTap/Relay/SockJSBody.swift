import NIOCore
import NIOHTTP1
import STOMPTransport

/// The frames in the body of a SockJS answer, and their encoding in it. A value without I/O.
struct SockJSBody {
    /// A frame, and the line that contains it; with scripts also a line without a frame.
    struct Piece {
        var line: ByteBuffer
        var frame: ByteBuffer?
        /// The range of the frame's string in the line of a script.
        var string = 0..<0
    }

    private let path: SockJSPath
    private var decoder: SockJSFrameDecoder
    /// The reason why no frames can be extracted, until it is reported.
    private var obstacle: TransportError?
    private var isOver = false

    /// - Parameter limit: the maximum size of a frame in bytes. The result is nil for a request that only sends.
    init?(_ path: SockJSPath, headers: HTTPHeaders, limit: Int) {
        self.path = path
        switch path.carriage {
        case .lines, .scripts: decoder = .lines(limit: limit)
        case .events: decoder = .events(limit: limit)
        case .websocket, .sending: return nil
        }
        let encodings = headers[canonicalForm: "Content-Encoding"].filter { $0.lowercased() != "identity" }
        if let encoding = encodings.first {
            obstacle = .http(.compressedAnswer(encoding: String(encoding)))
        }
    }

    /// Whether single frames can be removed from it, and others inserted.
    var canSift: Bool { obstacle == nil && !isOver }

    /// Decodes a part of the body, and returns the complete pieces. No pieces follow after a failure.
    mutating func decode(_ bytes: ByteBuffer) -> (pieces: [Piece], failure: TransportError?) {
        guard !isOver else { return ([], nil) }
        if let obstacle {
            isOver = true
            return ([], obstacle)
        }
        decoder.append(bytes)
        var pieces: [Piece] = []
        do throws(TransportError) {
            while let next = try decoder.next() { pieces.append(piece(next)) }
            return (pieces, nil)
        } catch {
            isOver = true
            return (pieces, error)
        }
    }

    /// The last piece, if its end was omitted.
    func finish() -> (pieces: [Piece], failure: TransportError?) {
        guard !isOver, obstacle == nil, let rest = decoder.rest else { return ([], nil) }
        return ([piece(rest)], nil)
    }

    /// Appends the frames of a piece that pass, in place of the piece.
    func write(_ frames: [ByteBuffer], of piece: Piece, to body: inout ByteBuffer) {
        guard path.carriage == .scripts else { return frames.forEach { write($0, to: &body) } }
        if frames == [piece.frame] || piece.frame == nil {
            body.writeImmutableBuffer(piece.line)
        } else {
            let bytes = piece.line.readableBytesView
            body.writeBytes(bytes[..<piece.string.lowerBound])
            // A script without a call would count as a failure, so it gets a heart-beat.
            body.writeJSONString(frames.first ?? ByteBuffer(string: "h"))
            body.writeBytes(bytes[piece.string.upperBound...])
        }
        body.writeString("\r\n")
    }

    /// Appends a frame made by the tap.
    func write(_ frame: ByteBuffer, to body: inout ByteBuffer) {
        switch path.carriage {
        case .events:
            body.writeString("data: ")
            // Browsers decode the percent-encoding.
            body.writePercentSignsEncoded(frame)
            body.writeString("\r\n\r\n")
        case .scripts:
            body.writeString(path.callback.map { "/**/\($0)(" } ?? "<script>\np(")
            body.writeJSONString(frame)
            body.writeString(path.callback == nil ? ");\n</script>\r\n" : ");\r\n")
        case .lines, .websocket, .sending:
            body.writeImmutableBuffer(frame)
            body.writeString("\n")
        }
    }

    private func piece(_ line: ByteBuffer) -> Piece {
        guard path.carriage == .scripts else { return Piece(line: line, frame: line) }
        // The string that is passed to a function.
        let bytes = line.readableBytesView
        guard let start = bytes.firstIndex(of: UInt8(ascii: "(")),
            bytes[start...].dropFirst().first == UInt8(ascii: "\""),
            let end = bytes.lastIndex(of: UInt8(ascii: ")")), end > start
        else { return Piece(line: line) }
        let string = Self.json(bytes[(start + 1)..<end])
        let messages = string.withUnsafeReadableBytes { try? SockJSMessages(messageOrArray: $0) }
        return Piece(line: line, frame: messages?.texts.first, string: (start + 1)..<end)
    }

    /// Converts a JavaScript string to a JSON string. JSON lacks an escape that Spring writes: `\'`.
    private static func json(_ string: ByteBufferView) -> ByteBuffer {
        var json = ByteBuffer()
        var isEscaped = false
        for byte in string {
            let isQuote = isEscaped && byte == UInt8(ascii: "'")
            if isEscaped, !isQuote { json.writeInteger(UInt8(ascii: "\\")) }
            isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
            if !isEscaped { json.writeInteger(byte) }
        }
        return json
    }
}

/// The body of a request that sends messages: their array, or a form that contains it, as pages without XHR send
/// it.
struct SockJSForm {
    private let isForm: Bool

    init(_ headers: HTTPHeaders) {
        let type = headers.first(name: "Content-Type")?.lowercased()
        isForm = type?.hasPrefix("application/x-www-form-urlencoded") ?? false
    }

    /// The array in a body.
    func array(in body: ByteBuffer) -> ByteBuffer {
        let bytes = body.readableBytesView
        guard isForm, bytes.starts(with: "d=".utf8) else { return body }
        let spaced = bytes.dropFirst(2).map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }
        return PercentEncoding.decode(spaced, malformed: .stays).map { ByteBuffer(bytes: $0) } ?? body
    }

    /// A body that contains an array.
    func body(_ array: ByteBuffer) -> ByteBuffer {
        guard isForm else { return array }
        var body = ByteBuffer(string: "d=")
        body.writePercentEncoded(array.readableBytesView, keeping: PercentEncoding.isUnreserved)
        return body
    }
}
