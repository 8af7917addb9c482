import STOMPClient
import StomptapOutput

extension Endpoint {
    /// The URL that an app is given in place of this one, to pass a tap.
    func tapped(host: String, port: Int, isSecure: Bool) -> String {
        let scheme: Scheme =
            switch self.scheme {
            case .stomp, .stomps: isSecure ? .stomps : .stomp
            case .ws, .wss: isSecure ? .wss : .ws
            case .http, .https: isSecure ? .https : .http
            }
        var url = self
        (url.scheme, url.host, url.port) = (scheme, host, port)
        return "\(url)" + (virtualHost.map { "/\(Self.escaped($0))" } ?? "")
    }

    /// A segment of a path (RFC 3986, section 2.1).
    private static func escaped(_ text: String) -> String {
        text.utf8.map { octet in
            switch octet {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                String(UnicodeScalar(octet))
            default: "%" + hexadecimal(UInt32(octet), digits: 2).uppercased()
            }
        }.joined()
    }
}
