import NIOCore
import NIOHTTP1

/// A short response, which is reported when it is complete.
struct HTTPResponse {
    /// The URL, for display.
    let url: String
    let head: HTTPResponseHead
    /// The body, or only its start if it is larger than the limit or did not end in time.
    let body: ByteBuffer
    let isBodyWhole: Bool
    /// The identity sent with the request.
    let identity: HTTPIdentity

    var refusal: HTTPRefusal {
        HTTPRefusal(head, body: String(buffer: body), to: identity)
    }
}

extension HTTPClient {
    /// Sends a request with a short response.
    ///
    /// - Parameters:
    ///   - limit: the maximum number of bytes of the body to read.
    ///   - completion: called later, once, with the response or the error, unless the exchange is cancelled.
    func fetch(
        _ method: HTTPMethod, _ requestTarget: String, _ headers: [(String, String)] = [], body: ByteBuffer? = nil,
        limit: Int = HTTPRefusal.bodyLimit, deadline: NIODeadline,
        completion: @escaping (Result<HTTPResponse, TransportError>) -> Void
    ) throws(TransportError) -> HTTPExchange {
        let collector = HTTPResponseCollector(limit: limit, eventLoop: eventLoop, completion: completion)
        let exchange = try send(method, requestTarget, headers, body: body, deadline: deadline) {
            collector.receive($0)
        }
        collector.exchange = exchange
        return exchange
    }
}

/// Collects the parts of a response.
private final class HTTPResponseCollector {
    /// Weak, because the exchange's handler keeps the collector alive during the exchange.
    weak var exchange: HTTPExchange?

    private let limit: Int
    private let eventLoop: any EventLoop
    private let completion: (Result<HTTPResponse, TransportError>) -> Void
    private var head: HTTPResponseHead?
    private var body = ByteBuffer()
    private var timer: Scheduled<Void>?

    init(
        limit: Int, eventLoop: any EventLoop, completion: @escaping (Result<HTTPResponse, TransportError>) -> Void
    ) {
        self.limit = limit
        self.eventLoop = eventLoop
        self.completion = completion
    }

    func receive(_ event: HTTPExchange.Event) {
        switch event {
        case .head(let head):
            self.head = head
            if head.status.code >= 300 {
                timer = eventLoop.assumeIsolated().scheduleTask(in: HTTPRefusal.timeout) { self.cut() }
            }
        case .body(let bytes):
            body.writeBytes(bytes.readableBytesView.prefix(limit - body.readableBytes))
            if bytes.readableBytes > 0 && body.readableBytes >= limit { cut() }
        case .readComplete:
            break
        case .end:
            complete(isBodyWhole: true)
        case .failed(let error):
            // An error response with an incomplete body is still a response.
            if let head, head.status.code >= 300 { return complete(isBodyWhole: false) }
            timer?.cancel()
            completion(.failure(error))
        }
    }

    private func cut() {
        guard let exchange, !exchange.isOver else { return }
        exchange.cancel()
        complete(isBodyWhole: false)
    }

    private func complete(isBodyWhole: Bool) {
        timer?.cancel()
        guard let head, let exchange else { return }
        completion(
            .success(
                HTTPResponse(
                    url: exchange.url, head: head, body: body, isBodyWhole: isBodyWhole, identity: exchange.identity)))
    }
}

/// An HTTP response other than the expected one.
public struct HTTPRefusal: Sendable, Hashable {
    /// The status code, such as 403.
    public var status: Int
    /// The reason phrase; empty if the server sent none.
    public var reason: String
    /// The start of the body, at most 64 KiB.
    public var body: String
    /// The target of a redirect: the value of `Location`.
    public var location: String?
    /// The value of `Content-Type`.
    public var contentType: String?
    /// How long the server asks clients to wait: `Retry-After` (RFC 9110, section 10.2.3), at most one day.
    public var retryAfter: Duration?
    /// The identity sent with the request.
    public var identity: HTTPIdentity

    /// Creates a description of a response.
    public init(
        status: Int, reason: String, body: String, location: String? = nil, contentType: String? = nil,
        retryAfter: Duration? = nil, identity: HTTPIdentity = HTTPIdentity()
    ) {
        self.status = status
        self.reason = reason
        self.body = body
        self.location = location
        self.contentType = contentType
        self.retryAfter = retryAfter
        self.identity = identity
    }

    /// The media type of ``contentType`` without its parameters, in lower case: `text/html`.
    public var mediaType: String? { contentType.map { MediaType($0).essence } }

    /// Whether the body says that this port requires TLS, in the words of nginx, Apache, Tomcat or Go.
    public var saysPortWantsTLS: Bool {
        ["HTTPS port", "SSL-enabled server port", "requires TLS", "HTTPS server"].contains(where: body.contains)
    }
}

/// The headers of a request that identify the sender, without values that may be secret.
public struct HTTPIdentity: Sendable, Hashable {
    /// The `Origin`; nil if none was sent.
    public var origin: String?
    /// The names of the headers that the caller gave for each request, in order. This includes a given `Cookie`,
    /// but not the cookies set by the server.
    public var givenHeaders: [String]

    /// Creates an identity; by default that of a request without such headers.
    public init(origin: String? = nil, givenHeaders: [String] = []) {
        self.origin = origin
        self.givenHeaders = givenHeaders
    }
}

extension TransportOptions {
    /// The identity in HTTP requests with these options.
    public var identity: HTTPIdentity {
        let given = httpHeaders.last { $0.name.lowercased() == "origin" }
        return HTTPIdentity(
            origin: given?.value ?? origin, givenHeaders: httpHeaders.map(\.name) + (cookie == nil ? [] : ["Cookie"]))
    }
}

extension HTTPRefusal: CustomStringConvertible {
    /// The status code and the reason phrase: `404 Not Found`.
    public var description: String { "\(status)" + (reason.isEmpty ? "" : " " + printable(reason)) }
}

extension HTTPRefusal {
    /// The maximum size in bytes of the body that is kept.
    static let bodyLimit = 64 << 10
    /// The timeout for the body after the head has arrived.
    static let timeout = TimeAmount.seconds(1)

    init(_ head: HTTPResponseHead, body: String, to identity: HTTPIdentity) {
        self.init(
            status: Int(head.status.code), reason: head.status.reasonPhrase, body: body,
            location: head.headers.first(name: "Location"),
            contentType: head.headers.first(name: "Content-Type"),
            retryAfter: head.headers.first(name: "Retry-After").flatMap { Self.wait($0, at: .now()) },
            identity: identity)
    }

    /// - Parameter value: the value of `Retry-After`: seconds, or a date.
    static func wait(_ value: String, at now: Timestamp) -> Duration? {
        let seconds = Int64(value) ?? HTTPDate.seconds(of: value).map { Int64($0) - now.nanoseconds / 1_000_000_000 }
        return seconds.map { .seconds(min(max($0, 0), 24 * 3600)) }
    }
}
