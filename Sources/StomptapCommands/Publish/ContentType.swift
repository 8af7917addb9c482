import NIOCore

/// What a body is, where nobody says.
enum ContentType {
    /// `application/json` for an object or array, `text/plain` for other UTF-8, `application/octet-stream` for the rest;
    /// none for an empty body.
    static func guess(_ body: ByteBuffer) -> String {
        body.withUnsafeReadableBytes { octets in
            if octets.isEmpty { return "" }
            if JSONSyntax.acceptsObjectOrArray(octets) { return "application/json" }
            return octets.isUTF8 && !octets.contains(0) ? "text/plain" : "application/octet-stream"
        }
    }
}
