/// How a subscription acknowledges its messages (STOMP 1.2, "SUBSCRIBE ack Header").
public enum AckMode: String, Sendable, Hashable, CaseIterable {
    /// A message counts as acknowledged when it is sent.
    case auto
    /// An ACK acknowledges its message and all before it.
    case client
    /// An ACK acknowledges its message alone.
    case clientIndividual = "client-individual"
}
