import StomptapOutput

/// `--output`, and `set output` at the prompt.
package enum OutputName: String, CaseIterable, Sendable {
    case pretty, json, body, raw, none

    /// - Parameter terminator: what stands behind each body.
    package func form(terminator: UInt8 = UInt8(ascii: "\n")) -> OutputForm {
        switch self {
        case .pretty: .pretty
        case .json: .json
        case .body: .body(terminator: terminator)
        case .raw: .raw
        case .none: .none
        }
    }
}
