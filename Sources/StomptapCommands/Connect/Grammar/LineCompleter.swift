import LineEditor
import STOMPClient
import STOMPCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What Tab offers, by the ``CommandTable`` and what was seen in the session.
struct LineCompleter {
    var subscriptions: [Link.Wanted]
    /// Destinations on which messages came, or to which they were sent.
    var destinations: Set<String>
    /// Names of headers that came.
    var headers: Set<String>

    /// Headers that many use.
    private static let usualHeaders = [
        "content-type", "correlation-id", "persistent", "priority", "receipt", "reply-to", "selector",
    ]

    func completions(of request: CompletionRequest) -> [Completion] {
        // In the middle of a quoted value there is nothing to offer.
        guard let before = words(before: request) else { return [] }
        guard let name = before.first else { return matching(CommandTable.names, request.word).map { Completion($0) } }
        guard let entry = CommandTable.entry(name) else { return [] }
        if let last = before.last, before.count > 1, let option = entry.option(named: last) {
            return candidates(at: option.place, request.word, before)
        }
        let operands = operands(before.dropFirst(), of: entry)
        if request.word.hasPrefix("-"), !entry.takesRest || operands.isEmpty {
            return matching(entry.options.flatMap(\.names), request.word).map { Completion($0) }
        }
        guard operands.count < entry.operands.count else { return [] }
        return candidates(at: entry.operands[operands.count], request.word, before)
    }

    /// The words before the one being typed; nil where a quote is open.
    private func words(before request: CompletionRequest) -> [String]? {
        var rest = LineWords(request.line.dropLast(request.word.count))
        var words: [String] = []
        do throws(LineError) {
            while let word = try rest.take() { words.append(word) }
            return words
        } catch {
            return nil
        }
    }

    /// The words that are neither options nor their values.
    private func operands(_ words: ArraySlice<String>, of entry: CommandEntry) -> [String] {
        var operands: [String] = []
        var isValue = false
        for word in words {
            if isValue {
                isValue = false
            } else if word.hasPrefix("-"), operands.isEmpty || !entry.takesRest {
                isValue = entry.option(named: word) != nil
            } else {
                operands.append(word)
            }
        }
        return operands
    }

    private func candidates(at place: CommandEntry.Place, _ word: String, _ before: some Collection<String>)
        -> [Completion]
    {
        switch place {
        case .destination: matching(known, word).map { Completion($0) }
        case .subscription:
            matching(subscriptions.map(\.id) + Set(subscriptions.map(\.destination)).sorted(), word).map {
                Completion($0)
            }
        case .message: matching(["last"], word).map { Completion($0) }
        case .header: headerNames(word)
        case .ackMode: matching(AckMode.allCases.map(\.rawValue), word).map { Completion($0) }
        case .contentType:
            matching(["application/json", "application/octet-stream", "text/plain"], word).map { Completion($0) }
        case .file: files(word)
        case .url:
            matching(Endpoint.Scheme.allCases.map { "\($0.rawValue)://" }, word).map { Completion($0, suffix: "") }
        case .command: matching(CommandTable.names, word).map { Completion($0) }
        case .setting: matching(LineSetting.names, word).map { Completion($0) }
        case .settingValue:
            matching(before.dropFirst().first.map { LineSetting.values(of: $0) } ?? [], word).map { Completion($0) }
        case .other: []
        }
    }

    private var known: [String] {
        destinations.union(subscriptions.map(\.destination)).sorted()
    }

    private func matching(_ words: [String], _ prefix: String) -> [String] { words.filter { $0.hasPrefix(prefix) } }

    /// `'name: `, with the quote that a blank in the value needs.
    private func headerNames(_ word: String) -> [Completion] {
        let quote = word.first == "\"" ? "\"" : "'"
        let names = headers.union(Self.usualHeaders).union(subscriptions.flatMap { $0.headers.map(\.name) })
        let typed = word.first == "\"" || word.first == "'" ? String(word.dropFirst()) : word
        return matching(names.sorted(), typed).map { name in
            // What stands there already stays, quote or none.
            Completion(
                word.isEmpty || word != typed ? "\(quote)\(name):" : "\(name):", label: name,
                suffix: word.isEmpty || word != typed ? " " : "")
        }
    }

    /// Files behind `@`, or alone where a file name stands.
    private func files(_ word: String) -> [Completion] {
        let mark = word.hasPrefix("@") ? "@" : ""
        let typed = String(word.dropFirst(mark.count))
        let folder = typed.lastIndex(of: "/").map { String(typed[...$0]) } ?? ""
        let start = typed.dropFirst(folder.count)
        guard let entries = opendir(folder.isEmpty ? "." : FilePath.expanded(folder)) else { return [] }
        defer { closedir(entries) }
        var found: [Completion] = []
        while let entry = readdir(entries), found.count < 1000 {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { octets in
                String(decoding: octets.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasPrefix(start), name != ".", name != "..", start.hasPrefix(".") || !name.hasPrefix(".") else {
                continue
            }
            let isFolder = entry.pointee.d_type == UInt8(DT_DIR)
            let path = mark + folder + name + (isFolder ? "/" : "")
            found.append(Completion(path, label: name + (isFolder ? "/" : ""), suffix: isFolder ? "" : " "))
        }
        return found.sorted { $0.word < $1.word }
    }
}
