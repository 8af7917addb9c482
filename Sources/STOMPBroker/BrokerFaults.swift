import NIOCore
import STOMPCore

/// Answers what is sent to one destination on another one, as a handler of an application does.
public struct BrokerReply: Sendable {
    /// Why a handler sends nothing.
    public enum Failure: Error, Sendable, Hashable {
        /// The body of the SEND is to be JSON, and is not, or is not said to be.
        case notJSON(contentType: String?)
        /// The body of the SEND is to be text, and is said to be something else.
        case notText(contentType: String)
        /// The body of the SEND has nothing at this path.
        case noValue(path: String)
        /// The reply would have more bytes than this.
        case tooLarge(limit: Int)
    }

    /// What is sent here is answered, and goes nowhere else.
    public var from: String
    public var to: String
    /// Makes the body of the reply to a SEND.
    public var body: @Sendable (Frame) throws(Failure) -> ByteBuffer

    public init(from: String, to: String, body: @escaping @Sendable (Frame) throws(Failure) -> ByteBuffer) {
        self.from = from
        self.to = to
        self.body = body
    }
}

/// Answers certain frames ERROR.
public struct BrokerDenial: Sendable {
    /// The frames that it is for.
    public enum Subject: Sendable, Hashable {
        case connect, subscribe, send
    }

    public var subject: Subject
    /// The `message` of the ERROR.
    public var text: String
    /// Whether a frame of the subject is denied; nil, the default, denies them all. It must not block, unless there is a
    /// `runner`.
    public var matches: (@Sendable (Frame) -> Bool)?
    /// Runs `matches` on another thread and gives the result to the second closure, on any thread; it returns at once.
    /// Until then the client's further frames wait, and all other clients go on. Nil, the default, runs it on the event
    /// loop.
    public var runner: Runner?

    /// Does some work on another thread, and calls back with its result.
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

    /// Whether frames such as this one are its subject.
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

/// How often something goes wrong that goes wrong by chance.
struct Chance {
    private var generator: SeededGenerator

    /// - Parameter seed: nil is another one each time.
    init(seed: UInt64?) { generator = SeededGenerator(seed: seed ?? .random(in: .min ... .max)) }

    /// - Parameter share: from 0, never, to 1, always.
    mutating func falls(_ share: Double) -> Bool {
        share > 0 && Double.random(in: 0..<1, using: &generator) < share
    }
}
