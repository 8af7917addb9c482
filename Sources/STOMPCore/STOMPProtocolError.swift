import NIOCore

/// An invalid frame, or a frame that is not allowed at this point of a session, and which side caused it.
public struct STOMPProtocolError: Error, Sendable, Hashable {
    /// The side that caused the error.
    public enum Party: Sendable, Hashable {
        /// This side was asked to send what the protocol forbids; nothing was sent.
        case local
        /// The peer sent it.
        case peer
    }

    /// The side that caused the error.
    public let party: Party
    /// What is wrong.
    public let reason: Reason

    /// Creates an error.
    public init(_ party: Party, _ reason: Reason) {
        self.party = party
        self.reason = reason
    }

    /// The first bytes of a line or a value, as received.
    public struct Excerpt: Sendable, Hashable {
        /// At most 40 bytes.
        public let bytes: [UInt8]
        /// Whether more bytes follow.
        public let isCut: Bool

        /// Keeps the first 40 of these bytes.
        public init(_ bytes: some Collection<UInt8>) {
            self.bytes = Array(bytes.prefix(40))
            isCut = bytes.count > 40
        }
    }

    /// Why a frame is wrong. Cases may be added: keep a `default` in a `switch`.
    public indirect enum Reason: Sendable, Hashable {
        // Invalid frames.

        /// The first line of a frame is not a command: usually the peer speaks another protocol.
        case unknownCommand(line: Excerpt)
        /// The same for a frame that was read to its end and skipped (``FrameDecoder/skipsUnknownCommands``).
        /// `command` is the whole line.
        case skippedFrame(command: String)
        /// A CR without its LF between frames.
        case loneCarriageReturn
        /// A header line without a colon or without a name.
        case headerWithoutColon(line: Excerpt)
        case nulInHeaders(line: Excerpt)
        /// A CR inside a header line of STOMP 1.2, which escapes it as `\r`.
        case bareCarriageReturn(line: Excerpt)
        /// A backslash sequence that the version does not define.
        case undefinedEscape(Excerpt, of: Command)
        /// A `content-length` that is not a number of bytes.
        case malformedContentLength(Excerpt)
        /// The byte after `content-length` bytes of body is not NUL.
        case noNULAfterBody(contentLength: Int)
        case bodyNotAllowed(Command)
        /// The stream ended inside a frame, after this number of bytes of it.
        case truncatedFrame(after: Int)
        case notInThisVersion(Command, STOMPVersion)

        // Exceeded limits of ``FrameLimits``, in bytes or headers.

        case lineTooLong(limit: Int)
        case tooManyHeaders(limit: Int)
        case frameTooLarge(limit: Int)

        // Frames that cannot be encoded.

        case headerWithoutName(Command)
        /// A byte of a header that the version cannot encode. `name` is the whole name of the header.
        case headerCannotCarry(UInt8, name: String, of: Command, STOMPVersion?)
        /// A body with a NUL and no `content-length`.
        case nulInBody
        /// A `content-length` header that is not the body's length.
        case wrongContentLength(String, body: Int)

        // Errors at this point of a session. Identifiers and values are not shortened.

        /// A `heart-beat` header that is not two numbers of milliseconds.
        case malformedHeartBeat(String)
        /// The server chose a version that was not offered.
        case versionMismatch(chosen: String, offered: [STOMPVersion])
        case missingHeader(String, of: Command)
        case unexpectedFrame(Command, SessionStage)
        case connectAlreadySent
        /// No frame can be sent now.
        case cannotSend(SessionStage)
        case unknownSubscription(String)
        case duplicateSubscription(String)
        case unknownTransaction(String)
        case duplicateTransaction(String)
    }

    /// Whether a limit of this side was exceeded; the limit can be raised.
    public var isLimit: Bool {
        switch reason {
        case .lineTooLong, .tooManyHeaders, .frameTooLarge: true
        default: false
        }
    }

    /// The unknown command of a frame that was read to its end and skipped; otherwise nil.
    public var skippedCommand: String? {
        guard case .skippedFrame(let command) = reason else { return nil }
        return command
    }
}

/// The stage of a session.
public enum SessionStage: Sendable, Hashable {
    case beforeConnect, beforeConnected, open, afterDisconnect, over
}

extension STOMPProtocolError {
    static func missing(_ header: String, _ frame: Frame) -> STOMPProtocolError {
        STOMPProtocolError(.peer, .missingHeader(header, of: frame.command))
    }
}

extension STOMPProtocolError: CustomStringConvertible {
    /// One sentence without a full stop.
    public var description: String {
        sentence { String(decoding: $0.bytes, as: UTF8.self).debugDescription + ($0.isCut ? "..." : "") }
    }

