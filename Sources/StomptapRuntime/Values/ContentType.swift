import NIOCore
import STOMPCore
import STOMPTransport
import StomptapOutput

/// What a body is, where nobody says.
package enum ContentType {
    /// Adds the header, unless there is one: `given`, or where it is nil a guess; an empty one is none.
    package static func add(_ given: String?, for body: ByteBuffer, to headers: inout HeaderList) {
        guard !headers.contains("content-type") else { return }
        let type = given ?? guess(body)
        if !type.isEmpty { headers.append("content-type", type) }
    }

    /// `application/json` for an object or array, `text/plain` for other UTF-8, `application/octet-stream` for the rest;
    /// none for an empty body.
    package static func guess(_ body: ByteBuffer) -> String {
        body.withUnsafeReadableBytes { bytes in
            if bytes.isEmpty { return "" }
            if JSONReader.acceptsObjectOrArray(bytes) { return "application/json" }
            return bytes.isUTF8 && !bytes.contains(0) ? "text/plain" : "application/octet-stream"
        }
    }
}
