/// The brackets of a body that goes on in the next lines until they are closed, as JSON is written by many programs.
///
/// `{` and `[` count alike; those inside a JSON string, which ends with its line, do not.
struct Brackets: Sendable {
    private var depth = 0
    /// What closes the outermost of them.
    private(set) var closing: Character = "}"

    /// The brackets that the first line of a body leaves open; nil where the body ends with that line.
    ///
    /// It goes on where the line ends in an open bracket, or in a comma inside one: what ends otherwise may be wrong on
    /// purpose.
    init?(firstLine: some StringProtocol) {
        guard let last = firstLine.last(where: { !$0.isBlank }), "{[,".contains(last) else { return nil }
        let isInString = scan(firstLine[...]) { _ in false }
        guard depth > 0, !isInString else { return nil }
    }

    /// Takes a line of the body, up to where it closes the last bracket.
    ///
    /// - Returns: what stands behind that bracket; nil where the body goes on.
    mutating func take(_ line: Substring) -> Substring? {
        var rest: Substring?
        scan(line) { index in
            rest = line[line.index(after: index)...]
            return true
        }
        return rest
    }

    /// Returns whether the line ends inside a string.
    ///
    /// - Parameter closed: told where the last bracket is closed; whether that is far enough.
    @discardableResult
    private mutating func scan<Text: StringProtocol>(_ line: Text, closed: (Text.Index) -> Bool) -> Bool {
        var isInString = false
        var isEscaped = false
        for index in line.indices {
            let character = line[index]
            if isEscaped {
                isEscaped = false
            } else if isInString, character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                isInString.toggle()
            } else if !isInString, character == "{" || character == "[" {
                if depth == 0 { closing = character == "{" ? "}" : "]" }
                depth += 1
            } else if !isInString, character == "}" || character == "]", depth > 0 {
                depth -= 1
                if depth == 0, closed(index) { return false }
            }
        }
        return isInString
    }
}
