import SystemC

/// When output is coloured.
package enum ColorChoice: String, Sendable, CaseIterable {
    /// On a terminal, unless `NO_COLOR` is set to anything or `TERM` is `dumb`.
    case auto
    case always
    case never

    /// Whether to use colour.
    ///
    /// - Parameters:
    ///   - isTerminal: whether the output is a terminal.
    ///   - environment: looks up a variable.
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

/// Queries about the terminal at a file descriptor.
package enum Terminal {
    package static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// Whether two descriptors are the same terminal.
    package static func isSame(_ first: Int32, _ second: Int32) -> Bool {
        var states = (stat(), stat())
        guard isTerminal(first), isTerminal(second), fstat(first, &states.0) == 0, fstat(second, &states.1) == 0
        else { return false }
        return states.0.st_rdev == states.1.st_rdev && states.0.st_dev == states.1.st_dev
            && states.0.st_ino == states.1.st_ino
    }

    /// The width of the terminal in cells; nil if the descriptor is not a terminal or the terminal does not report
    /// it.
    package static func width(_ descriptor: Int32) -> Int? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// The width for text that is written to a descriptor: that of the variable `COLUMNS` if it is set, else that of
    /// the terminal, else 80.
    package static func textWidth(of descriptor: Int32) -> Int {
        getenv("COLUMNS").flatMap { Int(String(cString: $0)) } ?? width(descriptor) ?? 80
    }
}

/// The colours of output.
package struct Palette: Sendable {
    /// Whether colour is used.
    package let isOn: Bool

    package init(isOn: Bool) {
        self.isOn = isOn
    }

    package static let plain = Palette(isOn: false)

    /// The purpose of a colour; the raw value is its SGR sequence (ECMA-48, 8.3.117).
    package enum Ink: String, Sendable {
        /// Times, offsets and sizes, which matter less.
        case aside = "\u{1B}[2m"
        /// The command of a received frame.
        case incoming = "\u{1B}[1;32m"
        /// The command of a sent frame.
        case outgoing = "\u{1B}[1;34m"
        /// An ERROR frame.
        case error = "\u{1B}[1;31m"
        /// A possible problem.
        case warning = "\u{1B}[1;33m"
        /// A destination.
        case place = "\u{1B}[1m"
        /// The name of a header or of a JSON member.
        case name = "\u{1B}[36m"
    }
}

extension OutputBuffer {
    /// Appends the output of `write` in the colour of `ink`.
    package mutating func paint(_ ink: Palette.Ink?, _ palette: Palette, _ write: (inout OutputBuffer) -> Void) {
        guard palette.isOn, let ink else { return write(&self) }
        append(ink.rawValue)
        write(&self)
        append("\u{1B}[0m")
    }
}
