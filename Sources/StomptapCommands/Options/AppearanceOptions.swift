import ArgumentParser
import StomptapOutput

/// How what is told looks, and what of it is hidden.
struct AppearanceOptions: ParsableArguments {
    @Flag(help: "Show passcodes, Authorization, cookies and tokens, which are masked everywhere without it.")
    var showSecrets = false

    @Option(help: ArgumentHelp("How times are shown.", valueName: "form"))
    var timestamps = TimestampStyle.local

    @Option(help: ArgumentHelp("Whether to use colours; NO_COLOR is honoured.", valueName: "when"))
    var color = ColorChoice.auto

    var mask: SecretMask { showSecrets ? .none : .hiding }

    /// How what goes to a descriptor looks.
    func style(of descriptor: Int32) -> OutputStyle {
        let isTerminal = Terminal.isTerminal(descriptor)
        return OutputStyle(
            timestamps: timestamps, isTerminal: isTerminal,
            palette: color.applies(isTerminal: isTerminal) ? Palette(isOn: true) : .plain, mask: mask)
    }
}
