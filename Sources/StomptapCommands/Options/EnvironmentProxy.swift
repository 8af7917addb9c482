import STOMPClient
import STOMPTransport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension Endpoint {
    /// The proxy that the environment names for this endpoint; none for a broker inside this process.
    func proxyFromEnvironment() throws(TransportError) -> ProxyTarget? {
        guard !isInProcess else { return nil }
        var environment: [String: String] = [:]
        for name in ProxyTarget.environmentVariables {
            environment[name] = getenv(name).map { String(cString: $0) }
        }
        // The way to a proxy is the same for all that goes through it.
        let target = TransportTarget(kind: .tcp, host: host, port: port, isSecure: scheme.isSecure)
        return try ProxyTarget.fromEnvironment(for: target, environment: environment)
    }
}
