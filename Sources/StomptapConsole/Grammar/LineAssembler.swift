/// Turns lines into commands: one for each line, several if several lines were pasted, and one for several lines if
/// a body continues over them.
struct LineAssembler {
    /// The result of one or more lines.
    struct Item: Sendable {
        /// The line as typed, without the lines of a body after it.
        var source: String
        /// Its line number, from 1.
        var line: Int
        var command: Swift.Result<LineCommand, LineError>
    }

    private struct Pending {
        var source: String
        var line: Int
        var end: LineParser.BodyEnd
        var body: [Substring]
        var bytes = 0
        var finish: @Sendable (String) throws(LineError) -> LineCommand

        func item(_ command: () throws(LineError) -> LineCommand) -> Item {
            Item(source: source, line: line, command: Swift.Result(catching: command))
        }
    }

    /// The maximum size of a body given in lines, in bytes; larger bodies need `@FILE`.
    static let bodyLimit = 64 << 20

    private var pending: Pending?
    /// The number of lines read.
    private var lines = 0

    /// The word or bracket that ends the body being read; nil if none is being read.
    var delimiter: String? { pending?.end.delimiter }

    /// Appends a line without its line end. A pasted text may contain line ends of its own.
    mutating func append(_ text: String) -> [Item] {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isLineEnd)
        if pending == nil, lines.count > 1, let item = pastedBody(text, lines) { return [item] }
        return lines.compactMap { append(line: $0) }
    }

    /// Appends the text of `-e`: its lines, each of which may contain several commands.
    mutating func append(script: String) -> [Item] {
        var items: [Item] = []
        for line in script.split(omittingEmptySubsequences: false, whereSeparator: \.isLineEnd) {
            for piece in ScriptSplitter.pieces(of: line, from: endOfBody(in: line)) {
                if let item = append(line: piece) { items.append(item) }
            }
        }
        return items
    }

    /// The index in this line where the body being read ends; the end of the line if the body continues.
    private func endOfBody(in line: Substring) -> Substring.Index {
        switch pending?.end {
        case nil: line.startIndex
        case .word: line.endIndex
        case .brackets(var brackets): brackets.append(line)?.startIndex ?? line.endIndex
        }
    }

    /// Discards an unfinished body. Returns its line as an error; nil if there was none.
    mutating func end() -> Item? {
        defer { pending = nil }
        return pending.map { pending in
            pending.item { () throws(LineError) in throw LineError(pending.end.fault) }
        }
    }

    private mutating func append(line: Substring) -> Item? {
        lines += 1
        if var pending {
            // Cleared first, so that there is only one reference and the lines are not copied.
            self.pending = nil
            let item = Self.append(line, of: &pending)
            if item == nil { self.pending = pending }
            return item
        }
        let source = String(line)
        do throws(LineError) {
            switch try LineParser.parse(line) {
            case nil: return nil
            case .command(let command): return Item(source: source, line: lines, command: .success(command))
            case .unfinished(let end, let body, let finish):
                pending = Pending(source: source, line: lines, end: end, body: body.map { [$0] } ?? [], finish: finish)
                return nil
            }
        } catch {
            return Item(source: source, line: lines, command: .failure(error))
        }
    }

    private static func append(_ line: Substring, of pending: inout Pending) -> Item? {
        var isLast = false
        switch pending.end {
        case .word(let word): isLast = line == word
        case .brackets(var brackets):
            isLast = brackets.append(line) != nil
            pending.end = .brackets(brackets)
            if isLast { pending.body.append(line) }
        }
        if isLast {
            return pending.item { [pending] () throws(LineError) in
                try pending.finish(pending.body.joined(separator: "\n"))
            }
        }
        pending.bytes += line.utf8.count + 1
        guard pending.bytes <= bodyLimit else {
            return pending.item { () throws(LineError) in
                throw LineError("the body is larger than \(bodyLimit) bytes; send it as @FILE")
            }
        }
        pending.body.append(line)
        return nil
    }

    /// The command if a body was pasted after its destination, so that several lines are one command; nil if each
    /// line is a command of its own.
    private func pastedBody(_ text: String, _ lines: [Substring]) -> Item? {
        guard let first = lines.first, entry(of: first)?.hasBody == true, !LineParser.goesOn(first),
            !lines.dropFirst().allSatisfy(isLine),
            case .command(let command)? = try? LineParser.parse(text)
        else { return nil }
        return Item(source: String(first), line: self.lines + 1, command: .success(command))
    }

    /// Whether this line is a command, a comment or empty.
    private func isLine(_ line: Substring) -> Bool {
        let line = line.drop(while: \.isBlank)
        return line.isEmpty || line.first == "#" || entry(of: line) != nil
    }

    private func entry(of line: Substring) -> CommandEntry? {
        var words = LineWords(line)
        guard let name = try? words.nextArgument() else { return nil }
        return CommandTable.entry(name)
    }
}
