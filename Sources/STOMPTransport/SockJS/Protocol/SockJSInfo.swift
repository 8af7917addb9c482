import NIOCore

/// The answer to `GET BASE/info` (SockJS 0.3.3, "Info test").
struct SockJSInfo: Hashable, Sendable {
    /// Whether the server takes WebSockets.
    var takesWebSocket: Bool
    /// Whether a load balancer in front of the server needs cookies.
    var needsCookies: Bool
    /// Where the server wants its sessions instead of at the base.
    var baseURL: String?

    /// The most of an answer that is read, in bytes.
    static let maximumSize = 64 << 10

    init(takesWebSocket: Bool, needsCookies: Bool = false) {
        self.takesWebSocket = takesWebSocket
        self.needsCookies = needsCookies
    }

    /// Reads an answer.
    ///
    /// - Returns: nil where it is a JSON object that says nothing of `websocket`: this is no SockJS.
    /// - Throws: ``JSONFault`` where it is no JSON object at all.
    init?(_ answer: ByteBuffer) throws(JSONFault) {
        let info = try answer.withUnsafeReadableBytes { bytes throws(JSONFault) in try Self.read(bytes) }
        guard let info else { return nil }
        self = info
    }

    private static func read(_ bytes: UnsafeRawBufferPointer) throws(JSONFault) -> SockJSInfo? {
        var reader = JSONReader(bytes)
        var takesWebSocket: Bool?
        var info = SockJSInfo(takesWebSocket: false)
        try reader.object { (reader: inout JSONReader, name) throws(JSONFault) in
            switch name {
            case "websocket": takesWebSocket = try reader.boolean()
            case "cookie_needed": info.needsCookies = try reader.boolean()
            case "base_url": info.baseURL = try reader.text()
            default: try reader.skipValue()
            }
        }
        try reader.expectEnd()
        guard let takesWebSocket else { return nil }
        info.takesWebSocket = takesWebSocket
        return info
    }

    /// The answer of a server, which has no base URL.
    var text: String {
        let entropy = UInt32.random(in: .min ... .max)
        return #"{"websocket":\#(takesWebSocket),"origins":["*:*"],"cookie_needed":\#(needsCookies),"#
            + #""entropy":\#(entropy)}"#
    }

    /// The same, with the keys in the order that servlets have.
    var servletText: String {
        let entropy = Int32.random(in: .min ... .max)
        return #"{"entropy":\#(entropy),"origins":["*:*"],"cookie_needed":\#(needsCookies),"#
            + #""websocket":\#(takesWebSocket)}"#
    }
}
