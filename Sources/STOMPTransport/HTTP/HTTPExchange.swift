import NIOCore
import NIOHTTP1

/// A request and its answer, which is told as it comes. It lives on the event loop of its client.
final class HTTPExchange {
    enum Event {
        case head(HTTPResponseHead)
        case body(ByteBuffer)
        /// What one read brought is told: now is the time to pass it on.
        case readComplete
        /// The answer is whole. It is the last event.
        case end
        /// There will be no answer, or no more of it. It is the last event.
        case failed(TransportError)
    }

    /// Where the request goes, for people: without the query, which may hold secrets.
    let url: String
    let isSecure: Bool
    let head: HTTPRequestHead
    let body: ByteBuffer?

    private var handler: ((Event) -> Void)?
    private weak var connection: HTTPConnection?
    private(set) var isReading = true
    /// Gives up the connecting, as long as there is no connection.
    var stopConnecting: () -> Void = {}

    init(
        url: String, isSecure: Bool, head: HTTPRequestHead, body: ByteBuffer?, handler: @escaping (Event) -> Void
    ) {
        self.url = url
        self.isSecure = isSecure
        self.head = head
        self.body = body
        self.handler = handler
    }

    var isOver: Bool { handler == nil }

    /// The request as a failure names it.
    var summary: HTTPRequestSummary {
        HTTPRequestSummary(.method(head.method.rawValue), url, isSecure: isSecure)
    }

    /// The connection that the exchange is made on.
    var channel: (any Channel)? { connection?.channel }

    /// Stops the reading of the answer and starts it again.
    func setReading(_ isReading: Bool) {
        self.isReading = isReading
        connection?.setReading(isReading)
    }

    /// Ends the exchange, and the connection with it. Nothing more is told.
    func cancel() {
        guard handler != nil else { return }
        handler = nil
        stopConnecting()
        connection?.abort()
    }

    func start(on connection: HTTPConnection) {
        self.connection = connection
        stopConnecting = {}
    }

    func receive(_ event: Event) {
        guard let handler else { return }
        switch event {
        case .end, .failed: self.handler = nil
        case .head, .body, .readComplete: break
        }
        handler(event)
    }
}
