import Dispatch
import LineEditor
import NIOCore
import STOMPClient
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import Synchronization
import SystemC

/// Where `connect` prints: stdout and stderr or, while a line is being edited, above that line.
package final class Console: Sendable {
    /// How messages are printed.
    package struct Settings: Sendable {
        var form: OutputForm
        /// The form, as named in `set`.
        var formName: String
        var timestamps: TimestampStyle
        var color: ColorChoice
        var verbose: Int
        var bodies: BodyStyle
        var isPaused = false

        /// - Parameters:
        ///   - formName: the form, as named in `set`.
        ///   - verbose: how often `-v` was given, up to 3.
        package init(
            form: OutputForm, formName: String, timestamps: TimestampStyle, color: ColorChoice, verbose: Int,
            bodies: BodyStyle = BodyStyle()
        ) {
            self.form = form
            self.formName = formName
            self.timestamps = timestamps
            self.color = color
            self.verbose = verbose
            self.bodies = bodies
        }
    }

    private struct State {
        var settings: Settings
        var renderer: MessageRenderer
        /// Incremented each time the settings make a new renderer.
        var generation = 0
        var editor: LineEditor?
    }

    /// Whether there is a user at a terminal who is shown notes.
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
                timestamps: settings.timestamps, isTerminal: isTerminal, palette: palette, mask: mask,
                width: .terminal(STDOUT_FILENO), bodies: settings.bodies, hasContentLength: settings.verbose > 0))
    }

    // MARK: Settings

    var settings: Settings { state.withLock { $0.settings } }

    /// Whether messages are printed; not with `-o none`.
    var showsMessages: Bool {
        if case .none = settings.form { false } else { true }
    }

    /// The parts of messages that the trace can omit, because they are printed in the same place.
    var traceOmission: TracePrinter.Omission {
        let settings = settings
        let isSame = editor != nil || Terminal.isSame(STDOUT_FILENO, STDERR_FILENO)
        return isSame && !settings.isPaused ? settings.form.omission : .nothing
    }

    var palette: Palette { state.withLock { $0.renderer.style.palette } }

    func update(_ change: (inout Settings) -> Void) {
        state.withLock { state in
            change(&state.settings)
            state.renderer = Self.renderer(state.settings, mask)
            state.generation += 1
        }
    }

    // MARK: The editor

    var editor: LineEditor? { state.withLock { $0.editor } }

    /// Prints above the line of this editor from now on; nil switches back to stdout and stderr.
    func attach(_ editor: LineEditor?) {
        state.withLock { $0.editor = editor }
        Diagnostics.redirect(to: editor.map { editor in DiagnosticSink(editor).enqueue })
    }

    // MARK: Printing

    /// The maximum size in bytes of rendered messages that are printed without waiting. A decompressed body can be
    /// much larger than the body itself.
    private static let largestText = 1 << 20

    /// The rendered text of messages with their numbers; nil if it is too large.
    func rendered(_ messages: [LoggedMessage]) -> [UInt8]? {
        let text = Shared<[UInt8]?>([])
        var out = OutputBuffer(into: { bytes throws(OutputError) in
            let hasRoom = text.update { text in
                guard let count = text?.count, count + bytes.count <= Self.largestText else {
                    text = nil
                    return false
                }
                text?.append(contentsOf: bytes)
                return true
            }
            guard hasRoom else { throw .readerGone }
        })
        var (renderer, generation) = state.withLock { ($0.renderer, $0.generation) }
        for logged in messages where text.value != nil {
            renderer.append(logged.message.frame, at: logged.message.receivedAt, number: logged.number, to: &out)
        }
        state.withLock { if $0.generation == generation { $0.renderer = renderer } }
        try? out.flush()
        return text.value
    }

    /// Prints all messages in full.
    ///
    /// - Throws: ``Failure`` if stdout cannot be written, without a message if the reader has closed it;
    ///   `CancellationError`.
    func print(_ messages: [LoggedMessage]) async throws {
        // A few at a time, so that other output can be printed in between.
        var rest = messages[...]
        while !rest.isEmpty {
            var bytes = 0
            let batch = rest.prefix { logged in
                defer { bytes += logged.message.frame.bytes.readableBytes }
                return bytes < 64 << 10
            }
            rest = rest[batch.endIndex...]
            try await write { [self] out in render(batch, to: &out) }
        }
    }

    /// Renders outside the lock. The text can be much larger than the message, and is written while it is rendered,
    /// as fast as the reader of stdout allows.
    private func render(_ messages: ArraySlice<LoggedMessage>, to out: inout OutputBuffer) {
        var (renderer, generation) = state.withLock { ($0.renderer, $0.generation) }
        for logged in messages {
            renderer.append(
                logged.message.frame, at: logged.message.receivedAt, number: isInteractive ? logged.number : nil,
                to: &out)
        }
        state.withLock { if $0.generation == generation { $0.renderer = renderer } }
    }

    /// Prints the output of a command.
    func print(_ text: String) async throws {
        guard !text.isEmpty else { return }
        try await write { $0.append(text) }
    }

    /// Writes what `body` appends, on a thread that may block.
    private func write(_ body: @escaping @Sendable (inout OutputBuffer) -> Void) async throws {
        let isCancelled = Shared(false)
        let writer = editor.map { Self.writer(to: $0, isCancelled) } ?? DescriptorWriter.standardOutput.write
        let goesOn = try await withTaskCancellationHandler {
            try await BlockingThread.output.run {
                try StandardOutput.reportingFailures {
                    var out = OutputBuffer(into: writer)
                    body(&out)
                    try out.flush()
                }
            }
        } onCancel: {
            isCancelled.update { $0 = true }
        }
        // Not an error, for example with `| head -1`.
        guard goesOn else { throw Failure(.success, nil) }
    }

    /// Writes above the line of an editor, in pieces, until cancelled.
    private static func writer(to editor: LineEditor, _ isCancelled: Shared<Bool>) -> OutputBuffer.Writer {
        { bytes throws(OutputError) in
            for piece in Pieces(Array(bytes)) {
                guard !isCancelled.value else { throw .readerGone }
                let isPrinted = DispatchSemaphore(value: 0)
                Task {
                    await editor.print(Array(piece))
                    isPrinted.signal()
                }
                isPrinted.wait()
            }
        }
    }

    /// Shows the user a note of one line.
    func note(_ line: String, _ ink: Palette.Ink = .aside) {
        guard isInteractive else { return }
        guard let editor else { return Diagnostics.inform(line) }
        var out = OutputBuffer()
        out.paint(ink, palette) { $0.append(mask.masked(line), visible: .line) }
        let bytes = Array(out.bytes)
        // If there is no room now, it is printed later, but never dropped.
        if !editor.printIfRoom(bytes) { Task { await editor.print(bytes) } }
    }

    /// Reports a failure, in one line.
    func complain(_ line: String) {
        editor == nil ? Diagnostics.fail(line) : note(line, .error)
    }
}

