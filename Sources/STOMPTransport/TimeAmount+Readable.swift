import NIOCore

extension TimeAmount {
    /// As a user reads it, rounded: `5 s`, `1.5 s`, `250 ms`.
    package var readable: String {
        let milliseconds = max(0, nanoseconds + 500_000) / 1_000_000
        if milliseconds < 1000 { return "\(milliseconds) ms" }
        let tenths = (milliseconds + 50) / 100
        return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
    }
}
