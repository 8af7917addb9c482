import NIOCore
import STOMPTransport
import StomptapOutput
import SystemC

/// What a command tells of the wire: on stderr as far as `-v` asks for it, in the file that `--trace-file` names all of
/// it, and in the one that `--pcap` names the octets. It is made once and serves all connections.
///
/// It is complete: where stderr or a file is slow, the connection waits.
struct CommandTrace: Sendable {
    let wire: WireTrace
    /// Takes the octets of connections, where they are captured.
    let capture: (@Sendable (ByteBuffer) -> Void)?
    private let printer: Shared<TracePrinter>
    private let hasFile: Bool

    /// - Throws: ``Failure`` with 73 where a file cannot be made.
    init(_ options: DiagnosticOptions) throws {
        let detail = WireEvent.Detail(rawValue: min(options.verbose, 3))
        let printer = Shared(TracePrinter(detail, style: options.appearance.style(of: STDERR_FILENO)))
        let print: @Sendable (WireEvent) -> Void = { event in
            printer.update { printer in
                var out = OutputBuffer()
                printer.append(event, at: .now(), to: &out)
                Diagnostics.write(Array(out.octets))
            }
        }
        self.printer = printer
        hasFile = options.traceFile != nil
        if let path = options.traceFile {
            let file = try TraceFile(path, of: "--trace-file")
            let json = Shared(TraceJSON(mask: options.appearance.mask))
            wire = WireTrace(detail: .octets) { event in
                print(event)
                json.update { json in
                    file.append { json.append(event, at: .now(), to: &$0) }
                }
            }
        } else {
            wire = WireTrace(detail: detail, observer: print)
        }
        if let path = options.pcap {
            let file = try TraceFile(path, of: "--pcap")
            file.append(PacketCapture.fileHeader)
            capture = { file.append($0) }
        } else {
            capture = nil
        }
    }

    /// Prints this much from now on; nil is nothing.
    func show(_ detail: WireEvent.Detail?) {
        printer.update { $0.detail = detail }
        if !hasFile { wire.show(detail) }
    }
}
