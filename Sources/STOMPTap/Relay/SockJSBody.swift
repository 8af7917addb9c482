import NIOCore
import NIOHTTP1
import STOMPTransport

/// The frames in the body of an answer of SockJS, and how they stand in it. A value without I/O.
struct SockJSBody {
    /// A frame, and the line that it stands in; of scripts also a line that holds none.
    struct Piece {
        var line: ByteBuffer
        var frame: ByteBuffer?
        /// Where in the line of a script the string stands that is the frame.
        var string = 0..<0
    }

    private let path: SockJSPath
    private var decoder: SockJSFrameDecoder
    /// Why nothing can be taken out of it, until that is reported.
    private var obstacle: TransportError?
    private var isOver = false

    /// - Parameter limit: the most bytes of a frame. Nil comes of a request that only sends.
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

    /// Whether single frames can be taken out of it, and others put into it.
    var canSift: Bool { obstacle == nil && !isOver }

    /// Takes a part of the body, and gives the pieces that are whole. Behind a failure nothing more comes.
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

    /// The piece whose end was left out.
    func finish() -> (pieces: [Piece], failure: TransportError?) {
        guard !isOver, obstacle == nil, let rest = decoder.rest else { return ([], nil) }
        return ([piece(rest)], nil)
    }

    /// Appends those frames in a piece's place that pass of it.
    func write(_ frames: [ByteBuffer], of piece: Piece, to body: inout ByteBuffer) {
        guard path.carriage == .scripts else { return frames.forEach { write($0, to: &body) } }
        if frames == [piece.frame] || piece.frame == nil {
            body.writeImmutableBuffer(piece.line)
        } else {
            let bytes = piece.line.readableBytesView
            body.writeBytes(bytes[..<piece.string.lowerBound])
            // A script that calls nothing would count as a failure: a heart-beat says nothing.
            body.writeJSONString(frames.first ?? ByteBuffer(string: "h"))
            body.writeBytes(bytes[piece.string.upperBound...])
        }
        body.writeString("\r\n")
    }

    /// Appends a frame of the tap's own.
    func write(_ frame: ByteBuffer, to body: inout ByteBuffer) {
        switch path.carriage {
        case .events:
            body.writeString("data: ")
            // Browsers undo percent-encoding.
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
        // The string that is given to a function.
        let bytes = line.readableBytesView
        guard let start = bytes.firstIndex(of: UInt8(ascii: "(")),
            bytes[start...].dropFirst().first == UInt8(ascii: "\""),
            let end = bytes.lastIndex(of: UInt8(ascii: ")")), end > start
        else { return Piece(line: line) }
        let string = Self.json(bytes[(start + 1)..<end])
        let messages = string.withUnsafeReadableBytes { try? SockJSMessages(messageOrArray: $0) }
        return Piece(line: line, frame: messages?.texts.first, string: (start + 1)..<end)
    }

    /// A string of JavaScript's as one of JSON's, which lacks an escape that Spring writes: `\'`.
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

/// The body of a request that sends messages: their array, or a form around it, as pages without XHR send one.
struct SockJSForm {
    private let isForm: Bool

    init(_ headers: HTTPHeaders) {
        let type = headers.first(name: "Content-Type")?.lowercased()
        isForm = type?.hasPrefix("application/x-www-form-urlencoded") ?? false
    }

    /// The array that a body holds.
    func array(in body: ByteBuffer) -> ByteBuffer {
        let bytes = body.readableBytesView
        guard isForm, bytes.starts(with: "d=".utf8) else { return body }
        let spaced = bytes.dropFirst(2).map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }
        return PercentEncoding.decode(spaced, malformed: .stays).map { ByteBuffer(bytes: $0) } ?? body
    }

    /// A body that holds an array.
    func body(_ array: ByteBuffer) -> ByteBuffer {
        guard isForm else { return array }
        var body = ByteBuffer(string: "d=")
        body.writePercentEncoded(array.readableBytesView, keeping: PercentEncoding.isUnreserved)
        return body
    }
}
