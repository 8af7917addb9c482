/// A version of the STOMP protocol.
public enum STOMPVersion: String, Sendable, Hashable, CaseIterable, Comparable, CustomStringConvertible {
    case v10 = "1.0"
    case v11 = "1.1"
    case v12 = "1.2"

    public static func < (left: STOMPVersion, right: STOMPVersion) -> Bool { left.minor < right.minor }

    private var minor: Int {
        switch self {
        case .v10: 0
        case .v11: 1
        case .v12: 2
        }
    }

    public var description: String { rawValue }

    /// The highest version that both sides speak (STOMP 1.2, "Protocol Negotiation"), or nil when there is none.
    ///
    /// - Parameters:
    ///   - offered: the value of `accept-version`; nil when the header is absent, which means 1.0.
    ///   - supported: what this side speaks.
    public static func negotiate(offered: String?, supported: some Sequence<STOMPVersion>) -> STOMPVersion? {
        guard let offered else { return supported.contains(.v10) ? .v10 : nil }
        let names = offered.split(separator: ",").map { $0.drop(while: { $0 == " " }) }
        return supported.filter { version in names.contains { $0 == version.rawValue } }.max()
    }
}