    /// The same sentence, with frame content formatted by `quote`.
    package func sentence(quoting quote: (Excerpt) -> String) -> String {
        switch reason {
        case .unknownCommand(let line): "expected a command, got \(quote(line))"
        case .skippedFrame(let command): "unknown command \(command.debugDescription)"
        case .loneCarriageReturn: "carriage return without a line feed between frames"
        case .headerWithoutColon(let line): "expected a header line with a name and a colon, got \(quote(line))"
        case .nulInHeaders(let line): "NUL in a header line: \(quote(line))"
        case .bareCarriageReturn(let line):
            "carriage return in a header line (STOMP 1.2 escapes it as \\r): \(quote(line))"
        case .undefinedEscape(let escape, let command): "invalid escape \(quote(escape)) in a header of \(command)"
        case .malformedContentLength(let value):
            "content-length: expected a number of bytes, got \(quote(value))"
                + Self.spaceNote(value.bytes, isCut: value.isCut)
        case .noNULAfterBody(let length): "content-length is \(length), but no NUL follows a body of that length"
        case .bodyNotAllowed(let command): "a \(command) frame must not have a body"
        case .truncatedFrame(let count): "the stream ended in the middle of a frame, after \(count) bytes of it"
        case .notInThisVersion(let command, let version): "STOMP \(version) has no \(command)"
        case .lineTooLong(let limit): "a line of a frame is longer than \(limit) bytes"
        case .tooManyHeaders(let limit): "a frame has more than \(limit) headers"
        case .frameTooLarge(let limit):
            party == .peer
                ? "a frame is larger than the limit of \(limit) bytes"
                : "the frame would be larger than \(limit) bytes"
        case .headerWithoutName(let command): "a header of \(command) has no name"
        case .headerCannotCarry(let byte, let name, let command, let version):
            Self.cannotCarry(byte, "the header \(name.debugDescription) of \(command)", command, version)
        case .nulInBody: "the body contains NUL, which requires a content-length header"
        case .wrongContentLength(let value, let length):
            "content-length is \(value), but the body has \(length) bytes"
        case .malformedHeartBeat(let value):
            "heart-beat: expected two numbers of milliseconds, got \(value.debugDescription)"
                + Self.spaceNote(value.utf8)
        case .versionMismatch(let chosen, let offered):
            "the server chose STOMP \(chosen.debugDescription), which was not offered (offered: "
                + "\(offered.map(\.rawValue).joined(separator: ", ")))"
        case .missingHeader(let header, let command): "a \(command) frame has no \(header) header"
        case .unexpectedFrame(let command, let stage): "unexpected \(command) \(stage.words)"
        case .connectAlreadySent: "CONNECT was already sent"
        case .cannotSend(let stage): "cannot send \(stage.words)"
        case .unknownSubscription(let id): "unknown subscription id \(id.debugDescription)"
        case .duplicateSubscription(let id): "subscription id \(id.debugDescription) is already in use"
        case .unknownTransaction(let id): "unknown transaction id \(id.debugDescription)"
        case .duplicateTransaction(let id): "transaction id \(id.debugDescription) is already in use"
        }
    }

    /// A note that a value has a space at its start or end, which is easy to miss: from STOMP 1.1 on, it is part
    /// of the value.
    private static func spaceNote(_ value: some BidirectionalCollection<UInt8>, isCut: Bool = false) -> String {
        let space = UInt8(ascii: " ")
        if value.first == space { return "; the space at the start is part of the value" }
        return value.last == space && !isCut ? "; the space at the end is part of the value" : ""
    }

    private static func cannotCarry(
        _ byte: UInt8, _ holder: String, _ command: Command, _ version: STOMPVersion?
    ) -> String {
        let what =
            switch byte {
            case .null: "contains NUL"
            case .lineFeed: "contains a line feed"
            case .carriageReturn: "contains a carriage return"
            default: "has a colon in its name"
            }
        guard byte != .null else { return "\(holder) \(what), which no STOMP version allows" }
        let isBare = HeaderEscaping(command: command, version: .v12) == .none
        let carrier = isBare ? "\(command)" : version.map { "STOMP \($0)" } ?? "this frame"
        return "\(holder) \(what), which \(carrier) does not allow"
    }
}

extension SessionStage {
    fileprivate var words: String {
        switch self {
        case .beforeConnect: "before CONNECT"
        case .beforeConnected: "before CONNECTED"
        case .open: "in an open session"
        case .afterDisconnect: "after DISCONNECT"
        case .over: "after the end of the session"
        }
    }
}

/// A `content-length` that counts characters instead of bytes.
public struct LengthInCharacters: Sendable, Hashable {
    /// The value of `content-length`.
    public let length: Int
    /// The whole body.
    public let body: ByteBuffer

    /// - Parameters:
    ///   - error: why a frame was rejected.
    ///   - frame: the received part of that frame.
    /// - Returns: nil if the error has another cause, or the end of the frame was not received.
    public init?(_ error: STOMPProtocolError, in frame: ByteBuffer) {
        guard case .noNULAfterBody(let length) = error.reason else { return nil }
        let bytes = frame.readableBytesView
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: .lineFeed) {
            let line = bytes[start..<end]
            start = end + 1
            if line.isEmpty || line.elementsEqual([.carriageReturn]) { break }
        }
        guard let end = bytes[start...].firstIndex(of: .null) else { return nil }
        // `length` in JavaScript and Java counts UTF-16 units; Python's `len` counts code points.
        let text = String(decoding: bytes[start..<end], as: UTF8.self)
        guard text.utf16.count == length || text.unicodeScalars.count == length else { return nil }
        self.length = length
        body = ByteBuffer(bytes: bytes[start..<end])
    }
}
