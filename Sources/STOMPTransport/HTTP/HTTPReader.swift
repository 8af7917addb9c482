import NIOCore
import NIOHTTP1

/// What a reader takes off the bytes. The bytes of all elements, one after the other, are the bytes that came.
package enum HTTPElement: Sendable {
    /// Blank lines before a head, which mean nothing (RFC 9112, section 2.2).
    case blank(ByteBuffer)
    case request(HTTPRequestHead, HTTPRawHead)
    /// An answer, or an informational one (1xx), behind which no ``end(_:)`` comes.
    case response(HTTPResponseHead, HTTPRawHead)
    /// A part of a body, as much of it as has come.
    case body(ByteBuffer)
    /// What stands around the chunks of a body: their sizes, their ends, and the trailers.
    case chunkFraming(ByteBuffer, Set<HTTPFault>)
    /// The message is whole; with the trailers of a body in chunks, where it has some. It stands for no bytes.
    case end(HTTPHeaders?)
}

/// Takes apart what one end of an HTTP/1 connection sends, into heads and bodies (RFC 9112). A value without I/O.
///
/// It reads whatever can be read, and says what is wrong with it; whether that is refused is for others to decide. The
/// strings of heads have a scalar for each byte, whatever the bytes stand for; see ``Swift/String/init(latin1:)``.
package struct HTTPReader: Sendable {
    package enum Messages: Sendable {
        case requests, responses
    }

    /// Why nothing more can be read.
    package enum Violation: Error, Hashable {
        case notHTTP
        /// A head or trailers are larger than the limit.
        case headTooLarge
        case tooManyInformationalAnswers
    }

    /// How long a client may take for the head of a request.
    package static let requestTimeout = TimeAmount.seconds(10)
    /// The most bytes of a head, or of trailers, unless another limit is given.
    package static let headLimit = 64 << 10
    /// The most bytes of the line that begins a chunk, with its extensions.
    private static let chunkLineLimit = 4 << 10
    /// The most bytes of a method.
    private static let methodLimit = 64

    private enum State: Equatable {
        case head
        /// This many bytes of the body are to come.
        case body(Int)
        case chunkLine
        case chunk(Int)
        case chunkEnd
        case trailers
        /// The body goes on until the connection ends.
        case endlessBody
        case end(HTTPHeaders?)
        /// After a message after which the connection may not be HTTP any more.
        case paused
        case failed
    }

    private enum Step {
        case element(HTTPElement)
        case proceed
        /// There is too little to go on with.
        case wait
    }

    private let messages: Messages
    private let headLimit: Int
    private let informationalLimit: Int
    private var state = State.head
    private var buffer = ByteBuffer()
    /// How many bytes of the buffer have been searched in vain for the end of a head, and where its last line begins.
    private var searched = 0
    private var lineStart = 0
    /// Whether the reader pauses after this message.
    private var isLastMessage = false
    /// The methods of the requests that are still to be answered, as the framing of an answer depends on them.
    private var methods = CircularBuffer<HTTPMethod>()
    private var informationalBytes = 0

    /// - Parameters:
    ///   - headLimit: the most bytes of a head, or of trailers.
    ///   - informationalLimit: the most bytes of informational answers (1xx) before a final one.
    package init(_ messages: Messages, headLimit: Int = Self.headLimit, informationalLimit: Int = .max) {
        self.messages = messages
        self.headLimit = headLimit
        self.informationalLimit = informationalLimit
    }

    /// An answer to a request by this method is to come.
    package mutating func expectAnswer(to method: HTTPMethod) { methods.append(method) }

    /// Whether an answer is to come.
    package var expectsAnswer: Bool { !methods.isEmpty }

    package mutating func append(_ bytes: ByteBuffer) {
        guard state != .failed else { return }
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            buffer.discardReadBytes()
            buffer.writeImmutableBuffer(bytes)
        }
    }

    /// Whether something waits after the message that the reader has paused after.
    package var isHolding: Bool { state == .paused && buffer.readableBytes > 0 }

    /// Whether so much is held that nothing more should be read.
    package var isFull: Bool { state == .paused && buffer.readableBytes >= headLimit }

    /// Whether a head has begun that is not whole.
    package var isInHead: Bool { state == .head && buffer.readableBytes > 0 }

    /// Whether no message has begun that is not whole.
    package var isBetweenMessages: Bool { (state == .head || state == .paused) && buffer.readableBytes == 0 }

    /// What has come and is not taken apart: what follows the message that the reader has paused after, the beginning
    /// of a head, or after a violation what was to be a head.
    package var rest: ByteBuffer { buffer }

    /// Goes on after the message that the reader has paused after.
    package mutating func proceed() {
        if state == .paused { state = .head }
    }

    /// Takes nothing more.
    package mutating func stop() {
        state = .failed
        buffer = ByteBuffer()
    }

    /// The next element that is whole; bodies are handed on in the pieces that came.
    ///
    /// - Throws: a violation once; nothing comes after it.
    package mutating func next() throws(Violation) -> HTTPElement? {
        do throws(Violation) {
            while true {
                switch try step() {
                case .element(let element): return element
                case .proceed: continue
                case .wait: return nil
                }
            }
        } catch {
            let isInHead = state == .head
            state = .failed
            if !isInHead { buffer = ByteBuffer() }
            throw error
        }
    }

    /// What the end of the connection ends: a body that has no other end.
    package mutating func finish() -> HTTPElement? {
        guard state == .endlessBody else { return nil }
        state = .failed
        return .end(nil)
    }

    private mutating func step() throws(Violation) -> Step {
        switch state {
        case .head:
            return try readHead()
        case .body(let remaining):
            return readBody(remaining) { $0 > 0 ? .body($0) : .end(nil) }
        case .chunk(let remaining):
            return readBody(remaining) { $0 > 0 ? .chunk($0) : .chunkEnd }
        case .endlessBody:
            return readBody(.max) { _ in .endlessBody }
        case .chunkLine:
            guard let line = try readLine(limit: Self.chunkLineLimit) else { return .wait }
            var faults = line.faults
            let size = try Self.chunkSize(line.content, &faults)
            state = size > 0 ? .chunk(size) : .trailers
            return .element(.chunkFraming(line.bytes, faults))
        case .chunkEnd:
            guard let line = try readLine(limit: 2) else { return .wait }
            guard line.content.isEmpty else { throw .notHTTP }
            state = .chunkLine
            return .element(.chunkFraming(line.bytes, line.faults))
        case .trailers:
            guard let bytes = try readToBlankLine() else { return .wait }
            let fields = try HTTPFieldLines(bytes, from: bytes.readerIndex)
            state = .end(fields.headers.isEmpty ? nil : fields.headers)
            return .element(.chunkFraming(bytes, fields.faults))
        case .end(let trailers):
            endMessage()
            return .element(.end(trailers))
        case .paused, .failed:
            return .wait
        }
    }

    private mutating func endMessage() {
        state = isLastMessage ? .paused : .head
        isLastMessage = false
    }

    private mutating func readBody(_ remaining: Int, _ next: (Int) -> State) -> Step {
        guard let bytes = buffer.readSlice(length: min(remaining, buffer.readableBytes)), bytes.readableBytes > 0
        else { return .wait }
        state = next(remaining - bytes.readableBytes)
        return .element(.body(bytes))
    }

    // MARK: - Heads

    private mutating func readHead() throws(Violation) -> Step {
        // Some clients end a body with an end of a line that belongs to nothing (RFC 9112, section 2.2).
        let blanks = buffer.readableBytesView.prefix { $0 == 0x0A || $0 == 0x0D }.count
        if blanks > 0, searched == 0, let blank = buffer.readSlice(length: blanks) { return .element(.blank(blank)) }
        guard lineStart > 0 || mayBegin(buffer.readableBytesView) else { throw .notHTTP }
        let start = buffer.readerIndex
        guard let bytes = try readToBlankLine() else { return .wait }
        do throws(Violation) {
            let head = try HTTPRawHead(bytes)
            return .element(messages == .requests ? try request(head) : try response(head))
        } catch {
            // For those who want to see what it was.
            buffer.moveReaderIndex(to: start)
            throw error
        }
    }

    /// Whether a head may begin so: what is not HTTP is to be found out without waiting for its end.
    private func mayBegin(_ bytes: ByteBufferView) -> Bool {
        guard messages == .requests else { return zip(bytes, "HTTP/1.".utf8).allSatisfy { $0 == $1 } }
        let method = bytes.prefix(Self.methodLimit).prefix { $0.isTokenByte }
        return bytes.isEmpty || !method.isEmpty && bytes.dropFirst(method.count).first.map { $0 == 0x20 } ?? true
    }

    private mutating func request(_ raw: HTTPRawHead) throws(Violation) -> HTTPElement {
        guard case .request(let method, let target, let version)? = raw.startLine else { throw .notHTTP }
        var raw = raw
        let head = HTTPRequestHead(
            version: try Self.version(version), method: HTTPMethod(rawValue: method), uri: target, headers: raw.headers)
        if !head.hasValidTarget { raw.faults.insert(.invalidTarget) }
        guard let framing = HTTPFraming(of: head, &raw.faults) else { throw .notHTTP }
        raw.framing = framing
        isLastMessage = head.asksForAnotherProtocol
        startBody(framing)
        return .request(head, raw)
    }

    private mutating func response(_ raw: HTTPRawHead) throws(Violation) -> HTTPElement {
        guard case .status(let version, let code, let reason)? = raw.startLine else { throw .notHTTP }
        var raw = raw
        let head = HTTPResponseHead(
            version: try Self.version(version),
            status: .custom(code: UInt(code), reasonPhrase: reason ?? ""), headers: raw.headers)
        let method = head.isInformational ? methods.first : methods.popFirst()
        guard let framing = HTTPFraming(of: head, to: method, &raw.faults) else { throw .notHTTP }
        raw.framing = framing
        if head.isInformational {
            informationalBytes += raw.bytes.readableBytes
            guard informationalBytes <= informationalLimit else { throw .tooManyInformationalAnswers }
        } else {
            informationalBytes = 0
            isLastMessage = head.isLast(to: method)
            startBody(framing)
        }
        return .response(head, raw)
    }

    private static func version(_ text: String) throws(Violation) -> HTTPVersion {
        switch text {
        case "HTTP/1.0": .http1_0
        case "HTTP/1.1": .http1_1
        default: throw .notHTTP
        }
    }

    private mutating func startBody(_ framing: HTTPFraming) {
        switch framing {
        case .none, .length(0): state = .end(nil)
        case .length(let length): state = .body(length)
        case .chunked: state = .chunkLine
        case .untilClose: state = .endlessBody
        }
    }

    private static func chunkSize(
        _ line: ByteBufferView, _ faults: inout Set<HTTPFault>
    ) throws(Violation) -> Int {
        let word = line.prefix { $0 != UInt8(ascii: ";") }
        let digits = word.withoutBlanks
        if digits.count < word.count || line.contains(where: \.isControl) { faults.insert(.invalidChunkLine) }
        guard digits.allSatisfy(\.isHexDigit), let size = Int(String(latin1: digits), radix: 16) else {
            throw .notHTTP
        }
        return size
    }

    // MARK: - Lines

    /// The bytes up to the blank line that ends a head or trailers, and with it.
    private mutating func readToBlankLine() throws(Violation) -> ByteBuffer? {
        let bytes = buffer.readableBytesView
        var start = bytes.startIndex + lineStart
        var index = bytes.startIndex + searched
        while let end = bytes[index...].firstIndex(of: 0x0A) {
            let line = bytes[start..<end]
            index = end + 1
            start = index
            guard line.isEmpty || line.elementsEqual([0x0D]) else { continue }
            guard index - bytes.startIndex <= headLimit else { throw .headTooLarge }
            (searched, lineStart) = (0, 0)
            return buffer.readSlice(length: index - bytes.startIndex)
        }
        (searched, lineStart) = (bytes.count, start - bytes.startIndex)
        guard bytes.count <= headLimit else { throw .headTooLarge }
        return nil
    }

    /// The next line, whose bytes have its end with them, and whose content has not.
    private mutating func readLine(
        limit: Int
    ) throws(Violation) -> (bytes: ByteBuffer, content: ByteBufferView, faults: Set<HTTPFault>)? {
        let view = buffer.readableBytesView
        guard let end = view.prefix(limit).firstIndex(of: 0x0A),
            let bytes = buffer.readSlice(length: end + 1 - view.startIndex)
        else {
            guard view.count < limit else { throw .notHTTP }
            return nil
        }
        let line = bytes.readableBytesView.dropLast()
        let isBare = line.last != 0x0D
        return (bytes, isBare ? line : line.dropLast(), isBare ? [.bareLineFeed] : [])
    }
}
