import NIOCore
import STOMPCore

/// What a line of `connect` asks for.
enum LineCommand: Sendable, Equatable {
    case subscribe(destination: String, id: String?, ack: AckMode, headers: HeaderList)
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
    case grep(LinePattern)
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
    case expect(LinePattern, timeout: TimeAmount)
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
    /// Its `ack` or `message-id` header.
    case id(String)
}

/// Messages that have come.
enum MessageRange: Sendable, Equatable {
    /// The last so many.
    case last(Int)
    case numbers(ClosedRange<Int>)
}

/// A regular expression that has been compiled once, to see that it can be.
struct LinePattern: Sendable, Equatable {
    let source: String

    init(_ source: String) throws(LineError) {
        guard !source.isEmpty else { throw LineError("it wants a regular expression") }
        do {
            _ = try Regex(source)
        } catch {
            throw LineError("\(source.debugDescription) is no regular expression: \(error)")
        }
        self.source = source
    }

    /// Whether it matches somewhere in `body`; what is no UTF-8 of it is seen as U+FFFD.
    func matches(_ body: ByteBuffer) -> Bool {
        guard let regex = try? Regex(source) else { return false }
        return String(decoding: body.readableBytesView, as: UTF8.self).contains(regex)
    }
}

/// What `set` sets.
enum LineSetting: Sendable, Equatable {
    case output(OutputName)
    case format(String)
    case timestamps(TimestampStyle)
    case verbose(Int)
    case color(ColorChoice)
}

/// What is wrong with a line, in one sentence without a full stop.
struct LineError: Error, Sendable, Equatable, CustomStringConvertible {
    var description: String

    init(_ description: String) {
        self.description = description
    }
}
