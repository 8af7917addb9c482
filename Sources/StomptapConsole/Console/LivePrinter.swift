import NIOCore
import StomptapOutput
import Synchronization

/// Prints messages as they come: all of them if stdout is read by a program, and at a prompt only as many as a
/// person can read.
///
/// At a prompt it never waits: messages that are too many, or that the terminal cannot print in time, are counted
/// and summed up once a second.
final class LivePrinter: Sendable {
    /// The maximum that is printed in a second: messages, messages during a flood, and bytes. During a flood fewer
    /// messages are shown, so that the summary stays on the screen longer.
    static let legible = (messages: 40, inFlood: 8, bytes: 64 << 10)

    private struct State {
        var windowEnd = NIODeadline.distantPast
        var printed = 0
        var bytes = 0
        /// How many messages may be printed in this second.
        var allowed = LivePrinter.legible.messages
        var skipped = Skipped()
        var paused = 0
        /// How many of them stay unacknowledged until they are printed.
        var pausedUnacknowledged = 0
    }

    private let console: Console
    private let state = Mutex(State())

    init(console: Console) {
        self.console = console
    }

    /// Prints messages, or counts them.
    ///
    /// - Returns: those that were printed.
    func append(_ messages: [LoggedMessage]) async throws -> [LoggedMessage] {
        guard !console.settings.isPaused else {
            let unacknowledged = messages.count(where: \.awaitsOutput)
            state.withLock { state in
                state.paused += messages.count
                state.pausedUnacknowledged += unacknowledged
            }
            return []
        }
        // With `-o none`, a message counts as printed at a prompt; in a script 'wait' and 'expect' count it.
        guard console.showsMessages else { return console.isInteractive ? messages : [] }
        guard let editor = console.editor else {
            try await console.print(messages)
            return messages
        }
        let (legible, startsWindow) = state.withLock { state in choose(messages, &state) }
        if startsWindow { Task { await sumUp() } }
        guard !legible.isEmpty else { return [] }
        let text = console.rendered(legible)
        if let text, editor.printIfRoom(text) { return legible }
        state.withLock { state in
            // If the rendered text was too large, no more messages are rendered in this second.
            if text == nil { state.bytes = Self.legible.bytes }
            for message in legible { state.skipped.add(message) }
        }
        return []
    }

    /// Returns the number of messages that came while printing was paused, and resets it.
    func takePaused() -> (messages: Int, unacknowledged: Int) {
        state.withLock { state in
            defer { (state.paused, state.pausedUnacknowledged) = (0, 0) }
            return (state.paused, state.pausedUnacknowledged)
        }
    }

    /// Selects the messages to print, and returns whether a new second starts with them.
    private func choose(_ messages: [LoggedMessage], _ state: inout State) -> ([LoggedMessage], startsWindow: Bool) {
        let now = NIODeadline.now()
        let startsWindow = now >= state.windowEnd
        if startsWindow {
            // The last second may have ended just now.
            let isFlood = state.printed >= state.allowed && now < state.windowEnd + .seconds(1)
            state.allowed = isFlood ? Self.legible.inFlood : Self.legible.messages
            state.windowEnd = now + .seconds(1)
            state.printed = 0
            state.bytes = 0
        }
        var chosen: [LoggedMessage] = []
        for message in messages {
            let bytes = message.message.frame.bytes.readableBytes
            if state.printed < state.allowed, state.bytes + bytes <= Self.legible.bytes {
                state.printed += 1
                state.bytes += bytes
                chosen.append(message)
            } else {
                state.skipped.add(message)
            }
        }
        return (chosen, startsWindow)
    }

    /// Prints at the end of the second how many messages were not printed.
    private func sumUp() async {
        let end = state.withLock { $0.windowEnd }
        try? await Task.sleep(nanoseconds: UInt64(max(0, (end - .now()).nanoseconds)))
        let skipped = state.withLock { state in
            defer { state.skipped = Skipped() }
            return state.skipped
        }
        if let line = skipped.line { console.note(line) }
    }
}

/// Messages that were not printed.
struct Skipped: Sendable {
    /// The maximum number of destinations that are named.
    private static let named = 2

    private var count = 0
    private var bytes = 0
    private var first = 0
    private var last = 0
    private var destinations: [String] = []
    private var moreDestinations = false
    /// How many of them stay unacknowledged until they are printed.
    private var unacknowledged = 0

    mutating func add(_ logged: LoggedMessage) {
        if count == 0 { first = logged.number }
        last = logged.number
        count += 1
        if logged.awaitsOutput { unacknowledged += 1 }
        bytes += logged.message.frame.bodySize
        let headers = logged.message.headers
        guard !moreDestinations, !destinations.contains(where: { headers.has("destination", $0) }) else { return }
        if destinations.count < Self.named {
            destinations.append(logged.message.destination ?? "no destination")
        } else {
            moreDestinations = true
        }
    }

    /// `… 48,211 more messages on /topic/x in 1 s, #120 to #48330; show N|last, grep, pause`; nil if no message was
    /// skipped.
    var line: String? {
        guard count > 0 else { return nil }
        let places = destinations.joined(separator: ", ") + (moreDestinations ? " and others" : "")
        let numbers = count == 1 ? "#\(first)" : "#\(first) to #\(last)"
        let messages = count == 1 ? "1 more message" : "\(Readable.count(count)) more messages"
        let held = unacknowledged == 0 ? "" : "; \(unacknowledged) not acknowledged until shown"
        return
            "… \(messages) on \(places) in 1 s, \(ByteCount.readable(bytes)), \(numbers)\(held); show N|last, grep, pause"
    }
}
