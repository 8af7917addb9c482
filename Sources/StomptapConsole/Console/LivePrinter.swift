import NIOCore
import StomptapOutput
import Synchronization

/// Prints messages as they come: all of them for a program, and for a person at a prompt as many as can be read.
///
/// At a prompt it never waits: what is too much, or what the terminal does not take in time, is counted and summed up
/// once a second.
final class LivePrinter: Sendable {
    /// What a person can follow in a second: messages, and bytes of them together. Once there are more, fewer are shown:
    /// what was summed up should stay on the screen for a while.
    static let legible = (messages: 40, inFlood: 8, bytes: 64 << 10)

    private struct State {
        var windowEnd = NIODeadline.distantPast
        var printed = 0
        var bytes = 0
        /// How many may be printed in this second.
        var allowed = LivePrinter.legible.messages
        var skipped = Skipped()
        var paused = 0
        /// Those of them that stay unacknowledged until they are printed.
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
        // A person who has nothing printed has them counted; a script counts by 'wait' and 'expect'.
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
            // What is more than its messages let expect is not made a second time in this second.
            if text == nil { state.bytes = Self.legible.bytes }
            for message in legible { state.skipped.add(message) }
        }
        return []
    }

    /// How many messages came while printing was paused; none from now on.
    func takePaused() -> (messages: Int, unacknowledged: Int) {
        state.withLock { state in
            defer { (state.paused, state.pausedUnacknowledged) = (0, 0) }
            return (state.paused, state.pausedUnacknowledged)
        }
    }

    /// Those that are printed, and whether a second begins with them.
    private func choose(_ messages: [LoggedMessage], _ state: inout State) -> ([LoggedMessage], startsWindow: Bool) {
        let now = NIODeadline.now()
        let startsWindow = now >= state.windowEnd
        if startsWindow {
            // The second before may be just over.
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

    /// Tells at the end of the second what was not printed in it.
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
    /// How many destinations are named.
    private static let named = 2

    private var count = 0
    private var bytes = 0
    private var first = 0
    private var last = 0
    private var destinations: [String] = []
    private var moreDestinations = false
    /// Those that stay unacknowledged until they are printed.
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

    /// `… 48,211 more messages on /topic/x in 1 s, #120 to #48330; show N|last, grep, pause`; nil where there is nothing
    /// to tell.
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
