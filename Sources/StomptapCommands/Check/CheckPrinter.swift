import StomptapOutput
import StomptapRuntime
import SystemC

/// Prints the steps of checks on stdout, each as it ends.
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

    /// Says which server the lines below are about, where people read them.
    func title(_ url: String) async throws {
        guard form == .pretty else { return }
        guard try await StandardOutput.write(style.mask.masked(url) + "\n") else { throw Failure(.success, nil) }
    }
}
