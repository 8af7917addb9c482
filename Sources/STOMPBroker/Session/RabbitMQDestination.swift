/// The meaning of a destination in RabbitMQ.
enum RabbitMQDestination: Equatable {
    /// A valid destination, in the form that the router uses.
    case served(String)
    /// A RabbitMQ exchange that does not exist.
    case missing(exchange: String)
    /// An invalid destination, with the `message` header and the body of its ERROR.
    case invalid(message: String, body: String)

    /// RabbitMQ's predeclared exchanges.
    private static let exchanges: Set<Substring> = [
        "amq.direct", "amq.fanout", "amq.headers", "amq.match", "amq.topic",
    ]

    init(_ destination: String) {
        // A destination without a leading slash is the name of a queue.
        guard destination.hasPrefix("/") else {
            self = .served("/queue/\(destination)")
            return
        }
        let parts = destination.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        let names = parts.dropFirst()
        switch parts.first {
        case "topic", "queue":
            self = names.areOne ? .served(destination) : .invalid(parts[1], names)
        case "amq" where names.first == "queue":
            self = names.dropFirst().areOne ? .served(destination) : .invalid("amqqueue", names.dropFirst())
        case "exchange":
            guard let name = names.first, !name.isEmpty, names.count <= 2 else {
                self = .invalid("exchange", names)
                return
            }
            guard Self.exchanges.contains(name) else {
                self = .missing(exchange: String(name))
                return
            }
            // RabbitMQ implements topics with this exchange.
            let isTopic = name == "amq.topic" && names.count == 2
            self = .served(isTopic ? "/topic/\(names[3])" : destination)
        case "temp-queue", "reply-queue":
            self = .served(destination)
        default:
            self = .invalid(
                message: "Unknown destination",
                body: """
                    '\(destination)' is not a valid destination.
                    Valid destination types are: /temp-queue, /exchange, /topic, /queue, /amq/queue, /reply-queue/.

                    """)
        }
    }

    private static func invalid(_ kind: Substring, _ names: ArraySlice<Substring>) -> RabbitMQDestination {
        let rest = names.map { "/\($0)" }.joined()
        return .invalid(message: "Invalid destination", body: "'\(rest)' is not a valid \(kind) destination\n")
    }
}

extension ArraySlice<Substring> {
    /// Whether the parts are exactly one non-empty name.
    fileprivate var areOne: Bool { count == 1 && first != "" }
}
