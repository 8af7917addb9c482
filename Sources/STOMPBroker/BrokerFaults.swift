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
    /// Whether a frame of the subject is denied; nil, the default, denies them all. It must not block.
    public var matches: (@Sendable (Frame) -> Bool)?

    public init(_ subject: Subject, text: String, matches: (@Sendable (Frame) -> Bool)? = nil) {
        self.subject = subject
        self.text = text
        self.matches = matches
    }

    /// - Parameter isOpen: whether the client is connected.
    func concerns(_ frame: Frame, isOpen: Bool) -> Bool {
        let isSubject =
            switch (subject, frame.command) {
            case (.connect, .connect), (.connect, .stomp): !isOpen
            case (.subscribe, .subscribe), (.send, .send): isOpen
            default: false
            }
        return isSubject && matches?(frame) ?? true
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
