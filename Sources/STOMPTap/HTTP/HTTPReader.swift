import NIOCore
import NIOHTTP1

/// Takes what one end of an HTTP/1 connection sends apart into heads and bodies (RFC 9112). A value without I/O.
///
/// What passes through a tap keeps what a codec for servers or clients loses: the reason phrase, methods that nobody
/// knows, octets that are no UTF-8. Heads are strings with a scalar for each octet; see ``Swift/String/octets``.
struct HTTPReader {
    /// The most octets of a head, or of trailers.
    static let headLimit = 64 << 10
    /// The most octets of the line that begins a chunk.
    private static let chunkLineLimit = 4 << 10

    /// The most octets of a method.
    private static let methodLimit = 64

    enum Violation: Error, Equatable {
        case notHTTP
        case headTooLarge
    }

    private enum State: Equatable {
        case head
        /// So many octets of the body are to come.
        case body(Int)
        case chunkLine
        case chunk(Int)
        case chunkEnd
        case trailers
        /// The body goes on until the connection ends.
        case endlessBody
        case end
        /// Behind a message after which the connection may be no HTTP any more.
        case paused
        case failed
    }

    /// Whether requests come, and not answers.
    private let takesRequests: Bool
    private var state = State.head
    private var buffer = ByteBuffer()
    /// How many octets of the buffer have been searched in vain for the end of a head, and where its last line begins.
    private var searched = 0
    private var lineStart = 0
    /// Whether the reader pauses behind this message.
    private var isLastMessage = false
    /// The methods of the requests that are still to be answered, as the framing of an answer depends on it.
    private var methods = CircularBuffer<HTTPMethod>()

    init(takesRequests: Bool) { self.takesRequests = takesRequests }

    /// An answer to such a request is to come.
    mutating func expectAnswer(to method: HTTPMethod) { methods.append(method) }

    mutating func append(_ octets: ByteBuffer) {
        guard state != .failed else { return }
        if buffer.readableBytes == 0 {
            buffer = octets
        } else {
            buffer.discardReadBytes()
            buffer.writeImmutableBuffer(octets)
        }
    }

    /// Whether so much is held that nothing more should be read.
    var isFull: Bool { state == .paused && buffer.readableBytes >= Self.headLimit }

    /// What came behind the message that it has paused behind.
    var rest: ByteBuffer { buffer }

    /// Goes on behind the message that it has paused behind.
    mutating func goOn() {
        if state == .paused { state = .head }
    }

    /// The next part that is whole; bodies are handed on in the pieces that came.
    mutating func next() throws(Violation) -> RelayPart? {
        do throws(Violation) {
            while true {
                let before = state
                if let part = try step() { return part }
                if state == before { return nil }
            }
        } catch {
            state = .failed
            buffer = ByteBuffer()
            throw error
        }
    }

    /// What the end of the connection ends: a body that has no other end.
    mutating func finish() -> RelayPart? {
        guard state == .endlessBody else { return nil }
        state = .failed
        return .end(nil)
    }

    /// Takes one step; one that changes nothing has to wait for more.
    private mutating func step() throws(Violation) -> RelayPart? {
        switch state {
        case .head:
            return try readHead()
        case .body(let remaining):
            return readBody(remaining) { $0 > 0 ? .body($0) : .end }
        case .chunk(let remaining):
            return readBody(remaining) { $0 > 0 ? .chunk($0) : .chunkEnd }
        case .endlessBody:
            return readBody(.max) { _ in .endlessBody }
        case .chunkLine:
            guard let line = try readLine(limit: Self.chunkLineLimit, orElse: .notHTTP) else { return nil }
            let digits = String(octets: line.prefix { $0 != UInt8(ascii: ";") }.filter { $0 != 0x20 && $0 != 0x09 })
            guard digits.utf8.allSatisfy(\.isHexDigit), let size = Int(digits, radix: 16) else { throw .notHTTP }
            state = size > 0 ? .chunk(size) : .trailers
        case .chunkEnd:
            guard let line = try readLine(limit: 2, orElse: .notHTTP) else { return nil }
            guard line.isEmpty else { throw .notHTTP }
            state = .chunkLine
        case .trailers:
            guard let lines = try readLines() else { return nil }
            let trailers = try HTTPHeaders(lines: lines)
            endMessage()
            return .end(trailers.isEmpty ? nil : trailers)
        case .end:
            endMessage()
            return .end(nil)
        case .paused, .failed: break
        }
        return nil
    }

    private mutating func endMessage() {
        state = isLastMessage ? .paused : .head
        isLastMessage = false
    }

    private mutating func readBody(_ remaining: Int, _ next: (Int) -> State) -> RelayPart? {
        guard let octets = buffer.readSlice(length: min(remaining, buffer.readableBytes)), octets.readableBytes > 0
        else { return nil }
        state = next(remaining - octets.readableBytes)
        return .body(octets)
    }

