import NIOCore
import NIOHTTP1

/// The body of a request that sends messages: their array, or a form around it, as pages without XHR send one.
struct SockJSForm {
    private let isForm: Bool

    init(_ headers: HTTPHeaders) {
        let type = headers.first(name: "Content-Type")?.lowercased()
        isForm = type?.hasPrefix("application/x-www-form-urlencoded") ?? false
    }

    /// The array that a body holds.
    func array(in body: ByteBuffer) -> ByteBuffer {
        let octets = body.readableBytesView
        guard isForm, octets.starts(with: "d=".utf8) else { return body }
        var result = ByteBuffer()
        var index = octets.startIndex + 2
        while index < octets.endIndex {
            let octet = octets[index]
            let digits = octets[index...].dropFirst().prefix(2)
            if octet == UInt8(ascii: "%"), digits.count == 2,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            {
                result.writeInteger(value)
                index += 3
            } else {
                result.writeInteger(octet == UInt8(ascii: "+") ? UInt8(ascii: " ") : octet)
                index += 1
            }
        }
        return result
    }

    /// A body that holds an array.
    func body(_ array: ByteBuffer) -> ByteBuffer {
        guard isForm else { return array }
        var body = ByteBuffer(string: "d=")
        for octet in array.readableBytesView {
            let character = Character(UnicodeScalar(octet))
            if character.isASCII, character.isLetter || character.isNumber {
                body.writeInteger(octet)
            } else {
                body.writeString("%" + (octet < 16 ? "0" : "") + String(octet, radix: 16, uppercase: true))
            }
        }
        return body
    }
}
