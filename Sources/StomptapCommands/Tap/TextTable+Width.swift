import LineEditor
import StomptapOutput

extension TextTable {
    /// Lines whose columns are as wide as a terminal shows them.
    static func lines(_ rows: [[String]]) -> [String] { lines(rows, width: DisplayWidth.of) }
}
