/// Makes commands of lines as they come: one each, several where several were pasted, and one of several where a body
/// goes on over them.
struct LineAssembler {
    /// What a line came to.
    struct Item: Sendable {
        /// The line as it was typed, without the lines of a body behind it.
        var source: String
        /// Its number, from 1 on.
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

    /// The largest body that lines may make, in bytes; more is for `@FILE`.
    static let bodyLimit = 64 << 20

    private var pending: Pending?
    /// How many lines were taken.
    private var lines = 0

    /// What ends the body for which lines are being taken: a word or a bracket; nil where none is.
    var delimiter: String? { pending?.end.delimiter }

    /// Takes a line without its end. One that was pasted may hold line ends of its own.
    mutating func append(_ text: String) -> [Item] {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isLineEnd)
        if pending == nil, lines.count > 1, let item = pastedBody(text, lines) { return [item] }
        return lines.compactMap { append(line: $0) }
    }

    /// Takes the text of `-e`: its lines, each of which may hold several commands.
    mutating func append(script: String) -> [Item] {
        var items: [Item] = []
        for line in script.split(omittingEmptySubsequences: false, whereSeparator: \.isLineEnd) {
            for piece in ScriptSplitter.pieces(of: line, from: endOfBody(in: line)) {
                if let item = append(line: piece) { items.append(item) }
            }
        }
        return items
    }

    /// Where the body that is being taken ends in this line, or goes beyond it.
    private func endOfBody(in line: Substring) -> Substring.Index {
        switch pending?.end {
        case nil: line.startIndex
        case .word: line.endIndex
        case .brackets(var brackets): brackets.append(line)?.startIndex ?? line.endIndex
        }
    }

    /// Forgets a body that is not finished; its line, as a fault, where there was one.
    mutating func end() -> Item? {
        defer { pending = nil }
        return pending.map { pending in
            pending.item { () throws(LineError) in throw LineError(pending.end.fault) }
        }
    }

    private mutating func append(line: Substring) -> Item? {
        lines += 1
        if var pending {
            // Held once, so that its lines are not copied.
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
                throw LineError("the body has more than \(bodyLimit) octets: send it as @FILE")
            }
        }
        pending.body.append(line)
        return nil
    }

    /// Several lines that are one: a body was pasted behind its destination. Where each line is a command, they are
    /// several.
    private func pastedBody(_ text: String, _ lines: [Substring]) -> Item? {
        guard let first = lines.first, entry(of: first)?.takesBody == true, !LineParser.goesOn(first),
            !lines.dropFirst().allSatisfy(isLine),
            case .command(let command)? = try? LineParser.parse(text)
        else { return nil }
        return Item(source: String(first), line: self.lines + 1, command: .success(command))
    }

    /// Whether this is something to do, or nothing at all.
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
