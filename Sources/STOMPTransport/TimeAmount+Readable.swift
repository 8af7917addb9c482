import NIOCore

extension TimeAmount {
    /// As a user reads it: `5 s`, `1.5 s`, `250 ms`.
    package var readable: String {
        let milliseconds = nanoseconds / 1_000_000
        if milliseconds < 1000 { return "\(milliseconds) ms" }
        let tenths = milliseconds % 1000 / 100
        return tenths == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds / 1000).\(tenths) s"
    }
}
