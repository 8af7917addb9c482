/// How much of a frame a decoder takes before it gives up (STOMP 1.2, "Size Limits"). Sizes are in octets.
public struct FrameLimits: Sendable, Hashable {
    /// The most that ``frame`` can be, and the most that an encoder writes: 1 GiB, which a buffer holds with room to
    /// grow.
    public static let largestFrame = 1 << 30

    /// The longest command or header line, without its end. Default 64 KiB.
    public let line: Int
    /// The most headers of a frame. Default 1000.
    public let headers: Int
    /// The largest frame, from its command to its NUL. Default 16 MiB.
    public let frame: Int

    /// What is negative counts as nothing, and what is above ``largestFrame`` as that.
    public init(line: Int = 64 << 10, headers: Int = 1000, frame: Int = 16 << 20) {
        self.line = min(max(line, 0), Self.largestFrame)
        self.headers = headers
        self.frame = min(max(frame, 0), Self.largestFrame)
    }
}
