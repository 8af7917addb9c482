import NIOCore
import NIOHTTP1

/// What an HTTP server answered instead of what was asked for.
public struct HTTPRefusal: Sendable, Hashable {
    /// The status code, such as 403.
    public var status: Int
    /// The reason phrase; empty where the server sent none.
    public var reason: String
    /// The beginning of the body, at most 64 KiB of it.
    public var body: String
    /// Where a redirection leads: the value of `Location`.
    public var location: String?
    /// The value of `Content-Type`.
    public var contentType: String?

    public init(
        status: Int, reason: String, body: String, location: String? = nil, contentType: String? = nil
    ) {
        self.status = status
        self.reason = reason
        self.body = body
        self.location = location
        self.contentType = contentType
    }

    /// The media type of ``contentType`` without its parameters, in lower case: `text/html`.
    public var mediaType: String? { contentType?.prefix { $0 != ";" && $0 != " " }.lowercased() }

    /// Whether the page says that this port wants TLS, in the words of nginx, Apache, Tomcat or Go.
    public var saysPortWantsTLS: Bool {
        ["HTTPS port", "SSL-enabled server port", "requires TLS", "HTTPS server"].contains(where: body.contains)
    }
}

extension HTTPRefusal: CustomStringConvertible {
    /// The status code and the reason phrase: `404 Not Found`.
    public var description: String { "\(status)" + (reason.isEmpty ? "" : " " + printable(reason)) }
}

extension HTTPRefusal {
    /// The most bytes that are kept of the body.
    static let bodyLimit = 64 << 10
    /// How long the rest of the body is waited for once the head is here.
    static let timeout = TimeAmount.seconds(1)

    init(_ head: HTTPResponseHead, body: String) {
        self.init(
            status: Int(head.status.code), reason: head.status.reasonPhrase, body: body,
            location: head.headers.first(name: "Location"),
            contentType: head.headers.first(name: "Content-Type"))
    }
}
