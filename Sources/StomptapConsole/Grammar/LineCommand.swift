import NIOCore
import STOMPCore
import StomptapOutput
import StomptapRuntime

/// A parsed command of `connect`.
enum LineCommand: Sendable, Equatable {
    /// Without a mode the destination decides, and messages of a queue are acknowledged when they are printed.
    case subscribe(destination: String, id: String?, ack: AckMode?, headers: HeaderList)
    /// By id, or by destination.
    case unsubscribe(String, headers: HeaderList)
    case listSubscriptions
    case send(Outgoing, LineBody)
    /// Sends a message written in the user's text editor.
    case edit(Outgoing)
    case acknowledge(MessageReference, isPositive: Bool)
    case begin(String?)
    case commit
    case abort
    case raw(LineBody)
    case ping(String)
    case close(code: Int, reason: String)
    case show(MessageRange)
    case save(String)
    case grep(BodyPattern)
    case set(LineSetting?)
    case pause
    case resume
    case status
    case reconnect
    case disconnect
    case connect(String)
    case help(String?)
    case quit
    case wait(count: Int, timeout: TimeAmount)
    case expect(BodyPattern, timeout: TimeAmount)
    case sleep(TimeAmount)

    /// The destination and headers of a message.
    struct Outgoing: Sendable, Equatable {
        var destination: String
        var headers: HeaderList = [:]
        /// Nil guesses it; an empty string means no content type.
        var contentType: String?
    }
}

/// Where the body of a command comes from.
enum LineBody: Sendable, Equatable {
    /// The text as typed.
    case text(String)
    case file(String)
}

/// Refers to a received message.
enum MessageReference: Sendable, Equatable {
    /// The last message; for `ack` the last one that is not acknowledged.
    case last
    /// Its number, as `#17` shows it.
    case number(Int)
    /// Its `ack` or `message-id` header; if no message has that header, its number without the `#`.
    case id(String)
}

/// A range of received messages.
enum MessageRange: Sendable, Equatable {
    /// The last N messages.
    case last(Int)
    case numbers(ClosedRange<Int>)
}

/// A setting of `set`.
enum LineSetting: Sendable, Equatable {
    case output(OutputName)
    case format(String)
    /// Nil uses the charset that each message declares.
    case charset(String?)
    case timestamps(TimestampStyle)
    case verbose(Int)
    case color(ColorChoice)
}

/// An error in a line, as one sentence without a full stop.
struct LineError: Error, Sendable, Equatable, CustomStringConvertible {
    var description: String
    /// Whether the text already says what would be correct, so that the usage need not be printed.
    var isHelpful: Bool

    init(_ description: String, isHelpful: Bool = false) {
        self.description = description
        self.isHelpful = isHelpful
    }
}
