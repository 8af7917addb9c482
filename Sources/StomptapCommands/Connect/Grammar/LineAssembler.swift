/// Makes commands of lines as they come: one each, several where several were pasted, and one of several where a body
/// goes on over them.
struct LineAssembler {
    /// What a line came to.
    struct Item: Sendable {
        /// The line as it was typed, without the lines of a body behind it.
        var source: String
        var command: Swift.Result<LineCommand, LineError>
    }

    private struct Pending {
        var source: String
        var delimiter: String
        var body: [Substring] = []
        var octets = 0
        var finish: @Sendable (String) throws(LineError) -> LineCommand
    }

    /// The largest body that lines may make, in octets; more is for `@FILE`.
    static let bodyLimit = 64 << 20

    private var pending: Pending?

    /// The word that ends the body for which lines are being taken; nil where none is.
    var delimiter: String? { pending?.delimiter }

    /// Takes a line without its end. One that was pasted may hold line ends of its own.
    mutating func take(_ text: String) -> [Item] {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isLineEnd)
        if pending == nil, lines.count > 1, let item = pastedBody(text, lines) { return [item] }
        return lines.compactMap { take(line: $0) }
    }

    /// Forgets a body that is not finished; its line, as a fault, where there was one.
    mutating func end() -> Item? {
        defer { pending = nil }
        return pending.map {
            Item(source: $0.source, command: .failure(LineError("no line \($0.delimiter) has ended the body")))
        }
    }

    private mutating func take(line: Substring) -> Item? {
        if var pending {
            self.pending = nil
            if line == pending.delimiter {
                let body = pending.body.joined(separator: "\n")
                return Item(
                    source: pending.source, command: Swift.Result { () throws(LineError) in try pending.finish(body) })
            }
            pending.octets += line.utf8.count + 1
            guard pending.octets <= Self.bodyLimit else {
                return Item(
                    source: pending.source,
                    command: .failure(LineError("the body has more than \(Self.bodyLimit) octets: send it as @FILE")))
            }
            pending.body.append(line)
            self.pending = pending
            return nil
        }
        let source = String(line)
        do throws(LineError) {
            switch try LineParser.parse(line) {
            case nil: return nil
            case .command(let command): return Item(source: source, command: .success(command))
            case .unfinished(let delimiter, let finish):
                pending = Pending(source: source, delimiter: delimiter, finish: finish)
                return nil
            }
        } catch {
            return Item(source: source, command: .failure(error))
        }
    }

    /// Several lines that are one: a body was pasted behind its destination. Where each line is a command, they are
    /// several.
    private func pastedBody(_ text: String, _ lines: [Substring]) -> Item? {
        guard let first = lines.first, entry(of: first)?.takesBody == true,
            LineParser.delimiter(of: String(first)) == nil,
            !lines.dropFirst().allSatisfy(isLine),
            case .command(let command)? = try? LineParser.parse(text)
        else { return nil }
        return Item(source: String(first), command: .success(command))
    }

    /// Whether this is something to do, or nothing at all.
    private func isLine(_ line: Substring) -> Bool {
        let line = line.drop(while: \.isBlank)
        return line.isEmpty || line.first == "#" || entry(of: line) != nil
    }

    private func entry(of line: Substring) -> CommandEntry? {
        var words = LineWords(line)
        guard let name = try? words.take() else { return nil }
        return CommandTable.entry(name)
    }
}
