extension ProxyTarget {
    /// The environment's variables that say which proxy is used; of two, the first that is not empty holds.
    private enum Variable {
        static let web = ["http_proxy", "HTTP_PROXY"]
        static let secure = ["https_proxy", "HTTPS_PROXY"]
        static let all = ["all_proxy", "ALL_PROXY"]
        static let none = ["no_proxy", "NO_PROXY"]
    }

    /// All variables that ``fromEnvironment(for:environment:)`` looks at.
    public static let environmentVariables = Variable.web + Variable.secure + Variable.all + Variable.none

    /// The proxy that the environment names for `target`, or nil where it is to be reached without one.
    ///
    /// `HTTPS_PROXY` holds for targets behind TLS, `HTTP_PROXY` for WebSocket and SockJS without it, and `ALL_PROXY` for
    /// the others, and where there is neither. `NO_PROXY` lists, with commas or blanks between, what needs none: names, which stand for all
    /// beneath them too, `*`, IP addresses and networks (`10.0.0.0/8`), each with a port or for all. In lower case they
    /// mean the same, and come first.
    ///
    /// - Throws: ``TransportError`` with ``TransportError/Kind/badConfiguration``, which names the variable.
    public static func fromEnvironment(
        for target: TransportTarget, environment: [String: String]
    ) throws(TransportError) -> ProxyTarget? {
        func first(_ names: [String]) -> (name: String, value: String)? {
            names.lazy.compactMap { name in environment[name].map { (name, $0) } }.first { !$0.1.isEmpty }
        }
        let own = target.isSecure ? Variable.secure : target.kind == .tcp ? [] : Variable.web
        guard let (name, value) = first(own + Variable.all) else { return nil }
        if let (_, list) = first(Variable.none), ProxyExceptions(list).contains(target) { return nil }
        do {
            return try ProxyTarget(value)
        } catch .proxy(let failure) {
            throw .proxy(.invalidVariable(name, failure))
        }
    }
}
