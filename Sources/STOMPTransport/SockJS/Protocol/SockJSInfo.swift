import NIOCore

/// The answer to `GET BASE/info` (SockJS 0.3.3, "Info test").
struct SockJSInfo: Hashable, Sendable {
    /// Whether the server accepts WebSockets.
    var acceptsWebSocket: Bool
    /// Whether a load balancer in front of the server needs cookies.
    var needsCookies: Bool
    /// The URL to use for sessions instead of the base, if the server gives one.
    var baseURL: String?

    /// The maximum size of an answer, in bytes.
    static let maximumSize = 64 << 10

    init(acceptsWebSocket: Bool, needsCookies: Bool = false) {
        self.acceptsWebSocket = acceptsWebSocket
        self.needsCookies = needsCookies
    }

    /// Reads an answer.
    ///
    /// - Returns: nil if the answer is a JSON object without `websocket`: the server does not speak SockJS.
    /// - Throws: ``JSONFault`` if the answer is not a JSON object.
    init?(_ answer: ByteBuffer) throws(JSONFault) {
        let info = try answer.withUnsafeReadableBytes { bytes throws(JSONFault) in try Self.read(bytes) }
        guard let info else { return nil }
        self = info
    }

    private static func read(_ bytes: UnsafeRawBufferPointer) throws(JSONFault) -> SockJSInfo? {
        var reader = JSONReader(bytes)
        var acceptsWebSocket: Bool?
        var info = SockJSInfo(acceptsWebSocket: false)
        try reader.object { (reader: inout JSONReader, name) throws(JSONFault) in
            switch name {
            case "websocket": acceptsWebSocket = try reader.boolean()
            case "cookie_needed": info.needsCookies = try reader.boolean()
            case "base_url": info.baseURL = try reader.text()
            default: try reader.skipValue()
            }
        }
        try reader.expectEnd()
        guard let acceptsWebSocket else { return nil }
        info.acceptsWebSocket = acceptsWebSocket
        return info
    }

    /// The answer as a server sends it, without a base URL.
    var text: String {
        let entropy = UInt32.random(in: .min ... .max)
        return #"{"websocket":\#(acceptsWebSocket),"origins":["*:*"],"cookie_needed":\#(needsCookies),"#
            + #""entropy":\#(entropy)}"#
    }

    /// The same as ``text``, with the keys in the order that servlets use.
    var servletText: String {
        let entropy = Int32.random(in: .min ... .max)
        return #"{"entropy":\#(entropy),"origins":["*:*"],"cookie_needed":\#(needsCookies),"#
            + #""websocket":\#(acceptsWebSocket)}"#
    }
}
