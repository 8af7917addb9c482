import StomptapOutput
import StomptapRuntime

extension CommandTable {
    static let looking = [
        CommandEntry(
            name: "show", synopsis: "last [COUNT] | N | N-M", summary: "show messages that have come",
            details: """
                Shows the last message, the last COUNT, or those with these numbers, also such as were
                only counted. The last 10000 are kept, as far as they take no more than 64 MiB.
                """,
            examples: ["show last", "show last 5", "show 17", "show 17-20"], operands: [.message, .other]
        ) { arguments throws(LineError) in
            let text = arguments.next() ?? "last"
            guard text == "last" else { return .show(.numbers(try range(text))) }
            return .show(
                .last(
                    try arguments.next().map { count throws(LineError) in
                        try LineArguments.number(count, "how many")
                    } ?? 1))
        },
        CommandEntry(
            name: "grep", synopsis: "REGEX", summary: "find messages by their bodies",
            details: """
                A line for each of the kept messages whose body matches: its number, for 'show', its
                destination, and the beginning of its body. The regular expression is Swift's, which is
                Perl's but for rare things; (?i) before it takes letters in any case.
                """,
            examples: ["grep error", #"grep "id": 4\d+"#, "grep (?i)timeout"], operands: [.other], takesRest: true
        ) { arguments throws(LineError) in .grep(try arguments.pattern()) },
        CommandEntry(
            name: "save", synopsis: "FILE", summary: "write the messages that have come to a file",
            details: """
                Writes all kept messages, a JSON object a line, as '-o json' prints them. A file of that
                name is replaced.
                """,
            examples: ["save orders.jsonl"], operands: [.file]
        ) { arguments throws(LineError) in .save(try arguments.next("a file name")) },
        CommandEntry(
            name: "set", synopsis: "[output FORM | format STRING | timestamps FORM | verbose 0-3 | color WHEN]",
            summary: "set how it prints",
            details: """
                output      pretty, json, body, raw or none
                format      a template, as -F has it
                timestamps  local, utc, relative, delta or none
                verbose     0; 1 STOMP frames both ways; 2 also handshakes, control frames, heart-beats;
                            3 also hex, on the connections that are opened from then on
                color       auto, always or never
                Alone it tells what is set.
                """,
            examples: ["set output json", "set format '%d %b'", "set verbose 1", "set"],
            operands: [.setting, .settingValue], takesRest: true
        ) { arguments throws(LineError) in
            guard let name = arguments.next() else { return .set(nil) }
            return .set(try LineSetting(name, value: arguments.rest))
        },
        CommandEntry(
            name: "pause", summary: "print no messages until 'resume'",
            details: "Messages are taken and counted as before; 'show' and 'grep' find them.", examples: ["pause"]
        ) { _ throws(LineError) in .pause },
        CommandEntry(
            name: "resume", summary: "print messages again",
            details: "Ends 'pause', and tells how many came meanwhile.",
            examples: ["resume"]
        ) { _ throws(LineError) in .resume },
    ]

    private static func range(_ text: String) throws(LineError) -> ClosedRange<Int> {
        let numbers = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        var bounds: [Int] = []
        for number in numbers {
            let digits = number.hasPrefix("#") ? number.dropFirst() : number
            bounds.append(try LineArguments.number(String(digits), "a message, unless it is 'last',"))
        }
        let lower = bounds.first ?? 1
        return lower...max(lower, bounds.last ?? lower)
    }
}

extension LineSetting {
    static let names = ["output", "format", "timestamps", "verbose", "color"]

    /// The values that a setting can have; none where it is free.
    static func values(of name: String) -> [String] {
        switch name {
        case "output": OutputName.allCases.map(\.rawValue)
        case "timestamps": TimestampStyle.allCases.map(\.rawValue)
        case "verbose": ["0", "1", "2", "3"]
        case "color": ColorChoice.allCases.map(\.rawValue)
        default: []
        }
    }

    init(_ name: String, value: String?) throws(LineError) {
        guard Self.names.contains(name) else {
            let nearest = EditDistance.nearest(to: name, among: Self.names)
            throw LineError(
                "there is no setting \(name.debugDescription)"
                    + (nearest.map { "; did you mean \($0)?" } ?? "; they are \(Self.names.joined(separator: ", "))"),
                isHelpful: true)
        }
        let value = value.map(Self.unquoted) ?? ""
        if name == "format" {
            guard !value.isEmpty else { throw LineError("format wants a template, such as '%d %b'", isHelpful: true) }
            do throws(FormatTemplateError) {
                _ = try FormatTemplate(value)
            } catch {
                throw LineError("\(error)", isHelpful: true)
            }
            self = .format(value)
        } else if let setting = Self.fixed(name, value) {
            self = setting
        } else {
            let values = Self.values(of: name)
            throw LineError(
                "\(name) is \(values.dropLast().joined(separator: ", ")) or \(values.last ?? "")"
                    + (value.isEmpty ? "" : ", and not \(value.debugDescription)"), isHelpful: true)
        }
    }

    /// The word, where the value is a single one, in quotes or not; otherwise all of it as it stands there.
    private static func unquoted(_ value: String) -> String {
        var words = LineWords(value)
        guard let word = try? words.take(), words.isEmpty else { return value }
        return word
    }

    private static func fixed(_ name: String, _ value: String) -> LineSetting? {
        switch name {
        case "output": OutputName(rawValue: value).map { .output($0) }
        case "timestamps": TimestampStyle(rawValue: value).map { .timestamps($0) }
        case "verbose": Int(value).flatMap { (0...3).contains($0) ? .verbose($0) : nil }
        default: ColorChoice(rawValue: value).map { .color($0) }
        }
    }
}
