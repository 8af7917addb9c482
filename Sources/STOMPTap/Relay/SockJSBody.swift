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

    /// Takes a piece of the body, and gives the frames that are whole. After a failure nothing more comes.
    func take(_ octets: ByteBuffer) -> Result<[ByteBuffer], TransportError> {
        guard !isOver else { return .success([]) }
        if let obstacle {
            isOver = true
            return .failure(obstacle)
        }
        decoder.append(octets)
        var frames: [ByteBuffer] = []
        do throws(TransportError) {
            while let next = try decoder.next() {
                if let frame = frame(in: next) { frames.append(frame) }
            }
            return .success(frames)
        } catch {
            isOver = true
            return .failure(error)
        }
    }

    /// The frame whose end was left out.
    func finish() -> Result<[ByteBuffer], TransportError> {
        .success(isOver || obstacle != nil ? [] : decoder.rest.flatMap { frame(in: $0) }.map { [$0] } ?? [])
    }

    /// Appends a frame as it stands in the body.
    func write(_ frame: ByteBuffer, to body: inout ByteBuffer) {
        if carriage == .events { body.writeString("data: ") }
        body.writeImmutableBuffer(frame)
        body.writeString(carriage == .events ? "\r\n\r\n" : "\n")
    }

    /// The frame that a line holds: of scripts, the string that is given to a function.
    private func frame(in line: ByteBuffer) -> ByteBuffer? {
        guard carriage == .scripts else { return line }
        let octets = line.readableBytesView
        guard let start = octets.firstIndex(of: UInt8(ascii: "(")),
            octets[start...].dropFirst().first == UInt8(ascii: "\""),
            let end = octets.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let string = ByteBuffer(bytes: octets[(start + 1)..<end])
        let messages = string.withUnsafeReadableBytes { try? SockJSMessages(messageOrArray: $0) }
        return messages?.texts.first
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
