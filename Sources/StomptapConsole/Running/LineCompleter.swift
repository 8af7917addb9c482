import LineEditor
import STOMPClient
import STOMPCore
import SystemC

/// Completions for Tab, from the ``CommandTable`` and from names seen in the session.
struct LineCompleter {
    var subscriptions: [ReconnectingSession.Wanted]
    /// Destinations of messages received or sent.
    var destinations: Set<String>
    /// Names of headers received.
    var headers: Set<String>

    /// Common header names.
    private static let usualHeaders = [
        "content-type", "correlation-id", "persistent", "priority", "receipt", "reply-to", "selector",
    ]

    /// The word up to the cursor that Tab completes.
    static func word(of line: String) -> String { TypedLine(line).typed }

    func completions(of request: CompletionRequest) -> [Completion] {
        let line = TypedLine(request.line)
        let before = line.before
        guard let name = before.first else { return completions(CommandTable.names, line) }
        guard let entry = CommandTable.entry(name) else { return [] }
        if let last = before.last, before.count > 1, let option = entry.option(named: last) {
            return candidates(at: option.place, line)
        }
        let operands = entry.operands(of: before.dropFirst())
        if line.typed.hasPrefix("-"), !entry.hasRest || operands.isEmpty {
            return entry.options.flatMap(\.names).filter { $0.hasPrefix(line.typed) }.map { Completion($0) }
        }
        guard operands.count < entry.operands.count else { return [] }
        let place = entry.operands[operands.count]
        // A body is a file only after @.
        if place == .file, entry.hasBody, !line.typed.hasPrefix("@") { return [] }
        return candidates(at: place, line)
    }

    private func candidates(at place: CommandEntry.Place, _ line: TypedLine) -> [Completion] {
        switch place {
        case .destination: completions(known, line)
        case .subscription:
            completions(subscriptions.map(\.id) + Set(subscriptions.map(\.destination)).sorted(), line)
        case .message: completions(["last"], line)
        case .header: headerNames(line)
        case .ackMode: completions(AckMode.allCases.map(\.rawValue), line)
        case .contentType: completions(["application/json", "application/octet-stream", "text/plain"], line)
        case .file: files(line)
        case .url: completions(Endpoint.Scheme.allCases.map { "\($0.rawValue)://" }, line, suffix: "")
        case .command: completions(CommandTable.names, line)
        case .setting: completions(LineSetting.names, line)
        case .settingValue: completions(line.before.dropFirst().first.map { LineSetting.values(of: $0) } ?? [], line)
        case .other: []
        }
    }

    private var known: [String] {
        destinations.union(subscriptions.map(\.destination)).sorted()
    }

    /// The words that start with the typed text, quoted for the line.
    private func completions(_ words: [String], _ line: TypedLine, suffix: String = " ") -> [Completion] {
        words.compactMap { word in line.text(for: word).map { Completion($0, label: word, suffix: suffix) } }
    }

    /// `'name: `, with the quote that is needed if the value contains blanks.
    private func headerNames(_ line: TypedLine) -> [Completion] {
        let quote = line.openQuote ?? "'"
        let isQuoted = line.typed.isEmpty || line.typed == "\(quote)\(line.value)"
        let names = headers.union(Self.usualHeaders).union(subscriptions.flatMap { $0.headers.map(\.name) })
        return names.sorted().filter(Self.isPlain).compactMap { name in
            // The typed text stays unchanged, with or without a quote.
            guard name.hasPrefix(line.value), isQuoted || line.typed == line.value else { return nil }
            return Completion(isQuoted ? "\(quote)\(name):" : "\(name):", label: name, suffix: isQuoted ? " " : "")
        }
    }

    /// Whether a header name can be used before the colon without quotes.
    private static func isPlain(_ name: String) -> Bool {
        !name.isEmpty
            && name.unicodeScalars.allSatisfy { scalar in
                !scalar.properties.isWhitespace && !"'\"\\:".unicodeScalars.contains(scalar)
            }
    }

    /// Files after `@` in a body, or without `@` where a file name is expected.
    private func files(_ line: TypedLine) -> [Completion] {
        let mark = line.isRest ? "@" : ""
        let typed = String(line.value.dropFirst(mark.count))
        let folder = typed.lastIndex(of: "/").map { String(typed[...$0]) } ?? ""
        let start = typed.dropFirst(folder.count)
        guard let entries = opendir(folder.isEmpty ? "." : FilePath.expanded(folder)) else { return [] }
        defer { closedir(entries) }
        var found: [Completion] = []
        while let entry = readdir(entries), found.count < 1000 {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasPrefix(start), name != ".", name != "..", start.hasPrefix(".") || !name.hasPrefix(".") else {
                continue
            }
            let isFolder = entry.pointee.d_type == UInt8(DT_DIR)
            guard let path = line.text(for: mark + folder + name + (isFolder ? "/" : "")) else { continue }
            found.append(Completion(path, label: name + (isFolder ? "/" : ""), suffix: isFolder ? "" : " "))
        }
        return found.sorted { $0.word < $1.word }
    }
}
