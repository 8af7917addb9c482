import LineEditor
import NIOCore
import STOMPClient
import STOMPTransport
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where `connect` prints: stdout and stderr or, while a line is being edited, above that line.
final class Console: Sendable {
    /// How messages are printed.
    struct Settings: Sendable {
        var form: OutputForm
        /// As `set` has it.
        var formName: String
        var timestamps: TimestampStyle
        var color: ColorChoice
        var verbose: Int
        var isPaused = false
    }

    private struct State {
        var settings: Settings
        var renderer: MessageRenderer
        var editor: LineEditor?
    }

    /// A person is there, who wants to be told what happens.
    let isInteractive: Bool
    let mask: SecretMask
    private let state: Mutex<State>

    init(settings: Settings, mask: SecretMask, isInteractive: Bool) {
        self.isInteractive = isInteractive
        self.mask = mask
        state = Mutex(State(settings: settings, renderer: Self.renderer(settings, mask)))
    }

    private static func renderer(_ settings: Settings, _ mask: SecretMask) -> MessageRenderer {
        let isTerminal = Terminal.isTerminal(STDOUT_FILENO)
        let palette = Palette(isOn: settings.color.applies(isTerminal: isTerminal))
        return MessageRenderer(
            form: settings.form,
            style: OutputStyle(
                timestamps: settings.timestamps, isTerminal: isTerminal, palette: palette, mask: mask))
    }

    // MARK: Settings

    var settings: Settings { state.withLock { $0.settings } }

    /// Whether messages are printed at all: `-o none` prints nothing of them.
    var showsMessages: Bool {
        if case .none = settings.form { false } else { true }
    }

    var palette: Palette { state.withLock { $0.renderer.style.palette } }

    func update(_ change: (inout Settings) -> Void) {
        state.withLock { state in
            change(&state.settings)
            state.renderer = Self.renderer(state.settings, mask)
        }
    }

    // MARK: The editor

    var editor: LineEditor? { state.withLock { $0.editor } }

    /// From now on everything goes above the line of this editor; nil goes back to stdout and stderr.
    func attach(_ editor: LineEditor?) {
        state.withLock { $0.editor = editor }
        Diagnostics.redirect(to: editor.map { editor in DiagnosticSink(editor).take })
    }

    // MARK: Printing

    /// The octets of messages as they are printed.
    ///
    /// - Parameter showsNumbers: whether each tells its number, which is for people.
    func rendered(_ messages: some Sequence<LoggedMessage>, showsNumbers: Bool) -> [UInt8] {
        state.withLock { state in
            var out = OutputBuffer()
            for logged in messages {
                state.renderer.append(
                    logged.message.frame, at: logged.message.receivedAt, number: showsNumbers ? logged.number : nil,
                    to: &out)
            }
            return Array(out.octets)
        }
    }

    /// Prints messages, all of them and whole.
    ///
    /// - Throws: ``Failure`` where stdout cannot be written, a quiet one where its reader has gone; `CancellationError`.
    func print(_ messages: [LoggedMessage]) async throws {
        // A few at a time, so that what is rendered and not written stays small.
        var rest = messages[...]
        while !rest.isEmpty {
            var octets = 0
            let batch = rest.prefix { logged in
                defer { octets += logged.message.frame.bytes.readableBytes }
                return octets < 64 << 10
            }
            rest = rest[batch.endIndex...]
            try await write(rendered(batch, showsNumbers: isInteractive))
        }
    }

    /// Prints text that was asked for.
    func print(_ text: String) async throws { try await write(Array(text.utf8)) }

    private func write(_ octets: [UInt8]) async throws {
        guard !octets.isEmpty else { return }
        if let editor {
            for piece in Pieces(octets) {
                try Task.checkCancellation()
                await editor.print(Array(piece))
            }
            return
        }
        let goesOn = try await BlockingThread.output.run {
            try StandardOutput.reportingFailures {
                try octets.withUnsafeBytes { try DescriptorWriter.standardOutput.write($0) }
            }
        }
        // Nothing to complain of, as with `| head -1`.
        guard goesOn else { throw Failure(.success, nil) }
    }

    /// Tells a person what happened, in one line.
    func note(_ line: String, _ ink: Palette.Ink = .aside) {
        guard isInteractive else { return }
        guard let editor else { return Diagnostics.tell(line) }
        var out = OutputBuffer()
        out.paint(ink, palette) { $0.append(mask.masked(line), visible: .line) }
        let octets = Array(out.octets)
        // Where there is no room at once, it comes a little later rather than not at all.
        if !editor.printIfRoom(octets) { Task { await editor.print(octets) } }
    }

    /// Tells of a failure, in one line.
    func complain(_ line: String) {
        editor == nil ? Diagnostics.fail(line) : note(line, .error)
    }
}
