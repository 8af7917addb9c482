import STOMPTransport

/// The template of `-F`, compiled once; its syntax follows `mosquitto_sub`.
///
/// `%d` destination, `%b` body, `%x` body in hexadecimal, `%l` size of the body in bytes, `%j` JSON object, `%J` the
/// same indented, `%t` time in the style of `--timestamps`, `%I` time in ISO 8601, `%U` seconds since 1970 with
/// nanoseconds, `%s` subscription, `%i` message-id, `%{name}` any header, `%{.a.b[0]}` a value from a JSON body,
/// `%c` command, `%w` direction (`in` and `out`; with `tap` `to-server` and `to-app`), with `tap` `%n` the
/// connection's number and `%a` the app's address, `%%` a percent sign; `\n`, `\t`, `\0` and `\\`. A missing header
/// or value is empty; a string value has no quotes.
package struct FormatTemplate: Sendable {
    package enum Piece: Sendable, Equatable {
        case text([UInt8])
        case header(String)
        case value(JSONPath)
        case body, hexadecimalBody, size
        case json(isIndented: Bool)
        case time, isoTime, epoch
        case command, way, connection, app
    }

    package let pieces: [Piece]

    /// Whether the template prints complete bodies.
    var hasBody: Bool {
        pieces.contains { piece in
            switch piece {
            case .body, .hexadecimalBody, .json: true
            default: false
            }
        }
    }

    /// - Throws: ``FormatTemplateError``, for an unknown or incomplete directive.
    package init(_ template: String) throws(FormatTemplateError) {
        var compiler = Compiler(characters: Array(template))
        pieces = try compiler.compile()
    }

    private struct Compiler {
        let characters: [Character]
        var index = 0
        var pieces: [Piece] = []
        var text: [UInt8] = []

        init(characters: [Character]) {
            self.characters = characters
        }

        mutating func compile() throws(FormatTemplateError) -> [Piece] {
            while let character = next() {
                switch character {
                case "%": try readDirective()
                case "\\": try readEscape()
                default: text.append(contentsOf: character.utf8)
                }
            }
            finishText()
            return pieces
        }

        private mutating func next() -> Character? {
            guard index < characters.count else { return nil }
            defer { index += 1 }
            return characters[index]
        }

        private mutating func readDirective() throws(FormatTemplateError) {
            let position = index
            let piece: Piece
            switch next() {
            case "%":
                text.append(UInt8(ascii: "%"))
                return
            case "d": piece = .header("destination")
            case "s": piece = .header("subscription")
            case "i": piece = .header("message-id")
            case "{":
                let name = try readName(from: position)
                if name.first == "." {
                    guard let path = JSONPath(name) else {
                        throw FormatTemplateError(
                            position: position, message: "invalid path \(name); a path is like %{.a.b[0]}")
                    }
                    piece = .value(path)
                } else {
                    piece = .header(name)
                }
            case "b": piece = .body
            case "x": piece = .hexadecimalBody
            case "l": piece = .size
            case "j": piece = .json(isIndented: false)
            case "J": piece = .json(isIndented: true)
            case "t": piece = .time
            case "I": piece = .isoTime
            case "U": piece = .epoch
            case "c": piece = .command
            case "w": piece = .way
            case "n": piece = .connection
            case "a": piece = .app
            case let other?: throw FormatTemplateError(position: position, message: "unknown %\(other)")
            case nil: throw FormatTemplateError(position: position, message: "% without a letter; %% is a percent sign")
            }
            finishText()
            pieces.append(piece)
        }

        private mutating func readName(from position: Int) throws(FormatTemplateError) -> String {
            var name = ""
            while let character = next() {
                guard character == "}" else {
                    name.append(character)
                    continue
                }
                guard !name.isEmpty else {
                    throw FormatTemplateError(position: position, message: "missing header name in %{}")
                }
                return name
            }
            throw FormatTemplateError(position: position, message: "missing } after %{")
        }

        private mutating func readEscape() throws(FormatTemplateError) {
            let position = index
            switch next() {
            case "n": text.append(UInt8(ascii: "\n"))
            case "t": text.append(UInt8(ascii: "\t"))
            case "0": text.append(0)
            case "\\": text.append(UInt8(ascii: "\\"))
            case let other?: throw FormatTemplateError(position: position, message: "unknown escape \\\(other)")
            case nil: throw FormatTemplateError(position: position, message: "\\ without a letter; \\\\ is a backslash")
            }
        }

        private mutating func finishText() {
            if !text.isEmpty { pieces.append(.text(text)) }
            text = []
        }
    }
}

/// Why a format is invalid.
package struct FormatTemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The position of the fault in characters, counted from 1.
    let position: Int
    package let message: String

    package var description: String { "\(message) (at character \(position) of the format)" }
}