    // MARK: - Heads

    private mutating func readHead() throws(Violation) -> RelayPart? {
        // Some clients end a body with an end of a line that belongs to nothing (RFC 9112, section 2.2).
        while let first = buffer.readableBytesView.first, first == 0x0A || first == 0x0D {
            buffer.moveReaderIndex(forwardBy: 1)
        }
        guard lineStart > 0 || mayBegin(buffer.readableBytesView) else { throw .notHTTP }
        guard let lines = try readLines(), let first = lines.first else { return nil }
        let headers = try HTTPHeaders(lines: lines.dropFirst())
        return takesRequests ? try request(String(octets: first), headers) : try answer(String(octets: first), headers)
    }

    /// Whether a head may begin so: what is no HTTP is to be found out without waiting for its end.
    private func mayBegin(_ octets: ByteBufferView) -> Bool {
        guard takesRequests else {
            return zip(octets, "HTTP/1.".utf8).allSatisfy { $0 == $1 }
        }
        let method = octets.prefix(Self.methodLimit).prefix { $0.isTokenOctet }
        return octets.isEmpty || !method.isEmpty && octets.dropFirst(method.count).first.map { $0 == 0x20 } ?? true
    }

    private mutating func request(_ line: String, _ headers: HTTPHeaders) throws(Violation) -> RelayPart {
        guard let method = line.firstIndex(of: " "), let target = line.lastIndex(of: " "), method < target else {
            throw .notHTTP
        }
        let head = HTTPRequestHead(
            version: try version(line[line.index(after: target)...]),
            method: HTTPMethod(rawValue: String(line[..<method])),
            uri: String(line[line.index(after: method)..<target]), headers: headers)
        guard let framing = HTTPFraming(of: head) else { throw .notHTTP }
        isLastMessage = head.asksForAnotherProtocol
        begin(framing)
        return .requestHead(head, framing)
    }

    private mutating func answer(_ line: String, _ headers: HTTPHeaders) throws(Violation) -> RelayPart {
        let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count > 1, words[1].utf8.count == 3, let code = Int(words[1]), code >= 100 else { throw .notHTTP }
        let head = HTTPResponseHead(
            version: try version(words[0]),
            status: .custom(code: UInt(code), reasonPhrase: words.count > 2 ? String(words[2]) : ""), headers: headers)
        // One of these is not the answer itself.
        let isInterim = code < 200 && code != 101
        let method = isInterim ? methods.first : methods.popFirst()
        guard let framing = HTTPFraming(of: head, to: method) else { throw .notHTTP }
        guard !isInterim else { return .responseHead(head, framing) }
        isLastMessage = head.isLast(to: method)
        begin(framing)
        return .responseHead(head, framing)
    }

    private func version(_ text: Substring) throws(Violation) -> HTTPVersion {
        switch text {
        case "HTTP/1.0": .http1_0
        case "HTTP/1.1": .http1_1
        default: throw .notHTTP
        }
    }

    private mutating func begin(_ framing: HTTPFraming) {
        switch framing {
        case .none, .length(0): state = .end
        case .length(let length): state = .body(length)
        case .chunked: state = .chunkLine
        case .untilClose: state = .endlessBody
        }
    }

    // MARK: - Lines

    /// The lines before the blank one that ends them, without their ends.
    private mutating func readLines() throws(Violation) -> [ByteBufferView]? {
        let octets = buffer.readableBytesView
        var start = octets.startIndex + lineStart
        var index = octets.startIndex + searched
        while let end = octets[index...].firstIndex(of: 0x0A) {
            let line = octets[start..<end]
            index = end + 1
            if line.isEmpty || line.elementsEqual([0x0D]) {
                guard index - octets.startIndex <= Self.headLimit else { throw .headTooLarge }
                buffer.moveReaderIndex(to: index)
                (searched, lineStart) = (0, 0)
                return octets[..<start].split(separator: 0x0A).map { $0.last == 0x0D ? $0.dropLast() : $0 }
            }
            start = index
        }
        (searched, lineStart) = (octets.count, start - octets.startIndex)
        guard octets.count <= Self.headLimit else { throw .headTooLarge }
        return nil
    }

    private mutating func readLine(limit: Int, orElse violation: Violation) throws(Violation) -> ByteBufferView? {
        let octets = buffer.readableBytesView
        guard let end = octets.prefix(limit).firstIndex(of: 0x0A) else {
            guard octets.count < limit else { throw violation }
            return nil
        }
        buffer.moveReaderIndex(to: end + 1)
        let line = octets[..<end]
        return line.last == 0x0D ? line.dropLast() : line
    }
}
