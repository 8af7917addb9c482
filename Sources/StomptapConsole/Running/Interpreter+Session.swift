import NIOCore
import STOMPClient
import STOMPCore
import STOMPTransport
import StomptapOutput
import StomptapRuntime

extension Interpreter {
    // MARK: Subscriptions

    func subscribe(to destination: String, id: String?, ack: AckMode?, headers: HeaderList) async throws {
        let connection = try await connection()
        let (id, confirmation) = try await link.subscribe(to: destination, id: id, ack: ack, headers: headers)
        switch confirmation {
        case .confirmed: console.note("subscribed to \(destination) as \(id)")
        case .assumed:
            console.note("subscribed to \(destination) as \(id) (unconfirmed: this server sends no receipts)")
        case .unconfirmed: connection.warnUnconfirmed(destination)
        }
        guard console.isInteractive else { return }
        Task {
            try await Task.sleep(nanoseconds: UInt64(QuietHint.timeout.nanoseconds))
            let isThere = link.view.subscriptions.contains { $0.id == id && $0.destination == destination }
            guard isThere, log.tally(of: id) == nil, let hint = await quietHint(of: [id]) else { return }
            console.note(hint.line)
        }
    }

    /// Why no messages come on these subscriptions; nil if there is no session, or if messages came.
    private func quietHint(of ids: [String]) async -> QuietHint? {
        guard let connection = try? link.connection() else { return nil }
        let subscriptions = link.view.subscriptions.filter { ids.contains($0.id) }
        guard !subscriptions.isEmpty, subscriptions.allSatisfy({ log.tally(of: $0.id) == nil }) else {
            return nil
        }
        return await QuietHint(
            destinations: subscriptions.map(\.destination), isConfirmed: subscriptions.allSatisfy(\.isConfirmed),
            hasSelector: subscriptions.contains { $0.headers.contains("selector") }, connection: connection)
    }

    /// Explains why no messages came, if the wait was long enough.
    private func explainSilence(after timeout: TimeAmount) async {
        guard timeout >= QuietHint.timeout, let hint = await quietHint(of: link.view.subscriptions.map(\.id)) else {
            return
        }
        Diagnostics.note(hint.line)
    }

    func unsubscribe(_ name: String, headers: HeaderList) async throws {
        if !console.isInteractive { try await link.settled() }
        let ended = try await link.unsubscribe(name, headers: headers)
        guard !ended.isEmpty else {
            throw Failure(.badInput, "unsub: unknown subscription \(name.debugDescription); see 'subs'")
        }
        for subscription in ended {
            console.note("unsubscribed from \(subscription.destination) (\(subscription.id))")
        }
    }

    /// A line for each subscription.
    var subscriptionLines: String {
        let view = link.view
        guard !view.subscriptions.isEmpty else { return "no subscriptions; use 'sub DESTINATION'\n" }
        let now = Timestamp.now()
        let rows = view.subscriptions.map { subscription in
            let tally = log.tally(of: subscription.id)
            let last = tally.map { tally in
                TimeAmount.nanoseconds(max(0, now.nanoseconds - tally.last.nanoseconds)).readable
            }
            let count = tally?.messages ?? 0
            return [
                subscription.id, subscription.destination, subscription.mode.rawValue,
                count == 1 ? "1 message" : "\(Readable.count(count)) messages",
                ByteCount.readable(tally?.bytes ?? 0), last.map { "\($0) ago" } ?? "",
            ]
        }
        return Columns.text(rows)
            + (view.phase == .connected ? "" : "(not connected; subscriptions are renewed after a reconnect)\n")
    }

    // MARK: The session

    func printStatus() async throws {
        let view = link.view
        let (kept, bytes) = log.size
        var rows: [(String, String)] = []
        if let transaction = view.transaction { rows.append(("transaction", transaction)) }
        rows.append(("subscriptions", "\(view.subscriptions.count)"))
        rows.append(
            (
                "messages",
                "\(Readable.count(log.total)) received, \(Readable.count(kept)) kept (\(ByteCount.readable(bytes)))"
            ))
        var lines: [String]
        if let connection = try? link.connection() {
            rows.insert(("last received", "\(await connection.silence.readable) ago"), at: 0)
            lines = ConnectionSummary.lines(connection, further: rows)
        } else {
            lines = ["not connected to \(view.place)" + (view.phase == .closed ? "" : "; retrying")]
            if let line = link.failure?.line { lines.append("  \(line)") }
            lines += ConnectionSummary.table(rows)
        }
        if console.settings.isPaused { lines.append("printing is paused; use 'resume' to continue") }
        try await console.print(lines.map { visible($0) + "\n" }.joined())
    }

