import NIOCore
import STOMPTransport

/// A failure described for a user: what happened, and what to do.
package struct Explanation: Sendable, Hashable {
    /// The layer that failed, by its usual name: `TCP`, `WebSocket`, `STOMP`.
    package var layer: String
    /// What happened: one sentence without the layer and without a full stop.
    package var sentence: String
    /// What to do, if known.
    package var hint: String?

    package init(layer: String, _ sentence: String, hint: String? = nil) {
        self.layer = layer
        self.sentence = sentence
        self.hint = hint
    }

    /// The whole explanation in one line: `TCP: connection refused by 127.0.0.1:61613; is the server running, ...`.
    package var line: String { "\(layer): \(text)" }

    /// The line without the hint, for a failure of another program that the user of this one cannot fix.
    package var fact: String { "\(layer): \(sentence)" }

    /// The sentence and the hint.
    package var text: String { sentence + (hint.map { "; \($0)" } ?? "") }
}

extension Explanation {
    package init(_ error: TransportError) {
        switch error {
        case .name(let failure): self = failure.explanation
        case .tcp(let failure): self = failure.explanation
        case .tls(let failure): self = failure.explanation
        case .http(let failure): self = failure.explanation
        case .proxy(let failure): self = failure.explanation
        case .webSocket(let failure): self = failure.explanation
        case .sockJS(let failure): self = failure.explanation
        }
    }
}

extension Explanation {
    /// The line, and when the attempt is repeated.
    package func line(tryingAgainIn wait: Duration) -> String {
        Self.line(line, tryingAgainIn: wait)
    }

    /// The line of a failure, and when the attempt is repeated.
    package static func line(_ line: String, tryingAgainIn wait: Duration) -> String {
        line + (line.hasSuffix("?") ? " Retrying" : "; retrying") + " in \(wait.readable)"
    }
}

/// Lines for stderr.
package enum ErrorLine {
    /// `stomptap: MESSAGE` and a line end. Control characters and line ends are escaped: one failure is one line,
    /// whatever text from the server it contains.
    package static func text(_ message: String, mask: SecretMask = .hiding) -> String {
        var out = OutputBuffer()
        out.append("stomptap: ")
        out.append(mask.masked(message), visible: .line)
        out.append("\n")
        return out.text
    }
}
