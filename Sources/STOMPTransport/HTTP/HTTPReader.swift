import NIOCore
import NIOHTTP1

/// A part of a message that a reader returns. The bytes of all elements together are exactly the bytes received.
package enum HTTPElement: Sendable {
    /// Blank lines before a head, which are ignored (RFC 9112, section 2.2).
    case blank(ByteBuffer)
    case request(HTTPRequestHead, HTTPRawHead)
    /// A response. After an informational one (1xx), no ``end(_:)`` follows.
    case response(HTTPResponseHead, HTTPRawHead)
    /// A part of a body, as large as it arrived.
    case body(ByteBuffer)
    /// The framing of a chunked body: chunk sizes, line endings, and trailers.
    case chunkFraming(ByteBuffer, Set<HTTPFault>)
    /// The message is complete. The value is the trailers of a chunked body, if any. This element has no bytes.
    case end(HTTPHeaders?)
}

/// Parses what one side of an HTTP/1 connection sends into heads and bodies (RFC 9112). It is a value and does no I/O.
///
/// It is lenient: it reads everything that can be read and reports the faults; the caller decides what to reject.
/// The strings in heads have one scalar per byte, whatever the encoding; see ``Swift/String/init(latin1:)``.
package struct HTTPReader: Sendable {
    package enum Messages: Sendable {
        case requests, responses
    }

    /// Why the reader cannot continue.
    package enum Violation: Error, Hashable {
        case notHTTP
        /// A head or a trailer section is larger than the limit.
        case headTooLarge
        case tooManyInformationalAnswers
    }

    /// The timeout for receiving the head of a request.
    package static let requestTimeout = TimeAmount.seconds(10)
    /// The default maximum size in bytes of a head, or of trailers.
    package static let headLimit = 64 << 10
    /// The maximum size in bytes of a chunk's first line, with its extensions.
    private static let chunkLineLimit = 4 << 10
    /// The maximum size in bytes of a method.
    private static let methodLimit = 64

    private enum State: Equatable {
        case head
        /// This many bytes of the body are still to be received.
        case body(Int)
        case chunkLine
        case chunk(Int)
        case chunkEnd
        case trailers
        /// The body continues until the connection closes.
        case endlessBody
        case end(HTTPHeaders?)
        /// After a message that may switch the connection to another protocol.
        case paused
        case failed
    }

    private enum Step {
        case element(HTTPElement)
        case proceed
        /// More bytes are needed.
        case wait
    }

    private let messages: Messages
    private let headLimit: Int
    private let informationalLimit: Int
    private var state = State.head
    private var buffer = ByteBuffer()
    /// The number of bytes already searched for the end of a head, and the offset of the last line in them.
    private var searched = 0
    private var lineStart = 0
    /// Whether the reader pauses after this message.
    private var isLastMessage = false
    /// The methods of the requests without a response yet; the framing of a response depends on them.
    private var methods = CircularBuffer<HTTPMethod>()
    private var informationalBytes = 0

    /// - Parameters:
    ///   - headLimit: the maximum size in bytes of a head, or of trailers.
    ///   - informationalLimit: the maximum total size in bytes of informational responses (1xx) before a final one.
    package init(_ messages: Messages, headLimit: Int = Self.headLimit, informationalLimit: Int = .max) {
        self.messages = messages
        self.headLimit = headLimit
        self.informationalLimit = informationalLimit
    }

    /// Registers that a response to a request with this method is expected.
    package mutating func expectAnswer(to method: HTTPMethod) { methods.append(method) }

    /// Whether a response is expected.
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

    /// Whether bytes were received after the message at which the reader is paused.
    package var isHolding: Bool { state == .paused && buffer.readableBytes > 0 }

    /// Whether the reader is paused and holds so many bytes that the caller should stop reading.
    package var isFull: Bool { state == .paused && buffer.readableBytes >= headLimit }

    /// Whether part of a head has been received.
    package var isInHead: Bool { state == .head && buffer.readableBytes > 0 }

    /// Whether no message is partly received.
    package var isBetweenMessages: Bool { (state == .head || state == .paused) && buffer.readableBytes == 0 }

    /// The bytes that have not been parsed: those after the message at which the reader is paused, the start of a
    /// head, or after a violation the invalid head.
    package var rest: ByteBuffer { buffer }

    /// Continues after the message at which the reader is paused.
    package mutating func proceed() {
        if state == .paused { state = .head }
    }

    /// Stops the reader; later bytes are ignored.
    package mutating func stop() {
        state = .failed
        buffer = ByteBuffer()
    }

    /// Returns the next complete element; bodies are returned in the pieces in which they arrived.
    ///
    /// - Throws: a violation, once; after that it returns nothing.
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

    /// Handles the end of the connection: returns the end of a body that ends with it, otherwise nil.
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
        // Some clients send an extra line ending after a body (RFC 9112, section 2.2).
        let blanks = buffer.readableBytesView.prefix { $0 == 0x0A || $0 == 0x0D }.count
        if blanks > 0, searched == 0, let blank = buffer.readSlice(length: blanks) { return .element(.blank(blank)) }
        guard lineStart > 0 || mayBegin(buffer.readableBytesView) else { throw .notHTTP }
        let start = buffer.readerIndex
        guard let bytes = try readToBlankLine() else { return .wait }
        do throws(Violation) {
            let head = try HTTPRawHead(bytes)
            return .element(messages == .requests ? try request(head) : try response(head))
        } catch {
            // Keep the bytes for the trace.
            buffer.moveReaderIndex(to: start)
            throw error
        }
    }

    /// Whether these bytes may start a head. Bytes that are not HTTP must be detected without waiting for the end
    /// of a head.
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

    /// Reads up to and including the blank line that ends a head or trailers; nil if it has not arrived.
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

    /// Reads the next line: `bytes` includes the line ending, `content` does not.
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