    func reconnect() async throws {
        try link.checkTransaction()
        try await link.reopen()
        if !console.isInteractive { try await link.settled() }
    }

    func connect(to url: String) async throws {
        try link.checkTransaction()
        try await link.open(reconnection(url), keepsSubscriptions: false)
        if !console.isInteractive { try await link.settled() }
    }

    func disconnect() async throws {
        guard link.view.phase != .closed else { return console.note("not connected") }
        try link.checkTransaction()
        try await close()
        console.note("disconnected; use 'reconnect' to connect again with the same subscriptions")
    }

    func close(code: Int, reason: String) async throws {
        _ = try await connection()
        try await link.close(code: code, reason: reason)
        console.note("closed with \(code); use 'reconnect' to open a new session")
    }

    /// Closes the session, and warns if the server does not confirm it.
    func close() async throws {
        let hadSession = link.view.phase == .connected
        let outcome = try await link.close()
        let repeats = hadSession ? link.repeats(after: outcome) : 0
        let again =
            repeats == 0
            ? ""
            : "; up to \(AckPolicy.repeated(repeats)) acknowledged may be delivered again"
        if outcome == .unanswered || !again.isEmpty {
            Diagnostics.warn("STOMP: no receipt for DISCONNECT\(again)")
        }
    }

    // MARK: Waiting

    func wait(_ count: Int, _ timeout: TimeAmount) async throws {
        let counted = log.counted
        try await demand(.number(counted + count))
        defer { log.demand(.none) }
        let came = try await events.wait(within: timeout) { [self] in
            if log.count(count) { return true }
            try checkScript()
            return nil
        }
        guard came == nil else { return }
        let uncounted = log.uncounted
        log.count(upTo: log.total)
        try checkSession()
        await explainSilence(after: timeout)
        throw Failure(
            .timedOut, "STOMP: timed out after \(timeout.readable): received \(uncounted) of \(count) messages")
    }

    /// Acknowledges the messages to be counted, both those received and those still to come.
    private func demand(_ demand: MessageLog.Demand) async throws {
        log.demand(demand)
        try await link.acknowledge(log.demanded(log.uncounted(from: 1)))
    }

    func expect(_ pattern: BodyPattern, _ timeout: TimeAmount) async throws {
        let first = log.counted
        let looked = Shared(first)
        defer { log.demand(.none) }
        let isDemanded = Shared(false)
        let found = try await events.wait(within: timeout) { [self] in
            // Inside the timeout, because a pattern may never end.
            if !isDemanded.value {
                isDemanded.update { $0 = true }
                try await demand(.match(pattern))
            }
            let uncounted = log.uncounted(from: looked.value + 1)
            if let index = try await pattern.firstMatch(in: uncounted.map(\.message.frame.body)) {
                log.count(upTo: uncounted[index].number)
                return true
            }
            if let last = uncounted.last { looked.update { $0 = last.number } }
            try checkScript()
            return nil
        }
        guard found == nil else { return }
        guard !pattern.isSlow else {
            throw Failure(.timedOut, "STOMP: matching \(pattern) took longer than \(timeout.readable)")
        }
        let came = looked.value - first
        log.count(upTo: looked.value)
        try checkSession()
        guard came > 0 else {
            await explainSilence(after: timeout)
            throw Failure(
                .timedOut, "STOMP: timed out after \(timeout.readable): received no message; expected \(pattern)")
        }
        throw Failure(
            .failed,
            "STOMP: no match for \(pattern) within \(timeout.readable) "
                + (came == 1 ? "(1 message checked)" : "(\(came) messages checked)"))
    }

    func sleep(_ time: TimeAmount) async throws {
        _ = try await events.wait(within: time) { [self] () -> Bool? in
            try checkScript()
            return nil
        }
    }

    /// Throws the reason if a script has timed out without a session.
    private func checkSession() throws {
        if !console.isInteractive, let absence = link.absence { throw absence }
    }

    /// Throws the reason if the session of a script has ended permanently, so that it does not wait any longer.
    private func checkScript() throws {
        if !console.isInteractive, link.hasFailed, let failure = link.failure { throw failure }
    }
}
