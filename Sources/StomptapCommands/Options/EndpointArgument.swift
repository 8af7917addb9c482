import ArgumentParser
import STOMPBroker
import STOMPClient

/// A command whose first argument is an ENDPOINT, so that a profile may stand there.
protocol EndpointCommand: AsyncParsableCommand {
    var endpoint: String { get }
}

/// The ENDPOINT of a command: a URL or several, the name of a profile, or `demo`.
enum EndpointArgument {
    static let help =
        "A URL (stomp, stomps, ws, wss, http, https), several with commas between, the name of a profile (see 'profiles'), or demo: a broker inside this command, with a clock."

    /// Does `work` with the endpoints that `text` names, and ends the demo broker afterwards where there is one.
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

    /// URLs with commas between. A comma that no scheme follows belongs to the URL before it.
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
