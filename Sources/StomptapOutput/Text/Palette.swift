/// The colours of what is printed.
package struct Palette: Sendable {
    /// Whether there is colour at all.
    package let isOn: Bool

    package init(isOn: Bool) {
        self.isOn = isOn
    }

    package static let plain = Palette(isOn: false)

    /// What a colour is for; the raw value is its SGR sequence (ECMA-48, 8.3.117).
    package enum Ink: String, Sendable {
        /// Times, offsets, sizes: there for those who look.
        case aside = "\u{1B}[2m"
        /// The command of a frame that came.
        case incoming = "\u{1B}[1;32m"
        /// The command of a frame that left.
        case outgoing = "\u{1B}[1;34m"
        /// An ERROR.
        case error = "\u{1B}[1;31m"
        /// What may be wrong.
        case warning = "\u{1B}[1;33m"
        /// The destination.
        case place = "\u{1B}[1m"
        /// The name of a header, or in a JSON object.
        case name = "\u{1B}[36m"
    }
}

extension OutputBuffer {
    /// Appends what `write` appends, in the colour of `ink`.
    package mutating func paint(_ ink: Palette.Ink?, _ palette: Palette, _ write: (inout OutputBuffer) -> Void) {
        guard palette.isOn, let ink else { return write(&self) }
        append(ink.rawValue)
        write(&self)
        append("\u{1B}[0m")
    }
}