/// Prints traces and warnings above the line being edited, as fast as the terminal allows, and counts lines that
/// were left out.
final class DiagnosticSink: Sendable {
    private let editor: LineEditor
    private let missed = Mutex(0)

    init(_ editor: LineEditor) {
        self.editor = editor
    }

    /// Never blocks; may be called on an event loop.
    @Sendable func enqueue(_ bytes: [UInt8]) {
        let before = missed.withLock { missed in
            defer { missed = 0 }
            return missed
        }
        let head = before == 0 ? [] : Array("… \(before) lines of trace left out\n".utf8)
        if !editor.printIfRoom(head + bytes) { missed.withLock { $0 += before + 1 } }
    }
}

/// Splits bytes into pieces, at line ends if possible, small enough that keyboard input can be handled between
/// them.
struct Pieces: Sequence, IteratorProtocol {
    static let size = 32 << 10

    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    mutating func next() -> ArraySlice<UInt8>? {
        guard !rest.isEmpty else { return nil }
        let piece = rest[..<end]
        rest = rest[end...]
        return piece
    }

    private var end: Int {
        guard rest.count > Self.size else { return rest.endIndex }
        let most = rest.startIndex + Self.size
        if let lineEnd = rest[..<most].lastIndex(of: UInt8(ascii: "\n")) { return lineEnd + 1 }
        // Do not split a character.
        return rest[(most - 3)...most].lastIndex { $0 & 0xC0 != 0x80 } ?? most
    }
}
