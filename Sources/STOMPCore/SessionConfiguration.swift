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
