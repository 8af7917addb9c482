/// How much of a frame a decoder takes before it gives up (STOMP 1.2, "Size Limits"). Sizes are in octets.
public struct FrameLimits: Sendable, Hashable {
    /// The longest command or header line, without its end. Default 64 KiB.
    public var line: Int
    /// The most headers of a frame. Default 1000.
    public var headers: Int
    /// The largest frame, from its command to its NUL. Default 16 MiB.
    public var frame: Int

    public init(line: Int = 64 << 10, headers: Int = 1000, frame: Int = 16 << 20) {
        self.line = line
        self.headers = headers
        self.frame = frame
    }
}
