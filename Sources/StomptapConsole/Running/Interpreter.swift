import NIOCore
import STOMPClient
import STOMPCore
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import SystemC

/// Does what lines ask for, one after the other.
final class Interpreter: Sendable {
    enum Outcome: Sendable, Equatable {
        case done, quit
    }

    let link: Link
    let log: MessageLog
    let feed: Feed
    let console: Console
    let events: Turnstile
    /// The trace of all connections.
    let trace: CommandTrace
    /// How another server is reached.
    let reconnection: @Sendable (_ url: String) throws -> Reconnection
    /// What was last written in the text editor.
    let draft = Shared("")

    init(
        link: Link, log: MessageLog, feed: Feed, console: Console, events: Turnstile, trace: CommandTrace,
        reconnection: @escaping @Sendable (_ url: String) throws -> Reconnection
    ) {
        self.link = link
        self.log = log
        self.feed = feed
        self.console = console
        self.events = events
        self.trace = trace
        self.reconnection = reconnection
    }

    /// - Throws: ``Failure``, an error of the modules beneath, or `CancellationError`.
    func run(_ command: LineCommand) async throws -> Outcome {
        switch command {
        case .subscribe(let destination, let id, let ack, let headers):
            try await subscribe(to: destination, id: id, ack: ack, headers: headers)
        case .unsubscribe(let name, let headers): try await unsubscribe(name, headers: headers)
        case .listSubscriptions: try await console.print(subscriptionLines)
        case .send(let outgoing, let body): try await send(outgoing, try bytes(of: body))
        case .edit(let outgoing): try await edit(outgoing)
        case .acknowledge(let reference, let isPositive): try await acknowledge(reference, isPositive: isPositive)
        case .begin(let id): try await begin(id)
        case .commit: try await endTransaction(commits: true)
        case .abort: try await endTransaction(commits: false)
        case .raw(let body): try await sendRaw(body)
        case .ping(let payload): try await ping(payload)
        case .close(let code, let reason): try await close(code: code, reason: reason)
        case .show(let range): try await show(range)
        case .save(let file): try await save(file)
        case .grep(let pattern): try await grep(pattern)
        case .set(let setting): try await set(setting)
        case .pause: pause()
        case .resume: resume()
        case .status: try await printStatus()
        case .reconnect: try await reconnect()
        case .disconnect: try await disconnect()
        case .connect(let url): try await connect(to: url)
        case .help(let name):
            try await console.print(LineHelp.text(name, width: Terminal.width(STDOUT_FILENO) ?? LineHelp.width))
        case .wait(let count, let timeout): try await wait(count, timeout)
        case .expect(let pattern, let timeout): try await expect(pattern, timeout)
        case .sleep(let time): try await sleep(time)
        case .quit: return .quit
        }
        return .done
    }

    /// The connection that is there; a script waits for one that is on its way.
    func connection() async throws -> STOMPConnection {
        if !console.isInteractive { try await link.settled() }
        return try link.connection()
    }
}
