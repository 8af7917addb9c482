import StomptapRuntime

/// Destinations as they are mistyped. What was typed is sent all the same: a server may have such a name.
enum DestinationAdvice {
    /// Where the first word of a destination lacks its slash, it is one of these.
    private static let prefixes: Set<String> = [
        "topic", "queue", "app", "user", "exchange", "amq", "temp-queue", "temp-topic", "pub", "sub",
    ]

    /// Warns about what was probably meant otherwise.
    ///
    /// - Parameter body: what is sent there, where it is an argument.
    static func warn(_ destinations: [String], body: String? = nil) {
        for destination in destinations {
            if let warning = warning(destination, body: body) { Diagnostics.warn(warning) }
        }
    }

    static func warning(_ destination: String, body: String? = nil) -> String? {
        let quoted = destination.debugDescription
        let parts = destination.split { $0 == " " || $0 == "," }
        if parts.count > 1, parts.allSatisfy({ $0.hasPrefix("/") }) {
            return "\(quoted) is one destination; write several as arguments of their own: "
                + parts.joined(separator: " ")
        }
        guard !destination.hasPrefix("/") else { return nil }
        if let body, body.hasPrefix("/"), !body.contains(" ") {
            return "\(quoted) is taken as the destination and \(body.debugDescription) as the body; "
                + "the destination comes first"
        }
        guard let first = destination.split(separator: "/").first, prefixes.contains(String(first)),
            destination.contains("/")
        else { return nil }
        return "\(quoted) does not begin with a slash; did you mean /\(destination)?"
    }
}
