/// What a client says in CONNECT.
public struct SessionConfiguration: Sendable, Hashable {
    /// The versions to accept. Default all.
    public var versions: [STOMPVersion] = STOMPVersion.allCases
    /// The `host` header: the virtual host.
    public var virtualHost: String
    public var login: String?
    public var passcode: String?
    /// What this side offers and wants, in milliseconds. Default 10000,10000.
    public var heartBeat = HeartBeat(outgoing: 10_000, incoming: 10_000)
    /// Further headers, in their order. One that has the name of a header above replaces it.
    public var headers: HeaderList = [:]

    public init(virtualHost: String) {
        self.virtualHost = virtualHost
    }

    /// All headers of CONNECT.
    var connectHeaders: HeaderList {
        var list: HeaderList = [
            "accept-version": versions.sorted().map(\.rawValue).joined(separator: ","), "host": virtualHost,
        ]
        list["login"] = login
        list["passcode"] = passcode
        if versions != [.v10] { list["heart-beat"] = heartBeat.description }
        var replaceable = Set(list.map(\.name))
        for header in headers {
            if replaceable.remove(header.name) != nil {
                list[header.name] = header.value
            } else {
                list.append(header.name, header.value)
            }
        }
        return list
    }
}

/// What a server said in CONNECTED, and what was agreed by it.
public struct Handshake: Sendable {
    public let version: STOMPVersion
    /// What both sides keep from now on, this side's view.
    public let heartBeat: HeartBeat
    /// The frame itself.
    public let frame: Frame

    /// Name and version of the server, where it says.
    public var server: String? { frame.headers["server"] }
    /// The session's id, where the server gives one.
    public var session: String? { frame.headers["session"] }

    /// Whether the server can be expected to answer receipts. One that names neither itself nor the session is taken
    /// for Spring's simple broker, which answers only the receipt of DISCONNECT.
    public var answersReceipts: Bool { server != nil || session != nil }
}

/// How a subscription acknowledges its messages (STOMP 1.2, "SUBSCRIBE ack Header").
public enum AckMode: String, Sendable, Hashable, CaseIterable {
    /// A message counts as acknowledged when it is sent.
    case auto
    /// An ACK acknowledges its message and all before it.
    case client
    /// An ACK acknowledges its message alone.
    case clientIndividual = "client-individual"
}

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
