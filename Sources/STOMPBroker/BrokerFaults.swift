import NIOCore
import STOMPCore

/// Replies on another destination to messages for a destination, as an application's handler does.
public struct BrokerReply: Sendable {
    /// Why a handler sends no reply.
    public enum Failure: Error, Sendable, Hashable {
        /// The body of the SEND must be JSON, but is not, or has another content type.
        case notJSON(contentType: String?)
        /// The body of the SEND must be text, but has another content type.
        case notText(contentType: String)
        /// The body of the SEND has no value at this path.
        case noValue(path: String)
        /// The reply would exceed this number of bytes.
        case tooLarge(limit: Int)
    }

    /// The destination of the messages to answer; they are not delivered anywhere else.
    public var from: String
    public var to: String
    /// Creates the body of the reply to a SEND.
    public var body: @Sendable (Frame) throws(Failure) -> ByteBuffer

    public init(from: String, to: String, body: @escaping @Sendable (Frame) throws(Failure) -> ByteBuffer) {
        self.from = from
        self.to = to
        self.body = body
    }
}

/// Answers certain frames with ERROR.
public struct BrokerDenial: Sendable {
    /// The frames that a denial applies to.
    public enum Subject: Sendable, Hashable {
        case connect, subscribe, send
    }

    public var subject: Subject
    /// The `message` header of the ERROR.
    public var text: String
    /// Whether a frame of the subject is denied; nil, the default, denies all of them. It must not block, unless
    /// there is a `runner`.
    public var matches: (@Sendable (Frame) -> Bool)?
    /// Runs `matches` on another thread and passes the result to the second closure, on any thread; it returns
    /// immediately. Until then further frames of this client wait; other clients are not affected. Nil, the
    /// default, runs it on the event loop.
    public var runner: Runner?

    /// Runs work on another thread, and calls back with its result.
    public typealias Runner =
        @Sendable (_ work: @escaping @Sendable () -> Bool, _ callBack: @escaping @Sendable (Bool) -> Void) -> Void

    public init(
        _ subject: Subject, text: String, matches: (@Sendable (Frame) -> Bool)? = nil, runner: Runner? = nil
    ) {
        self.subject = subject
        self.text = text
        self.matches = matches
        self.runner = runner
    }

    /// Whether the denial applies to this kind of frame.
    ///
    /// - Parameter isOpen: whether the client is connected.
    func concerns(_ frame: Frame, isOpen: Bool) -> Bool {
        switch (subject, frame.command) {
        case (.connect, .connect), (.connect, .stomp): !isOpen
        case (.subscribe, .subscribe), (.send, .send): isOpen
        default: false
        }
    }
}

/// Decides by random numbers whether a fault happens.
struct Chance {
    private var generator: SeededGenerator

    /// - Parameter seed: nil uses a new one each time.
    init(seed: UInt64?) { generator = SeededGenerator(seed: seed ?? .random(in: .min ... .max)) }

    /// - Parameter share: from 0 (never) to 1 (always).
    mutating func falls(_ share: Double) -> Bool {
        share > 0 && Double.random(in: 0..<1, using: &generator) < share
    }
}
