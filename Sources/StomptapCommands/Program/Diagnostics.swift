import STOMPTransport
import Synchronization

/// What goes to stderr: one line for each thing that a person should know, and the trace of `-v`.
enum Diagnostics {
    /// The line that a failed program ends with.
    static func fail(_ line: String) { write(line) }

    static func warn(_ line: String) { write("warning: \(line)") }

    static func note(_ line: String) { write(line) }

    private static func write(_ line: String) {
        // Where stderr is closed there is nobody to tell.
        try? Array(ErrorLine.text(line).utf8).withUnsafeBytes { try DescriptorWriter.standardError.write($0) }
    }

    /// A trace that is printed on stderr as it happens. It is complete: where stderr is slow, the connection waits.
    static func trace(_ detail: WireEvent.Detail, style: OutputStyle) -> WireTrace {
        let state = Shared((printer: TracePrinter(style: style), buffer: OutputBuffer(to: .standardError)))
        return WireTrace(detail: detail) { event in
            state.update { state in
                state.printer.append(event, at: .now(), to: &state.buffer)
                try? state.buffer.flush()
            }
        }
    }
}
