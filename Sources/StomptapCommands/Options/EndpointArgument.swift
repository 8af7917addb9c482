import ArgumentParser
import STOMPBroker
import STOMPClient
import STOMPTransport

/// A command whose first argument is an ENDPOINT, which may be the name of a profile.
protocol EndpointCommand: AsyncParsableCommand {
    var endpoint: String { get }
}

/// The ENDPOINT of a command: one or more URLs, the name of a profile, or `demo`.
enum EndpointArgument {
    static let help =
        "A URL, a profile (see 'profiles'), or demo: a built-in broker with a clock. URLs start with stomp, stomps, ws, wss, http or https; separate several by commas."

    /// Runs `work` with the endpoints that `text` names. Afterwards ends the demo broker, if there is one.
    static func with<Result: Sendable>(
        _ text: String, _ work: ([Endpoint]) async throws -> Result
    ) async throws -> Result {
        let text = try ProfileFile.isName(text) ? ProfileFile(named: text).url : text
        guard text == "demo" else { return try await work(endpoints(text)) }
        var configuration = BrokerConfiguration()
        configuration.hasClock = true
        configuration.hasEcho = true
        let broker = try await Broker.start(configuration: configuration)
        do {
            let endpoints = try broker.addresses.map { address in
                var endpoint = try Endpoint(address.url)
                endpoint.isInProcess = true
                return endpoint
            }
            let result = try await work(endpoints)
            await broker.shutdown()
            return result
        } catch {
            await broker.shutdown()
            throw error
        }
    }

    /// URLs, separated by commas. A comma that is not followed by a scheme is part of the URL.
    static func endpoints(_ text: String) throws -> [Endpoint] {
        var urls: [String] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            if urls.isEmpty || part.contains("://") {
                urls.append(String(part))
            } else {
                urls[urls.count - 1] += ",\(part)"
            }
        }
        return try urls.map { try Endpoint($0) }
    }
}

/// A host name without a port.
struct HostNameArgument: Sendable {
    let name: String

    init(_ text: String) throws {
        guard let authority = HTTPAuthority(text), authority.port == nil else {
            throw ValidationError("expected a host name without scheme and port, such as box.example")
        }
        name = authority.host
    }
}

/// The origin of a web page, `null`, or `*` for all origins.
struct OriginArgument: Sendable {
    let origin: String

    init(_ text: String) throws {
        // Browser extensions and apps have schemes of their own.
        guard text == "*" || text == "null" || text.contains("://") else {
            throw ValidationError("expected http://HOST:PORT, null, or * for all")
        }
        origin = text
    }
}

/// `HOST:PORT`, with brackets around an IPv6 address.
struct ListenArgument: Sendable {
    let host: String
    let port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init(_ text: String) throws {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port), colon != text.startIndex
        else {
            throw ValidationError("expected HOST:PORT, such as 127.0.0.1:61613 or [::1]:0")
        }
        let host = text[..<colon]
        self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : String(host)
        self.port = port
    }

    /// Whether only this machine can connect to it.
    var isLoopback: Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        return host.lowercased() == "localhost" || host == "::1"
            || parts.count == 4 && parts[0] == 127 && !parts.contains(nil)
    }
}
