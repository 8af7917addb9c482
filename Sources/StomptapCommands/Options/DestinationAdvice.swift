import StomptapRuntime

/// Warnings about destinations that look mistyped. They are used unchanged: a server may have such a name.
enum DestinationAdvice {
    /// First words that usually have a leading slash.
    private static let prefixes: Set<String> = [
        "topic", "queue", "app", "user", "exchange", "amq", "temp-queue", "temp-topic", "pub", "sub",
    ]

    /// Warns about a destination that probably means something else.
    ///
    /// - Parameters:
    ///   - isSent: whether messages are sent there; otherwise they are received.
    ///   - body: the body that is sent there, if it is an argument.
    static func warn(_ destinations: [String], isSent: Bool = false, body: String? = nil) {
        for destination in destinations {
            if let warning = warning(destination, isSent: isSent, body: body) { Diagnostics.warn(warning) }
        }
    }

    static func warning(_ destination: String, isSent: Bool = false, body: String? = nil) -> String? {
        let quoted = destination.debugDescription
        let parts = destination.split { $0 == " " || $0 == "," }
        // ActiveMQ sends to several destinations that are separated by commas.
        let isSeveral = parts.count > 1 && parts.allSatisfy { $0.hasPrefix("/") }
        if isSeveral, !isSent || destination.contains(" ") {
            return "\(quoted) is a single destination; write several as separate arguments: "
                + parts.joined(separator: " ")
        }
        guard !destination.hasPrefix("/") else { return nil }
        if let body, body.hasPrefix("/"), prefixes.contains(String(body.dropFirst().prefix { $0 != "/" })) {
            return
                "\(quoted) is used as the destination, and the next argument as the body; the destination must be first"
        }
        guard let first = destination.split(separator: "/").first, prefixes.contains(String(first)),
            destination.contains("/")
        else { return nil }
        return "\(quoted) does not start with a slash; did you mean /\(destination)?"
    }
}
