import StomptapOutput

/// The text before the line being typed, which tells how the session stands.
enum Prompt {
    /// `localhost:8080 2 subs tx-0> `.
    ///
    /// - Parameters:
    ///   - delimiter: the word that ends the body being typed.
    ///   - isPaused: whether messages are not printed.
    static func text(_ view: Link.View, delimiter: String?, isPaused: Bool, palette: Palette) -> String {
        if let delimiter { return "\(delimiter)> " }
        var out = OutputBuffer()
        out.append(view.place, visible: .line)
        let state =
            switch view.phase {
            case .connecting: "connecting"
            case .connected: ""
            case .lost: "lost"
            case .closed: "disconnected"
            }
        if !state.isEmpty {
            out.append(" ")
            out.paint(.error, palette) { $0.append(state) }
        } else if !view.subscriptions.isEmpty {
            out.append(" ")
            out.paint(.incoming, palette) {
                $0.append(view.subscriptions.count == 1 ? "1 sub" : "\(view.subscriptions.count) subs")
            }
        }
        if let transaction = view.transaction {
            out.append(" ")
            out.paint(.outgoing, palette) { $0.append(transaction, visible: .line) }
        }
        if isPaused {
            out.append(" ")
            out.paint(.error, palette) { $0.append("paused") }
        }
        out.append("> ")
        return out.text
    }
}
