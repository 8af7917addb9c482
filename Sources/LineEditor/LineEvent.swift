/// What a person at the prompt, or a script, did.
public enum LineEvent: Sendable, Equatable {
    /// A line, without the newline that ended it. One that was pasted, or was not complete, holds newlines of its own.
    case line(String)
    /// Ctrl-C: the line being typed was cleared, and lines not yet taken from the stream are gone.
    case interrupt
    /// Ctrl-D on an empty line, or the end of the input. A `LineEditor` goes on until it is closed, unless its terminal
    /// is gone: then the stream ends.
    case endOfInput
    /// The input cannot be read any further. The stream ends after it.
    case failure(LineEditorError)
}

/// Lines and keys as they come; the end is an editor or a reader that was closed.
///
/// For one reader: two iterators share the events between them.
public struct LineEvents: AsyncSequence, Sendable {
    public typealias Element = LineEvent
    public typealias Failure = Never

    let channel: EventChannel
    /// Whoever sends the events: it goes on for as long as somebody may take them.
    let sender: any AnyObject & Sendable

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(channel: channel, sender: sender) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        let channel: EventChannel
        let sender: any AnyObject & Sendable

        /// The next event; nil at the end and when the task is cancelled.
        public mutating func next() async -> LineEvent? { await channel.next() }

        public mutating func next(isolation actor: isolated (any Actor)?) async -> LineEvent? {
            await channel.next()
        }
    }
}
