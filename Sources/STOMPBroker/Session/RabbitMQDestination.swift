/// Where a destination of RabbitMQ's leads.
enum RabbitMQDestination: Equatable {
    /// There: the destination as the exchange knows it.
    case served(String)
    /// To an exchange of RabbitMQ's that is not there.
    case missing(exchange: String)
    /// Nowhere: what the ERROR has as `message` and as its body.
    case invalid(message: String, body: String)

    /// The exchanges that are there from the beginning.
    private static let exchanges: Set<Substring> = [
        "amq.direct", "amq.fanout", "amq.headers", "amq.match", "amq.topic",
    ]

    init(_ destination: String) {
        // What has no slash before it is the name of a queue.
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
            // What topics are made of.
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
    /// Whether it is one name.
    fileprivate var areOne: Bool { count == 1 && first != "" }
}
