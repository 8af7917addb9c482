import Synchronization
import SystemC

/// A line on a terminal's stderr that is written over again and again, and makes way for whatever else is told there.
package enum StatusLine {
    private static let isShown = Mutex(false)

    /// How many cells such a line may take; nil where stderr is no terminal that lines can be written over on.
    package static var width: Int? {
        guard Terminal.isTerminal(STDERR_FILENO), getenv("TERM").map({ String(cString: $0) }) != "dumb" else {
            return nil
        }
        // The last cell stays free: some terminals go on to the next line when it is written.
        return max(0, (Terminal.width(STDERR_FILENO) ?? 80) - 1)
    }

    /// Parts side by side in `width` cells: of those behind the first, what has no room is left out.
    package static func fitted(_ parts: [String], width: Int) -> String {
        var line = parts.first ?? ""
        for part in parts.dropFirst() where line.count + 2 + part.count <= width { line += "  " + part }
        return String(line.prefix(max(0, width)))
    }

    /// How much is done, from 0 to 1: `[###-------]`.
    package static func bar(_ share: Double) -> String {
        let filled = min(10, max(0, Int(share * 10)))
        return "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: 10 - filled) + "]"
    }

    package static func show(_ text: String) {
        isShown.withLock { isShown in
            write("\r\(text)\u{1B}[K")
            isShown = true
        }
    }

    package static func erase() {
        isShown.withLock { isShown in
            if isShown { write("\r\u{1B}[K") }
            isShown = false
        }
    }

    private static func write(_ text: String) {
        // Where stderr is closed there is nobody to tell.
        try? Array(text.utf8).withUnsafeBytes { try DescriptorWriter.standardError.write($0) }
    }
}
