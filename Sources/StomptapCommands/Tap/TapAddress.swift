import STOMPClient
import STOMPTransport
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
        return "\(url)" + (virtualHost.map { "/\(PercentEncoding.encode($0))" } ?? "")
    }
}
