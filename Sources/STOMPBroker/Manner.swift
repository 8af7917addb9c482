/// Whose manners the broker has.
public enum Manner: String, Sendable, Hashable, CaseIterable {
    /// By the book: STOMP 1.0, 1.1 and 1.2 as they are written.
    case standard
}
