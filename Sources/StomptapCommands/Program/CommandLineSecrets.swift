import ArgumentParser
import StomptapOutput
import StomptapRuntime

/// The parts of a rejected command line that may be secret: values of options that carry secrets, any value after
/// an unknown option, and URLs. The parser's messages quote them, so they are masked.
struct CommandLineSecrets {
    /// Options that carry secrets, in addition to those whose names ``SecretMask`` hides.
    private static let carriers: Set<String> = [
        "connect-header", "connect-header-command", "header", "http-header", "http-header-command", "login", "proxy",
    ]
    /// Short options whose value may be part of the same word.
    private static let joined = "CHFfte"

    /// Arguments, or parts of them, each with the text that is printed in its place.
    private var shown: [String: String] = [:]
    /// Arguments after the value of a secret option: they may be parts of a secret that was typed without quotes.
    private(set) var strays: Set<String> = []

    init(_ arguments: [String]) {
        var mayStray = false
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            guard argument.hasPrefix("-"), argument.count > 1 else {
                shown[argument] = SecretMask.hiding.masked(typed: argument)
                if mayStray { strays.insert(argument) }
                continue
            }
            let isSecret = argument.hasPrefix("--") ? hideLong(argument) : hideShort(argument)
            mayStray = isSecret
            // A flag has no value, so what follows it may be a stray part.
            guard isSecret, !argument.contains("="), !Self.isFlag(argument), index < arguments.count,
                !Self.isKnown(arguments[index])
            else { continue }
            hide(arguments[index])
            index += 1
        }
    }

    /// The message with all quoted secrets masked.
    func masked(_ message: String) -> String {
        var message = message
        if message.contains("nexpected argument") {
            for stray in strays { message.replace("'\(stray)'", with: "'\(SecretMask.cover)'") }
        }
        // The longest first, because one may be part of another.
        for (argument, shown) in shown.sorted(by: { $0.key.count > $1.key.count }) where argument != shown {
            message.replace("'\(argument)'", with: "'\(shown)'")
            // Some are quoted differently. A short one could match part of any word, and some match part of an
            // option name; these are skipped.
            guard argument.count >= 4, !OptionIndex.all.names.contains(where: { $0.contains(argument) }) else {
                continue
            }
            message.replace(argument, with: shown)
        }
        return SecretMask.hiding.masked(message)
    }

    // MARK: -

    /// Masks a long option's value. Returns whether the next argument may be a secret.
    private mutating func hideLong(_ argument: String) -> Bool {
        let word = argument.dropFirst(2)
        let name = word.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        let isKnown = Self.isKnown("--\(name)")
        let isSecret = !isKnown || Self.isCarrier(String(name))
        if name.endIndex != word.endIndex {
            // Anything after the option's name is its value; only the name is shown.
            if isSecret || word[name.endIndex] != "=" {
                shown[argument] = "--\(name)=\(SecretMask.cover)"
                hide(String(word[name.endIndex...].dropFirst()))
            } else {
                let value = String(word[name.endIndex...].dropFirst())
                shown[value] = SecretMask.hiding.masked(typed: value)
            }
        }
        // It is a flag, which has no value, so the given value may be a secret.
        if isKnown, Self.isFlag(argument) { hide(String(word[name.endIndex...].dropFirst())) }
        return isSecret
    }

    private mutating func hideShort(_ argument: String) -> Bool {
        let letter = argument.dropFirst().first ?? "-"
        let rest = argument.dropFirst(2)
        if Self.joined.contains(letter) {
            let isHeader = letter == "C" || letter == "H"
            if isHeader, !rest.isEmpty {
                shown[argument] = argument.prefix(2) + SecretMask.cover
                hide(String(rest))
            }
            return isHeader
        }
        if rest.isEmpty { return !"vnoWlxk0h".contains(letter) }
        guard !argument.dropFirst().allSatisfy({ $0 == "v" }) else { return false }
        // `-pPASSCODE`, as in another tool.
        shown[argument] = argument.prefix(2) + SecretMask.cover
        hide(String(rest))
        return true
    }

    private mutating func hide(_ value: String) {
        if !value.isEmpty { shown[value] = SecretMask.cover }
    }

    private static func isCarrier(_ name: String) -> Bool { carriers.contains(name) || SecretMask.hiding.hides(name) }

    private static func isKnown(_ argument: String) -> Bool {
        guard argument.hasPrefix("--") else { return argument.count == 2 && argument.hasPrefix("-") }
        let name = String(argument.dropFirst(2).prefix { $0 != "=" })
        return OptionIndex.all.names.contains(name) || ["", "help", "version"].contains(name)
    }

    /// Whether it is an option without a value.
    private static func isFlag(_ argument: String) -> Bool {
        let name = String(argument.dropFirst(2).prefix { $0 != "=" })
        return argument.hasPrefix("--")
            && OptionIndex.all.commands.values.joined().contains { $0.names.contains(name) && !$0.takesValue }
    }

    // MARK: Headers without quotes

    private static let headerOptions = [
        "-C", "-H", "--connect-header", "--header", "--http-header", HeaderCommandOption.connect,
        HeaderCommandOption.http,
    ]

    /// The error for `-C Authorization: Bearer TOKEN` without quotes, which would send the token as a destination.
    static func unquotedHeader(in arguments: [String]) -> ValidationError? {
        for (index, option) in arguments.enumerated().dropLast(2)
        where headerOptions.contains(option) {
            let name = arguments[index + 1]
            guard HeaderArgument.isSecretWithoutValue(name), !arguments[index + 2].hasPrefix("-") else {
                continue
            }
            return ValidationError(
                "\(option): the header has no value; put it in quotes: \(option) '\(visible(name)) ...'")
        }
        return nil
    }
}
