import Synchronization
import SystemC

/// A line on a terminal's stderr that is updated in place, and erased before anything else is printed there.
package enum StatusLine {
    private static let isShown = Mutex(false)

    /// The width available for the line, in cells; nil if stderr is not a terminal with cursor control.
    package static var width: Int? {
        guard Terminal.isTerminal(STDERR_FILENO), getenv("TERM").map({ String(cString: $0) }) != "dumb" else {
            return nil
        }
        // The last cell stays free: some terminals wrap as soon as it is written.
        return max(0, (Terminal.width(STDERR_FILENO) ?? 80) - 1)
    }

    /// Joins parts into one line of `width` cells; parts after the first are left out if they do not fit.
    package static func fitted(_ parts: [String], width: Int) -> String {
        var line = parts.first ?? ""
        for part in parts.dropFirst() where line.count + 2 + part.count <= width { line += "  " + part }
        return String(line.prefix(max(0, width)))
    }

    /// A progress bar for a share from 0 to 1: `[###-------]`.
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
        // A write error is ignored: if stderr is closed, it cannot be reported.
        try? Array(text.utf8).withUnsafeBytes { try DescriptorWriter.standardError.write($0) }
    }
}
