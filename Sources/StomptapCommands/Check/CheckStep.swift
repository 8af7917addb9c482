import NIOCore
import StomptapOutput
import StomptapRuntime
import SystemC

/// The result of checking one layer.
struct CheckStep: Sendable, Equatable {
    enum Result: String, Sendable {
        case ok, warn
        case fail = "FAIL"

        var ink: Palette.Ink {
            switch self {
            case .ok: .incoming
            case .warn: .warning
            case .fail: .error
            }
        }
    }

    /// The layers and what is checked in them, in the order in which they are reached.
    enum Name: String, Sendable {
        case endpoint, headers, name, tcp, proxy, tls, http, sockjs, upgrade, subprotocol, stomp, receipt, echo
        case heartBeat = "heart-beat"
        /// Its name in JSON is part of the output format.
        case disconnect = "goodbye"

        /// The name in the form `pretty`.
        var label: String { self == .disconnect ? "disconnect" : rawValue }
    }

    var name: Name
    var result: Result
    /// The duration of the step; nil if it has none of its own.
    var duration: TimeAmount?
    /// What was found.
    var detail: String
    /// What to do about it; nil if nothing needs to be done.
    var remedy: String?

    init(_ name: Name, _ result: Result = .ok, _ duration: TimeAmount? = nil, _ detail: String, remedy: String? = nil) {
        self.name = name
        self.result = result
        self.duration = duration
        self.detail = detail
        self.remedy = remedy
    }
}

extension CheckStep {
    /// Appends `ok    tcp            0.3 ms  connected to 127.0.0.1:61613`.
    func write(_ palette: Palette, to out: inout OutputBuffer) {
        out.paint(result.ink, palette) { $0.append(result.rawValue.padded(to: 6)) }
        out.append(name.label.padded(to: 12))
        out.paint(.aside, palette) { $0.append(Self.milliseconds(duration).padded(to: -10)) }
        out.append("  ")
        out.append(detail, visible: .line)
        if let remedy {
            out.append("; ")
            out.append(remedy, visible: .line)
        }
        out.append("\n")
    }

    /// Appends a JSON object and a line end: `url`, `step`, `result`, `milliseconds` (if the step has a duration),
    /// `detail`, `remedy` (if there is one).
    func writeJSON(of url: String, to out: inout OutputBuffer) {
        var json = JSONWriter()
        json.beginObject(&out)
        json.member("url", url, &out)
        json.member("step", plain: name.rawValue, &out)
        json.member("result", plain: result.rawValue.lowercased(), &out)
        if let duration { json.member("milliseconds", literal: Self.thousandths(duration), &out) }
        json.member("detail", detail, &out)
        if let remedy { json.member("remedy", remedy, &out) }
        json.endObject(&out)
        out.append("\n")
    }

    private static func milliseconds(_ duration: TimeAmount?) -> String {
        guard let duration else { return "" }
        let tenths = (duration.nanoseconds + 50_000) / 100_000
        return "\(tenths / 10).\(tenths % 10) ms"
    }

    private static func thousandths(_ duration: TimeAmount) -> String {
        let micros = max(0, duration.nanoseconds) / 1000
        let rest = String(micros % 1000)
        return "\(micros / 1000).\(String(repeating: "0", count: 3 - rest.count))\(rest)"
    }
}

extension String {
    /// Pads with blanks on the right or, if `width` is negative, on the left. Each character must be one column
    /// wide.
    fileprivate func padded(to width: Int) -> String {
        let blanks = String(repeating: " ", count: max(0, abs(width) - count))
        return width < 0 ? blanks + self : self + blanks
    }
}

/// Prints the steps of checks on stdout, each when it ends.
struct CheckPrinter: Sendable {
    let form: CheckForm
    private let style: OutputStyle

    init(form: CheckForm, diagnostics: DiagnosticOptions) {
        self.form = form
        style = diagnostics.appearance.style(of: STDOUT_FILENO)
    }

    /// - Throws: ``Failure`` with 74, or `CancellationError`.
    func print(_ step: CheckStep, of url: String) async throws {
        var step = step
        step.detail = style.mask.masked(step.detail)
        step.remedy = step.remedy.map { style.mask.masked($0) }
        var buffer = OutputBuffer()
        switch form {
        case .pretty: step.write(style.palette, to: &buffer)
        case .json: step.writeJSON(of: style.mask.masked(url), to: &buffer)
        }
        guard try await StandardOutput.write(buffer.text) else { throw Failure(.success, nil) }
    }

    /// Prints the URL of the server that the following lines are about; only in the form `pretty`.
    func title(_ url: String) async throws {
        guard form == .pretty else { return }
        let line = visible(style.mask.masked(url)) + "\n"
        guard try await StandardOutput.write(line) else { throw Failure(.success, nil) }
    }
}
