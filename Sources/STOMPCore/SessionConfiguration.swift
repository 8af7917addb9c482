/// The contents of a client's CONNECT.
public struct SessionConfiguration: Sendable, Hashable {
    /// The versions to accept. Default all.
    public var versions: [STOMPVersion] = STOMPVersion.allCases
    /// The `host` header: the virtual host.
    public var virtualHost: String
    /// The `login` header: the user name. Default nil: not sent.
    public var login: String?
    /// The `passcode` header: the password. Default nil: not sent.
    public var passcode: String?
    /// The heart-beats that this side offers and wants, in milliseconds. Default 10000,10000.
    public var heartBeat = HeartBeat(outgoing: 10_000, incoming: 10_000)
    /// Additional headers, in their order. A header with the name of one above replaces it.
    public var headers: HeaderList = [:]

    /// Creates the contents of CONNECT for a virtual host, usually the name of the server's host.
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

/// The server's CONNECTED, and what was negotiated with it.
public struct Handshake: Sendable {
    /// The version that the server has chosen.
    public let version: STOMPVersion
    /// The negotiated heart-beats, from this side's view.
    public let heartBeat: HeartBeat
    /// The frame itself.
    public let frame: Frame

    /// Name and version of the server; nil if the server does not send them.
    public var server: String? { frame.headers["server"] }
    /// The session id; nil if the server does not send it.
    public var session: String? { frame.headers["session"] }

    /// Whether the server is expected to send receipts. A server that sends neither a name nor a session id is
    /// assumed to be Spring's simple broker, which only answers DISCONNECT with a receipt.
    public var answersReceipts: Bool { server != nil || session != nil }
}

/// How a subscription acknowledges its messages (STOMP 1.2, "SUBSCRIBE ack Header").
public enum AckMode: String, Sendable, Hashable, CaseIterable {
    /// A message counts as acknowledged as soon as it is sent.
    case auto
    /// An ACK acknowledges its message and all messages before it.
    case client
    /// An ACK acknowledges its message only.
    case clientIndividual = "client-individual"
}

/// A version of the STOMP protocol.
public enum STOMPVersion: String, Sendable, Hashable, CaseIterable, Comparable, CustomStringConvertible {
    case v10 = "1.0"
    case v11 = "1.1"
    case v12 = "1.2"

    /// Whether a version is older than another.
    public static func < (left: STOMPVersion, right: STOMPVersion) -> Bool { left.minor < right.minor }

    private var minor: Int {
        switch self {
        case .v10: 0
        case .v11: 1
        case .v12: 2
        }
    }

    /// The version as in a header: `1.2`.
    public var description: String { rawValue }

    /// The highest version that both sides support (STOMP 1.2, "Protocol Negotiation"), or nil if there is none.
    ///
    /// - Parameters:
    ///   - offered: the value of `accept-version`; nil when the header is absent, which means 1.0.
    ///   - supported: the versions that this side supports.
    public static func negotiate(offered: String?, supported: some Sequence<STOMPVersion>) -> STOMPVersion? {
        guard let offered else { return supported.contains(.v10) ? .v10 : nil }
        let names = offered.split(separator: ",").map { $0.drop(while: { $0 == " " }) }
        return supported.filter { version in names.contains { $0 == version.rawValue } }.max()
    }
}
