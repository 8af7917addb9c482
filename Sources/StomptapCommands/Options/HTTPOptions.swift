import ArgumentParser
import STOMPTransport
import StomptapRuntime

/// What is told to the server's HTTP side.
struct HTTPOptions: ParsableArguments {
    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Header on the HTTP requests of WebSocket and SockJS; repeatable.", valueName: "name: value"),
        transform: HeaderArgument.init)
    var httpHeader: [HeaderArgument] = []

    @Option(help: ArgumentHelp("Origin of the HTTP requests, as a browser's page would have it.", valueName: "origin"))
    var origin: String?

    @Option(help: ArgumentHelp("Cookie of the HTTP requests.", valueName: "cookie"))
    var cookie: String?

    func apply(to options: inout TransportOptions) {
        options.httpHeaders = httpHeader.map { ($0.header.name, $0.header.value) }
        options.origin = origin
        options.cookie = cookie
    }
}
