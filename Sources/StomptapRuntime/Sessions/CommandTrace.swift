import NIOCore
import STOMPTransport
import StomptapOutput
import SystemC

/// What a command tells of the wire: on stderr as far as `-v` asks for it, in the file that `--trace-file` names all of
/// it, and in the one that `--pcap` names the bytes. It is made once and serves all connections.
///
/// It is complete: where stderr or a file is slow, the connection waits.
package struct CommandTrace: Sendable {
    package let wire: WireTrace
    /// Takes the bytes of connections, where they are captured.
    package let capture: (@Sendable (ByteBuffer) -> Void)?
    private let printer: Shared<TracePrinter>
    private let hasFile: Bool

    /// - Parameters:
    ///   - verbosity: how often `-v` was given.
    ///   - style: how stderr looks; its mask holds for the file too.
    ///   - traceFile: what `--trace-file` names.
    ///   - pcap: what `--pcap` names.
    /// - Throws: ``Failure`` with 73 where a file cannot be made.
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

    /// Leaves this out of the messages of subscriptions from now on: the command prints it on the same terminal.
    package func leaveOut(_ omission: TracePrinter.Omission) {
        printer.update { $0.omission = omission }
    }

    /// Prints this much from now on; nil is nothing.
    package func show(_ detail: WireEvent.Detail?) {
        printer.update { $0.detail = detail }
        if !hasFile { wire.show(detail) }
    }
}

/// A file that is written as things happen, for as long as the program runs. Only its owner may read it.
///
/// Where it cannot be written, the command ends with status 74, as what is missing may be what was wanted.
private struct TraceFile: Sendable {
    private let buffer: Shared<OutputBuffer>

    /// Makes the file, or empties the one that is there.
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
