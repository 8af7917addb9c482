import NIOCore
import STOMPCore
import StomptapOutput
import StomptapRuntime

/// What a line of `connect` asks for.
enum LineCommand: Sendable, Equatable {
    /// Without a mode the destination decides, and messages of a queue are acknowledged as they are printed.
    case subscribe(destination: String, id: String?, ack: AckMode?, headers: HeaderList)
    /// By id, or by destination.
    case unsubscribe(String, headers: HeaderList)
    case listSubscriptions
    case send(Outgoing, LineBody)
    /// Send what is written in the person's text editor.
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

    /// Where a message goes, and with what headers.
    struct Outgoing: Sendable, Equatable {
        var destination: String
        var headers: HeaderList = [:]
        /// Nil guesses; an empty one is none.
        var contentType: String?
    }
}

/// Where the body of a line stands.
enum LineBody: Sendable, Equatable {
    /// As it was typed.
    case text(String)
    case file(String)
}

/// A message that has come.
enum MessageReference: Sendable, Equatable {
    /// The last one, or for `ack` the last one that waits for it.
    case last
    /// Its number, as `#17` shows it.
    case number(Int)
    /// Its `ack` or `message-id` header or, where none has it, its number without the `#`.
    case id(String)
}

/// Messages that have come.
enum MessageRange: Sendable, Equatable {
    /// The last so many.
    case last(Int)
    case numbers(ClosedRange<Int>)
}

/// What `set` sets.
enum LineSetting: Sendable, Equatable {
    case output(OutputName)
    case format(String)
    /// Nil is the one that each message names.
    case charset(String?)
    case timestamps(TimestampStyle)
    case verbose(Int)
    case color(ColorChoice)
}

/// What is wrong with a line, in one sentence without a full stop.
struct LineError: Error, Sendable, Equatable, CustomStringConvertible {
    var description: String
    /// Whether it says what would be right, so that nobody needs the usage as well.
    var isHelpful: Bool

    init(_ description: String, isHelpful: Bool = false) {
        self.description = description
        self.isHelpful = isHelpful
    }
}
