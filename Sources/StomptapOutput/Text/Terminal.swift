import SystemC

/// When output is coloured.
package enum ColorChoice: String, Sendable, CaseIterable {
    /// On a terminal, unless `NO_COLOR` is set to anything or `TERM` is `dumb`.
    case auto
    case always
    case never

    /// Whether to colour.
    ///
    /// - Parameters:
    ///   - isTerminal: whether the output is a terminal.
    ///   - environment: looks a variable up.
    package func applies(
        isTerminal: Bool, environment: (String) -> String? = { name in getenv(name).map { String(cString: $0) } }
    ) -> Bool {
        switch self {
        case .always: true
        case .never: false
        case .auto: isTerminal && (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"
        }
    }
}

/// What is known of the terminal behind a file descriptor.
package enum Terminal {
    package static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// The number of cells of a line, or nil where the descriptor is no terminal or the terminal does not tell.
    package static func width(_ descriptor: Int32) -> Int? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }
}
