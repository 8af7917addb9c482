/// Lines for stderr.
package enum ErrorLine {
    /// `stomptap: MESSAGE` and a line end. What could drive a terminal is shown escaped, line ends too: one failure is
    /// one line, whatever a server put into it.
    package static func text(_ message: String, mask: SecretMask = .hiding) -> String {
        var out = OutputBuffer()
        out.append("stomptap: ")
        out.append(mask.masked(message), visible: .line)
        out.append("\n")
        return out.text
    }
}
