import NIOCore
import NIOHTTP1
import STOMPTransport

/// The body of a request that sends messages: their array, or a form around it, as pages without XHR send one.
struct SockJSForm {
    private let isForm: Bool

    init(_ headers: HTTPHeaders) {
        let type = headers.first(name: "Content-Type")?.lowercased()
        isForm = type?.hasPrefix("application/x-www-form-urlencoded") ?? false
    }

    /// The array that a body holds.
    func array(in body: ByteBuffer) -> ByteBuffer {
        let bytes = body.readableBytesView
        guard isForm, bytes.starts(with: "d=".utf8) else { return body }
        let spaced = bytes.dropFirst(2).map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }
        return PercentEncoding.decode(spaced, malformed: .stays).map { ByteBuffer(bytes: $0) } ?? body
    }

    /// A body that holds an array.
    func body(_ array: ByteBuffer) -> ByteBuffer {
        guard isForm else { return array }
        var body = ByteBuffer(string: "d=")
        body.writePercentEncoded(array.readableBytesView, keeping: PercentEncoding.isUnreserved)
        return body
    }
}
