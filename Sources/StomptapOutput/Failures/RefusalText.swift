import STOMPTap
import STOMPTransport

extension AdmissionRefusal {
    /// What was refused and how to allow it: `HTTP 403: foreign Origin "https://a.example"; to allow it, use
    /// --allow-origin https://a.example`.
    ///
    /// - Parameter originOption: the command's option that allows an origin.
    package func line(originOption: String) -> String {
        switch self {
        case .foreignHost(let host):
            let fact = "HTTP 421: \(Self.quoted(host)) is not a host name of this machine"
            // No hint if no option can allow it.
            return HTTPAuthority(host).map { "\(fact); to allow it, use --listen-name \($0.host)" } ?? fact
        case .foreignOrigin(let origin?):
            let value = WebOrigin(origin) != nil || origin == "null" ? origin : "ORIGIN"
            return "HTTP 403: \(Self.quoted(origin)) is a foreign web origin; to allow it, use \(originOption) \(value)"
        case .foreignOrigin(nil):
            return "HTTP 403: a web page of another site sent no Origin; to allow all pages, use \(originOption) '*'"
        }
    }

    private static func quoted(_ text: String) -> String { "\"\(printable(text, limit: 100))\"" }
}

/// Decides which refusals are printed: each one once, up to a limit, as any web page can cause them.
package struct RefusalFilter: Sendable {
    package enum Outcome: Equatable {
        case new
        /// The first new refusal over the limit; it is not printed itself.
        case overflow
        case skipped
    }

    /// The largest number of different refusals that are printed.
    package static let limit = 20
    /// The line that replaces all further refusals.
    package static let overflowLine = TapNote.moreRefusals.text

    private var seen: Set<AdmissionRefusal> = []
    private var hasOverflowed = false

    package init() {}

    package mutating func check(_ refusal: AdmissionRefusal) -> Outcome {
        guard !hasOverflowed, !seen.contains(refusal) else { return .skipped }
        guard seen.count < Self.limit else {
            hasOverflowed = true
            return .overflow
        }
        seen.insert(refusal)
        return .new
    }
}
