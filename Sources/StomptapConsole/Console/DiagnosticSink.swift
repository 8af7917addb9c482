import LineEditor
import Synchronization

/// Takes traces and warnings above the line being edited, as fast as the terminal does, and counts what is too much.
final class DiagnosticSink: Sendable {
    private let editor: LineEditor
    private let missed = Mutex(0)

    init(_ editor: LineEditor) {
        self.editor = editor
    }

    /// Called where nobody may wait, such as an event loop.
    @Sendable func take(_ octets: [UInt8]) {
        let before = missed.withLock { missed in
            defer { missed = 0 }
            return missed
        }
        let head = before == 0 ? [] : Array("… \(before) lines of trace left out\n".utf8)
        if !editor.printIfRoom(head + octets) { missed.withLock { $0 += before + 1 } }
    }
}
