import ArgumentParser
import NIOCore
import STOMPClient
import STOMPTransport
import StomptapOutput
import StomptapRuntime
import SystemC

/// The options for HTTP requests.
struct HTTPOptions: ParsableArguments {
    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Add a header to the HTTP requests of WebSocket and SockJS; repeatable.", valueName: "name: value"),
        transform: HeaderArgument.init)
    var httpHeader: [HeaderArgument] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Add an HTTP header with the first line of COMMAND's output as its value. sh runs COMMAND before each connection, within --connect-timeout. Repeatable.",
            valueName: "name: command"), transform: HeaderCommand.init)
    var httpHeaderCommand: [HeaderCommand] = []

    @Option(help: ArgumentHelp("The 'Origin' header of the HTTP requests, as a browser sends it.", valueName: "origin"))
    var origin: String?

    @Option(help: ArgumentHelp("The 'Cookie' header of the HTTP requests.", valueName: "cookie"))
    var cookie: String?

    /// Runs ``httpHeaderCommand`` with a deadline and returns the headers; nil if the option is not given. From now
    /// on their values are masked.
    var headerProvider: (@Sendable (NIODeadline) async throws -> [(name: String, value: String)])? {
        guard !httpHeaderCommand.isEmpty else { return nil }
        for command in httpHeaderCommand { KnownSecrets.add(name: command.name) }
        return { [httpHeaderCommand] deadline in
            var headers: [(name: String, value: String)] = []
            for command in httpHeaderCommand {
                headers.append((command.name, try await command.value(of: HeaderCommandOption.http, until: deadline)))
            }
            return headers
        }
    }

    /// Checks that no header is given twice.
    func check() throws {
        let requests: [(option: String, name: String, isGiven: Bool)] = [
            ("--origin", "Origin", origin != nil), ("--cookie", "Cookie", cookie != nil),
        ]
        try HeaderCommandOption.check(
            httpHeaderCommand, HeaderCommandOption.http,
            against: httpHeader.map { ("--http-header", $0.header.name) }
                + requests.filter(\.isGiven).map { ($0.option, $0.name) })
        for command in httpHeaderCommand where (try? HTTPSite.check([(command.name, "")])) == nil {
            throw ValidationError(
                "\(HeaderCommandOption.http): invalid header name \(command.name.debugDescription)")
        }
    }

    func apply(to options: inout TransportOptions) {
        options.httpHeaders = httpHeader.map { ($0.header.name, $0.header.value) }
        options.origin = origin
        options.cookie = cookie
    }
}

/// The proxy between this program and the server.
struct ProxyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "HTTP CONNECT or SOCKS5 proxy: http://[USER:PASSWORD@]HOST:PORT or socks5://[USER:PASSWORD@]HOST:PORT (default: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY).",
            valueName: "url"))
    var proxy: String?

    /// The proxy for `endpoint`: the one given by option, else the one from the environment.
    func target(for endpoint: Endpoint) throws(TransportError) -> ProxyTarget? {
        if let proxy { return try ProxyTarget(proxy) }
        return try endpoint.proxyFromEnvironment()
    }
}

extension Endpoint {
    /// The proxy that the environment names for this endpoint; nil for a broker inside this process.
    fileprivate func proxyFromEnvironment() throws(TransportError) -> ProxyTarget? {
        guard !isInProcess else { return nil }
        var environment: [String: String] = [:]
        for name in ProxyTarget.environmentVariables {
            environment[name] = getenv(name).map { String(cString: $0) }
        }
        return try ProxyTarget.fromEnvironment(for: target(sockJS: .auto), environment: environment)
    }
}
