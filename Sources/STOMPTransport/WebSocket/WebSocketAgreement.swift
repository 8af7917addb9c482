/// What both sides of a WebSocket have agreed on when it opens.
struct WebSocketAgreement: Sendable, Equatable {
    var subprotocol: String?
    /// How messages are compressed; nil where none is.
    var compression: PerMessageDeflate?
}
