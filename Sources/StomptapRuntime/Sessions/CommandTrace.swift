import NIOCore
import STOMPTransport
import StomptapOutput
import SystemC

/// The trace of a command: on stderr in the detail that `-v` sets, complete in the file of `--trace-file`, and the
/// raw bytes in the file of `--pcap`. It is created once and serves all connections.
///
/// No event is lost: if stderr or a file is slow, the connection waits.
package struct CommandTrace: Sendable {
    package let wire: WireTrace
    /// Receives the bytes of connections; nil if they are not captured.
    package let capture: (@Sendable (ByteBuffer) -> Void)?
    private let printer: Shared<TracePrinter>
    private let hasFile: Bool

    /// - Parameters:
    ///   - verbosity: the number of `-v` options.
    ///   - style: the style of stderr; its mask is also used for the file.
    ///   - traceFile: the path of `--trace-file`.
    ///   - pcap: the path of `--pcap`.
    /// - Throws: ``Failure`` with 73 if a file cannot be created.
    package init(verbosity: Int, style: OutputStyle, traceFile: String?, pcap: String?) throws {
        let detail = WireEvent.Detail(rawValue: min(verbosity, 3))
        let printer = Shared(TracePrinter(detail, style: style))
        let print: @Sendable (WireEvent) -> Void = { event in
            printer.update { printer in
                var out = OutputBuffer()
                printer.append(event, at: .now(), to: &out)
                Diagnostics.write(Array(out.bytes))
            }
        }
        self.printer = printer
        hasFile = traceFile != nil
        if let path = traceFile {
            let file = try TraceFile(path, of: "--trace-file")
            let json = Shared(EventJSON(mask: style.mask))
            wire = WireTrace(detail: .bytes) { event in
                print(event)
                json.update { json in
                    file.append { json.append(event, at: .now(), to: &$0) }
                }
            }
        } else {
            wire = WireTrace(detail: detail, observer: print)
        }
        if let path = pcap {
            let file = try TraceFile(path, of: "--pcap")
            file.append(PacketCapture.fileHeader)
            capture = { file.append($0) }
        } else {
            capture = nil
        }
    }

    /// From now on, omits this from the messages of subscriptions: the command prints it on the same terminal.
    package func leaveOut(_ omission: TracePrinter.Omission) {
        printer.update { $0.omission = omission }
    }

    /// From now on, prints this much detail; nil prints nothing.
    package func show(_ detail: WireEvent.Detail?) {
        printer.update { $0.detail = detail }
        if !hasFile { wire.show(detail) }
    }
}

/// A file that is written while the program runs. Only its owner may read it.
///
/// If it cannot be written, the command ends with status 74, as the file would be incomplete.
private struct TraceFile: Sendable {
    private let buffer: Shared<OutputBuffer>

    /// Creates the file, or truncates an existing one.
    ///
    /// - Throws: ``Failure`` with 73.
    init(_ path: String, of option: String) throws {
        let descriptor = try OutputFile.opened(path, of: option, mode: 0o600)
        buffer = Shared(OutputBuffer(to: DescriptorWriter(descriptor: descriptor, name: path)))
    }

    /// Appends what `write` appends.
    func append(_ write: (inout OutputBuffer) -> Void) {
        buffer.update { buffer in
            write(&buffer)
            do throws(OutputError) {
                try buffer.flush()
            } catch {
                Interrupts.end(with: Failure(.writeFailed, error.description))
            }
        }
    }

    func append(_ bytes: ByteBuffer) {
        append { buffer in bytes.withUnsafeReadableBytes { buffer.append($0) } }
    }
}
