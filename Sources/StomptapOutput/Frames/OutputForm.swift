import STOMPCore

/// How messages are printed.
package enum OutputForm: Sendable {
    /// For people: a line, the headers, the body set out.
    case pretty
    /// For programs: an object a line.
    case json
    /// The bodies alone, each with this byte behind it.
    case body(terminator: UInt8 = UInt8(ascii: "\n"))
    /// The bytes of the frames as they came.
    case raw
    case none
    /// As a template says. Like `mosquitto_sub -F`, it ends each message with a line end, or with this byte.
    case format(FormatTemplate, terminator: UInt8 = UInt8(ascii: "\n"))

    /// Whether nothing is printed.
    package var isNone: Bool { if case .none = self { true } else { false } }
}

/// How everything that is printed looks.
package struct OutputStyle: Sendable {
    package var timestamps: TimestampStyle
    /// Whether the output is a terminal, which nothing that came may drive. ``OutputForm/pretty`` and
    /// ``OutputForm/json`` never let it; the other forms give bytes as they are where this is false.
    package var isTerminal: Bool
    package var palette: Palette
    /// What is hidden of headers. ``OutputForm/raw`` and bodies are as they came.
    package var mask: SecretMask

    package init(
        timestamps: TimestampStyle = .local, isTerminal: Bool = false, palette: Palette = .plain,
        mask: SecretMask = .hiding
    ) {
        self.timestamps = timestamps
        self.isTerminal = isTerminal
        self.palette = palette
        self.mask = mask
    }
}
