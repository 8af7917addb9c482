import NIOCore
import StomptapOutput

@testable import StomptapConsole

/// Fuzzes the prompt's lines: words, commands, bodies of several lines, scripts, completion.
func fuzzLines(_ input: FuzzInput) {
    let text = input.text
    var assembler = LineAssembler()
    var items = assembler.append(text)
    if let last = assembler.end() { items.append(last) }
    for item in items {
        if case .failure(let error) = item.command { check(isHarmless: ErrorLine.text("\(error)"), except: "\n") }
    }
    checkLinesOneByOne(text)
    checkScript(text)

    let typed = TypedLine(text)
    for word in ["/topic/a b", typed.value + "'x\"", "--header", "안녕"] {
        guard let completed = typed.text(for: word), !typed.isRest else { continue }
        var words = LineWords(text.dropLast(typed.typed.count) + completed)
        for _ in typed.before { _ = words.takeStart() }
        precondition(words.takeStart()?.word == word && words.isEmpty, "a completed word is parsed differently")
    }
}

/// Checks that a script with one command a line gives the same result as its lines one by one.
private func checkLinesOneByOne(_ text: String) {
    guard !text.contains(";") else { return }
    var one = LineAssembler()
    var other = LineAssembler()
    let script = one.append(script: text)
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isLineEnd)
    let typed = lines.flatMap { other.append(String($0)) }
    precondition(script.count == typed.count && one.delimiter == other.delimiter, "a script has other lines")
    for (one, other) in zip(script, typed) {
        precondition(one.source == other.source && one.line == other.line, "a script line differs")
    }
}

/// Checks that the pieces of a line are in order, with only separators and blanks between them.
private func checkScript(_ text: String) {
    let line = text[...]
    let pieces = ScriptSplitter.pieces(of: line, from: line.startIndex)
    var end = line.startIndex
    for piece in pieces {
        precondition(piece.startIndex >= end, "pieces of a line overlap")
        precondition(line[end..<piece.startIndex].allSatisfy { $0 == ";" || $0.isBlank }, "part of a line is lost")
        end = piece.endIndex
    }
    precondition(line[end...].allSatisfy { $0 == ";" || $0.isBlank }, "the end of a line is lost")
}
