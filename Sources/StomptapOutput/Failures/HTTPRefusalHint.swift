import STOMPTransport

extension HTTPRefusal {
    /// What is likely the matter where something else than a WebSocket or SockJS answers.
    package var hint: String? {
        switch status {
        case 200, 404, 405: "is the path right? RabbitMQ's is /ws, Spring's what addEndpoint names"
        case 400: "is the path right, and does a proxy in front pass on the Upgrade header?"
        case 426: "does a proxy in front pass on the Upgrade header?"
        case 502, 503, 504: "a proxy in front may have no backend: is the application running, and at the proxy's port?"
        default: nil
        }
    }

    /// Where a redirection leads.
    package var redirectionHint: String? { location.map { "it redirects to \(printable($0))" } }
}
