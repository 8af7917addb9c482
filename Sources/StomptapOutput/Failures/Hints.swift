import STOMPTransport

enum Hints {
    static func hint(for failure: TransportError.Described) -> String? {
        let text = failure.message.lowercased()
        switch failure.kind {
        case .timedOut where text.hasPrefix("no answer to"):
            return "does this port speak HTTP? A server that is slow may need --connect-timeout 30s"
        case .limitExceeded: return Explanation.raiseLimit
        default: return nil
        }
    }
}
